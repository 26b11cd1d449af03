// From the hidden states of a text's tokens to one vector: its embedding.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace loci {

enum class Pooling {
  kMean,  // of all tokens (Reimers and Gurevych 2019)
  kCls,   // the first token's state
  kLast,  // the last token's
};
std::optional<Pooling> pooling_from_name(std::string_view name);  // "mean", "cls", "last"

/// Takes the states of a text token by token, in order, so that the result does not depend on the chunks in
/// which they were computed.
class Pooler {
 public:
  Pooler(Pooling kind, int tokens) : kind_(kind), tokens_(tokens) {}

  bool wants(int position) const {
    return kind_ == Pooling::kMean || position == (kind_ == Pooling::kCls ? 0 : tokens_ - 1);
  }
  void add(std::span<const float> state);
  /// Forgets what it has: the text is computed again from its start.
  void restart() { sum_.clear(); }
  /// The pooled state divided by its Euclidean length; zeros stay zeros.
  std::vector<float> finish();

 private:
  Pooling kind_;
  int tokens_;
  std::vector<float> sum_;
};

/// Divides by the Euclidean length, which is summed in double precision; zeros stay zeros.
void normalize(std::span<float> vector);

}  // namespace loci
