// A tokenizer by the path of what holds it: a model, or a vocabulary alone.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "text/tokenizer.h"

namespace loci {

/// `path`: a .gguf file (of a model, or of a vocabulary alone), a vocabulary of any kind that a folder can
/// have, or such a folder (tokenizer_folder.h, which also says what `pre` is for). What a file is, its first
/// bytes say. Errors name the file.
Result<std::unique_ptr<Tokenizer>> open_tokenizer(const std::filesystem::path& path,
                                                  std::string_view pre = {});

}  // namespace loci
