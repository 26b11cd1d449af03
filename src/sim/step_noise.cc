#include "sim/step_noise.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace loci::sim {
namespace {

constexpr std::size_t kFactors = 128;

/// P(normal <= z).
double normal_share(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// z of which `share` in (0, 1) is the normal_share, by halving.
double normal_score(double share) {
  double low = -9, high = 9;
  for (int i = 0; i < 60; ++i) (normal_share((low + high) / 2) < share ? low : high) = (low + high) / 2;
  return (low + high) / 2;
}

void make_mean_one(std::vector<double>& factors) {
  const double mean =
      std::accumulate(factors.begin(), factors.end(), 0.0) / static_cast<double>(factors.size());
  for (double& factor : factors) factor /= mean;
}

/// Correlation of each score with the next one.
double correlation_of_neighbours(std::span<const double> ratios) {
  std::vector<std::size_t> order(ratios.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return ratios[i]; });
  std::vector<double> scores(ratios.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank)
    scores[order[rank]] = normal_score((static_cast<double>(rank) + 0.5) / static_cast<double>(order.size()));
  double products = 0, squares = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    squares += scores[i] * scores[i];
    if (i > 0) products += scores[i] * scores[i - 1];
  }
  return squares > 0 ? std::clamp(products / squares, 0.0, 0.99) : 0;
}

}  // namespace

StepNoise StepNoise::of_deviation(double deviation) {
  StepNoise noise;
  if (deviation <= 0) return noise;
  for (std::size_t i = 0; i < kFactors; ++i)
    noise.factors.push_back(std::exp(deviation * normal_score((static_cast<double>(i) + 0.5) / kFactors)));
  make_mean_one(noise.factors);
  return noise;
}

StepNoise StepNoise::of_ratios(std::span<const double> ratios) {
  std::vector<double> sorted(ratios.begin(), ratios.end());
  std::ranges::sort(sorted);
  StepNoise noise;
  const std::size_t parts = std::min(kFactors, sorted.size());
  for (std::size_t i = 0; i < parts; ++i) {
    const auto part = std::span(sorted).subspan(i * sorted.size() / parts,
                                                (i + 1) * sorted.size() / parts - i * sorted.size() / parts);
    noise.factors.push_back(std::accumulate(part.begin(), part.end(), 0.0) /
                            static_cast<double>(part.size()));
  }
  make_mean_one(noise.factors);
  noise.persistence = correlation_of_neighbours(ratios);
  return noise;
}

double StepNoise::deviation() const {
  double sum = 0, squares = 0;
  for (const double factor : factors) {
    sum += std::log(factor);
    squares += std::log(factor) * std::log(factor);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(factors.size(), 1));
  return std::sqrt(std::max(0.0, squares / count - sum / count * sum / count));
}

double StepNoiseDraws::next(const StepNoise& noise, bench::Draws& draws) {
  if (noise.factors.empty()) return 1;
  const double fresh = draws.normal();
  score_ = begun_ ? noise.persistence * score_ + std::sqrt(1 - noise.persistence * noise.persistence) * fresh
                  : fresh;
  begun_ = true;
  const double place = normal_share(score_) * static_cast<double>(noise.factors.size());
  return noise.factors[std::min(static_cast<std::size_t>(place), noise.factors.size() - 1)];
}

}  // namespace loci::sim
