// Philox4x32-10: a counter-based random number generator (Salmon et al., "Parallel Random Numbers: As Easy as
// 1, 2, 3", SC 2011). A number depends on its key and counter alone, so a token's randomness depends on
// the request's seed and the token's position and on nothing that scheduling could change (first law).
#pragma once

#include <array>
#include <cstdint>

namespace loci {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t p1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

/// Uniform in [0, 1) with 53 random bits, a pure function of its arguments.
/// `stream` separates independent uses of one seed (the choices of a request, the kinds of draw).
constexpr double philox_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
  const PhiloxKey key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  const PhiloxCounter counter{static_cast<std::uint32_t>(position),
                              static_cast<std::uint32_t>(position >> 32), static_cast<std::uint32_t>(stream),
                              static_cast<std::uint32_t>(stream >> 32)};
  const PhiloxCounter bits = philox4x32(counter, key);
  const std::uint64_t mantissa = (std::uint64_t{bits[0]} << 32 | bits[1]) >> 11;
  return static_cast<double>(mantissa) * 0x1.0p-53;
}

}  // namespace loci
