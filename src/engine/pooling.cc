#include "engine/pooling.h"

#include <cmath>

namespace loci {

std::optional<Pooling> pooling_from_name(std::string_view name) {
  if (name == "mean") return Pooling::kMean;
  if (name == "cls") return Pooling::kCls;
  if (name == "last") return Pooling::kLast;
  return std::nullopt;
}

void Pooler::add(std::span<const float> state) {
  if (sum_.empty()) sum_.resize(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) sum_[i] += state[i];
}

std::vector<float> Pooler::finish() {
  if (kind_ == Pooling::kMean)
    for (float& x : sum_) x /= static_cast<float>(tokens_);
  normalize(sum_);
  return std::move(sum_);
}

void normalize(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector) squares += double{x} * double{x};
  if (!(squares > 0)) return;
  const double length = std::sqrt(squares);
  for (float& x : vector) x = static_cast<float>(double{x} / length);
}

}  // namespace loci
