// The tokens that a sequence has seen, as penalties need them. Grows with the distinct tokens, not with the
// length.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace loci {

class TokenHistory {
 public:
  struct Entry {
    TokenId token;
    int output_count = 0;  // occurrences in the generated text; 0: in the prompt alone
  };

  void add_prompt(std::span<const TokenId> tokens) {
    for (const TokenId token : tokens) entry(token);
  }
  void add_output(TokenId token) { ++entry(token).output_count; }

  const std::vector<Entry>& entries() const { return entries_; }  // in order of first appearance

 private:
  Entry& entry(TokenId token) {
    const auto [where, is_new] = index_.try_emplace(token, entries_.size());
    if (is_new) entries_.push_back({token});
    return entries_[where->second];
  }

  std::vector<Entry> entries_;
  std::unordered_map<TokenId, std::size_t> index_;  // looked up, never walked
};

}  // namespace loci
