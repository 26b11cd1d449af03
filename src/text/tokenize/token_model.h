// A token model turns one word into token ids. One kind of model is one file; the tables that name them are
// in tokenizer_json.cc and tokenizer_gguf.cc. Immutable; safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"

namespace loci {

class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// Appends the ids of `word`, which is not empty. At most linear in its length, up to a logarithm.
  virtual void encode(std::string_view word, std::vector<TokenId>& out) const = 0;
};

}  // namespace loci
