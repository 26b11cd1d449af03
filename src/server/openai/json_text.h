// JSON written by hand, for answers that are made token by token.
#pragma once

#include <string>
#include <string_view>

namespace loci {

/// Appends `text`, which must be UTF-8, as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& out);

/// Appends a log probability; JSON has no infinity, so minus infinity is vLLM's -9999.
void append_logprob(float logprob, std::string& out);

}  // namespace loci
