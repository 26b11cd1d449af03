// The chat page: one HTML file with its style and script inside, put together once of the parts in this
// folder, which are in the program. Immutable.
#pragma once

#include <string>

namespace loci {

struct ChatPage {
  std::string html;
  std::string etag;  // quoted
  std::string
      security_policy;  // Content-Security-Policy: this script and this style, this server, nothing else
};

const ChatPage& chat_page();

}  // namespace loci
