// Which files of a repository make the model: pure functions of the file names, used for what the hub lists
// and for what has been pulled.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loci {

struct FileChoice {
  std::vector<std::string> files;  // sorted
  std::string model;               // of a GGUF the (first) file; empty: the folder is the model
  std::string quant;               // of a GGUF: as its name says, such as "Q4_K_M"; may be empty
  bool preferred = false;          // one of several quantizations, taken because nobody said which
};

/// With `quant`: the GGUF file of that quantization (any case), all parts of a split one. Without:
/// safetensors with their configuration and tokenizer; else the only GGUF, or of several the Q4_K_M.
/// kNotFound names what there is instead.
Result<FileChoice> choose_files(std::span<const std::string> paths, std::string_view quant);

/// The quantization that a GGUF file's name tells, in capitals: "Q4_K_M" of
/// "x/model-q4_k_m-00001-of-00002.gguf", "UD-Q4_K_XL", "BF16"; empty where it tells none.
std::string quant_of(std::string_view path);

/// False for what must not be joined to a folder: absolute, with "..", a backslash, a control character, ...
bool is_safe_path(std::string_view path);

}  // namespace loci
