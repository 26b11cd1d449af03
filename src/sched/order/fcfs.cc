#include <algorithm>
#include <numeric>

#include "sched/order/order.h"

namespace loci {

void order_fcfs(std::span<const SequenceView> waiting, Time, std::vector<int>& order) {
  order.resize(waiting.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](int a, int b) {
    return arrived_before(waiting[static_cast<std::size_t>(a)], waiting[static_cast<std::size_t>(b)]);
  });
}

}  // namespace loci
