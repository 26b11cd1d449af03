// Reads tiktoken's rank files: a line for every token, "BASE64 RANK". The rank is the token's id, and the
// lower of two is merged first. The file says neither how a text is cut into words nor which special tokens
// there are: that follows from the encoding's name, or from the number of ranks, by which the known ones
// differ.
#pragma once

#include <memory>
#include <string_view>

#include "text/tokenizer.h"

namespace loci {

/// Whether `bytes` begins like a rank file.
bool looks_like_tiktoken(std::string_view bytes);

/// `name` is the file's name: "cl100k_base.tiktoken". `pre`, where not empty, is an encoding's name
/// ("o200k_base") or a pre-tokenizer of gguf_pre_tokenizers.h, which brings no special tokens. Where nothing
/// tells, the pre-tokenizer is that of cl100k_base. kCorrupt naming the line.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_tiktoken(std::string_view bytes, std::string_view name,
                                                           std::string_view pre = {});

}  // namespace loci
