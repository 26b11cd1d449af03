#include "sched/order/order.h"

#include <array>

namespace loci {

std::span<const OrderPolicy> order_policies() {
  static constexpr std::array kTable{
      OrderPolicy{"fcfs", order_fcfs},   OrderPolicy{"lpm", order_lpm},
      OrderPolicy{"k-lpm", order_k_lpm}, OrderPolicy{"priority", order_priority},
      OrderPolicy{"srpf", order_srpf},   OrderPolicy{"edf", order_edf},
      OrderPolicy{"fair", order_fair}};
  return kTable;
}

}  // namespace loci
