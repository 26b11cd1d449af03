// The encodings that rank files of tiktoken are known for.
#pragma once

#include <span>
#include <string_view>

#include "base/ids.h"

namespace loci {

struct TiktokenSpecial {
  std::string_view name;
  TokenId id;
};

struct TiktokenEncoding {
  std::string_view name;
  std::size_t ranks;     // lines of its file
  std::string_view pre;  // of gguf_pre_tokenizers.h
  std::span<const TiktokenSpecial> specials;
  std::string_view bos{}, eos{};
  // Further special tokens, "<|extra_0|>": a name in two halves, the number of the first, its id, how many.
  std::string_view numbered_head{}, numbered_tail{};
  int first_number = 0;
  TokenId first_numbered_id = 0;
  int numbered = 0;
};

const TiktokenEncoding* find_tiktoken_encoding(std::string_view name);
const TiktokenEncoding* find_tiktoken_encoding(std::size_t ranks);

}  // namespace loci
