// Reads the tokenizer of a Hugging Face folder, whichever files hold it.
#pragma once

#include <memory>
#include <string_view>

#include "tensor/tokenizer_files.h"
#include "text/tokenizer.h"

namespace loci {

/// `pre` names the pre-tokenizer of a vocabulary that has none of its own, with GGUF's names
/// (gguf_pre_tokenizers.h); empty: found out. kNotFound where there is no vocabulary; otherwise errors name
/// the file.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_files(const TokenizerFiles& files,
                                                        std::string_view pre = {});

}  // namespace loci
