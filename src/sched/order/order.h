// Policy family: in which order waiting sequences are admitted.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "sched/view.h"

namespace loci {

/// Fills `order` with a permutation of 0..waiting.size()-1, first to be admitted first.
using OrderFunction = void (*)(std::span<const SequenceView> waiting, Time now, std::vector<int>& order);

struct OrderPolicy {
  std::string_view name;
  OrderFunction order;
};

std::span<const OrderPolicy> order_policies();

/// First come, first served: by arrival. Nobody starves.
void order_fcfs(std::span<const SequenceView> waiting, Time now, std::vector<int>& order);

}  // namespace loci
