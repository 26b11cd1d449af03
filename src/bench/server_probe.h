// What a server says about itself before a run: its first model, and how its tokenizer sees common words.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/time.h"
#include "bench/url.h"

namespace loci::bench {

struct ServerAddress {
  Url url;
  Headers headers{};  // of every request
};

/// The id of the first model of /v1/models. Blocks. kUnavailable where there is no server.
Result<std::string> first_model(const ServerAddress& server, Duration limit);

/// The ids of `text` by the server's /tokenize (as vLLM, llama.cpp's server and Loci have it). Blocks.
/// kNotFound where the server has none.
Result<std::vector<TokenId>> tokenize(const ServerAddress& server, std::string_view model,
                                      std::string_view text, Duration limit);

/// What GET `path` brings, with status 200. Blocks.
Result<std::string> get_text(const ServerAddress& server, std::string_view path, Duration limit);

}  // namespace loci::bench
