// The tokens of many hypotheses that begin alike, as a tree: a hypothesis is a leaf, and what nobody holds is
// forgotten. Extending one costs O(1), whatever its length.
#pragma once

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "decode/logprobs.h"

namespace loci {

class TokenPaths {
 public:
  static constexpr int kRoot = -1;  // the path without tokens

  /// `parent` and one more token; held by the caller.
  int add(int parent, TokenLogprobs token) {
    hold(parent);
    int node = static_cast<int>(nodes_.size());
    if (free_.empty()) {
      nodes_.emplace_back();
    } else {
      node = free_.back();
      free_.pop_back();
    }
    at(node) = {parent, 1, std::move(token)};
    return node;
  }
  void hold(int node) {
    if (node != kRoot) ++at(node).holders;
  }
  void release(int node) {
    while (node != kRoot && --at(node).holders == 0) {
      at(node).token.top.clear();
      free_.push_back(node);
      node = at(node).parent;
    }
    LOCI_CHECK(node == kRoot || at(node).holders > 0);
  }

  /// The tokens up to `leaf`, in order.
  std::vector<TokenLogprobs> tokens_of(int leaf) const {
    std::vector<TokenLogprobs> tokens;
    for (int node = leaf; node != kRoot; node = at(node).parent) tokens.push_back(at(node).token);
    std::ranges::reverse(tokens);
    return tokens;
  }
  int size() const { return static_cast<int>(nodes_.size() - free_.size()); }

 private:
  struct Node {
    int parent = kRoot;
    int holders = 0;  // children, and who has it as a leaf
    TokenLogprobs token{};
  };
  Node& at(int node) { return nodes_[static_cast<std::size_t>(node)]; }
  const Node& at(int node) const { return nodes_[static_cast<std::size_t>(node)]; }

  std::vector<Node> nodes_;
  std::vector<int> free_;
};

}  // namespace loci
