#include "server/random_id.h"

#include <fmt/format.h>
#include <random>

#include "base/philox.h"

namespace loci {

std::uint64_t random_number() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::string random_hex_id() {
  return fmt::format("{:016x}{:016x}", random_number(), random_number());
}

std::uint64_t SeedSeries::next() {
  const std::uint64_t count = count_++;
  const PhiloxCounter bits =
      philox4x32({static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(count >> 32), 0, 0},
                 {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
  return std::uint64_t{bits[0]} << 32 | bits[1];
}

}  // namespace loci
