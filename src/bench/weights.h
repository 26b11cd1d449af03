// Lists such as "chat:3,batch:1": names that are drawn as often as their weights say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "bench/random.h"

namespace loci::bench {

struct Weighted {
  std::string name;
  double weight = 1;
};

/// A weight that is not given is 1. kInvalidArgument where one is no positive number, or the list is empty.
Result<std::vector<Weighted>> parse_weights(std::string_view text);

/// An index of `weights`, which are not empty.
std::size_t pick(const std::vector<Weighted>& weights, Draws& draws);

}  // namespace loci::bench
