#include "bench/weights.h"

#include <charconv>
#include <cmath>
#include <numeric>

namespace loci::bench {
namespace {

Result<Weighted> parse_one(std::string_view text) {
  const std::size_t colon = std::min(text.rfind(':'), text.size());
  Weighted one{std::string(text.substr(0, colon))};
  if (one.name.empty()) return fail(ErrorCode::kInvalidArgument, "'{}' has no name", text);
  if (colon == text.size()) return one;
  const std::string_view number = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), one.weight);
  if (error != std::errc() || end != number.data() + number.size() || !(one.weight > 0) ||
      std::isinf(one.weight))
    return fail(ErrorCode::kInvalidArgument, "'{}': the weight '{}' is no number above 0", text, number);
  return one;
}

}  // namespace

Result<std::vector<Weighted>> parse_weights(std::string_view text) {
  std::vector<Weighted> weights;
  for (;;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    LOCI_TRY(Weighted one, parse_one(text.substr(0, comma)));
    weights.push_back(std::move(one));
    if (comma == text.size()) return weights;
    text.remove_prefix(comma + 1);
  }
}

std::size_t pick(const std::vector<Weighted>& weights, Draws& draws) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0,
                                       [](double sum, const Weighted& one) { return sum + one.weight; });
  double left = draws.uniform() * total;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i)
    if ((left -= weights[i].weight) < 0) return i;
  return weights.size() - 1;
}

}  // namespace loci::bench
