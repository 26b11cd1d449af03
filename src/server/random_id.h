// Randomness from the operating system: for ids and for the seeds of requests that bring none. Below the
// server everything is a function of its seed.
#pragma once

#include <cstdint>
#include <string>

namespace loci {

std::uint64_t random_number();
std::string random_hex_id();  // 32 hexadecimal digits

}  // namespace loci
