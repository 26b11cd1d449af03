// Random numbers of a workload: a pure function of a key and of how many were drawn before, the same on every
// machine and library (std::*_distribution are not). Two runs with one seed send the same requests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "base/philox.h"

namespace loci::bench {

/// One key of several numbers; a different order gives a different key (finalizer of SplitMix64, Steele
/// 2014).
constexpr std::uint64_t mix(std::initializer_list<std::uint64_t> numbers) {
  std::uint64_t key = 0x9E3779B97F4A7C15;
  for (const std::uint64_t number : numbers) {
    key = (key ^ number) + 0x9E3779B97F4A7C15;
    key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9;
    key = (key ^ key >> 27) * 0x94D049BB133111EB;
    key ^= key >> 31;
  }
  return key;
}

class Draws {
 public:
  explicit Draws(std::uint64_t key)
      : key_{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)} {}

  std::uint32_t bits() {
    if (used_ == block_.size()) {
      block_ = philox4x32(
          {static_cast<std::uint32_t>(count_), static_cast<std::uint32_t>(count_ >> 32), 0, 0}, key_);
      ++count_;
      used_ = 0;
    }
    return block_[used_++];
  }
  /// In [0, 1), with 53 bits.
  double uniform() {
    const std::uint64_t high = bits();
    return static_cast<double>((high << 32 | bits()) >> 11) * 0x1p-53;
  }
  /// In [0, limit); `limit` at least 1. The bias of one draw is below limit / 2^32.
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>(std::uint64_t{bits()} * limit >> 32);
  }
  /// In [low, high].
  int between(int low, int high) {
    return low + static_cast<int>(below(static_cast<std::uint32_t>(high - low) + 1));
  }
  /// Of mean 1.
  double exponential() { return -std::log1p(-uniform()); }
  /// Of mean 0 and variance 1 (Box and Muller; one of the pair).
  double normal() {
    const double radius = std::sqrt(2 * exponential());
    return radius * std::cos(2 * 3.14159265358979323846 * uniform());
  }
  /// Of mean `shape` and variance `shape` (Marsaglia and Tsang, "A simple method for generating gamma
  /// variables", 2000; for shapes below 1 their section 6).
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(1 - uniform(), 1 / shape);
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal(), v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(1 - uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
    }
  }
  /// exp of a normal number with these log-mean and log-deviation, rounded into [low, high].
  int log_normal(double mean, double deviation, int low, int high) {
    const double value = std::exp(mean + deviation * normal());
    return static_cast<int>(std::lround(std::clamp<double>(value, low, high)));
  }

 private:
  PhiloxKey key_;
  std::uint64_t count_ = 0;
  PhiloxCounter block_{};
  std::size_t used_ = block_.size();
};

}  // namespace loci::bench
