#include "server/random_id.h"

#include <fmt/format.h>
#include <random>

namespace loci {

std::uint64_t random_number() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

std::string random_hex_id() {
  return fmt::format("{:016x}{:016x}", random_number(), random_number());
}

}  // namespace loci
