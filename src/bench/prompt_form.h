// How made prompts reach a server so that their length in tokens is what was asked for: as ids where it takes
// them, else as words whose number of tokens its /tokenize tells.
#pragma once

#include <optional>
#include <string>

#include "bench/request_body.h"
#include "bench/server_probe.h"

namespace loci::bench {

struct PromptFormOptions {
  std::optional<PromptForm> form{};         // none: ids for completions, text for chats
  int vocab_size = 0;                       // ids are drawn below; 0: those of common words
  std::optional<double> tokens_per_word{};  // none: as the server's tokenizer says, else 1
  Duration limit = std::chrono::seconds(30);
};

/// Sets form, alphabet and tokens_per_word of `body`, whose api and model are set; asks the server where it
/// must. Returns a remark for the user, or nothing. kInvalidArgument where ids are asked of an API that takes
/// none.
Result<std::string> choose_prompt_form(const ServerAddress& server, const PromptFormOptions& options,
                                       BodyOptions& body);

}  // namespace loci::bench
