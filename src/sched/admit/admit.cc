#include "sched/admit/admit.h"

#include <algorithm>
#include <array>

#include "memory/block_table.h"

namespace loci {

std::span<const AdmitPolicy> admit_policies() {
  static constexpr std::array kTable{AdmitPolicy{"max-utilization", admit_max_utilization},
                                     AdmitPolicy{"guaranteed", admit_guaranteed},
                                     AdmitPolicy{"predicted", admit_predicted}};
  return kTable;
}

int predicted_output(const SequenceView& sequence, const SchedulingGoals& goals) {
  // Who has outlived the prediction is given a quarter of it again and again: lengths have long tails.
  constexpr double kUnknown = 256;  // until the first has ended
  const double expected = goals.expected_output > 0 ? goals.expected_output : kUnknown;
  const double left = std::max(expected - sequence.generated(), expected / 4);
  return left < sequence.tokens_to_come ? static_cast<int>(left) : sequence.tokens_to_come;
}

int missing_blocks(const Resident& resident, int more, int block_tokens) {
  const SequenceView& s = *resident.sequence;
  const int copy = s.tail_shared && s.next_token() % block_tokens != 0 ? 1 : 0;
  return std::max(0, blocks_for(s.known_tokens + more, block_tokens) - resident.held) + copy;
}

}  // namespace loci
