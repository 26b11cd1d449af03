// Randomness from the operating system: for ids and for the seeds of requests that bring none. Below the
// server everything is a function of its seed.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace loci {

std::uint64_t random_number();
std::string random_hex_id();  // 32 hexadecimal digits

/// The seeds of requests that bring none, in the order of their arrival: the same series for the same
/// `--seed`.
class SeedSeries {
 public:
  explicit SeedSeries(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t next();  // from any thread

 private:
  std::uint64_t seed_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace loci
