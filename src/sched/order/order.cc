#include "sched/order/order.h"

#include <array>

namespace loci {

std::span<const OrderPolicy> order_policies() {
  static constexpr std::array kTable{OrderPolicy{"fcfs", order_fcfs}};
  return kTable;
}

}  // namespace loci
