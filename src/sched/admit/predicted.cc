// Room for what the sequences will hold at their fullest moment, if each generates as many tokens as is
// predicted: those that end soon give their blocks back before the others are long. Never more than the sum
// of what each needs at its own end. Source: the Past-Future scheduler of LightLLM (Gong et al. 2025,
// section 3.3), whose sort by remaining length is a histogram here. Cost O(residents).
#include <algorithm>
#include <array>
#include <cmath>

#include "sched/admit/admit.h"

namespace loci {
namespace {

/// Sequences that end in the same span of time.
struct Ending {
  int count = 0;
  double blocks_lacking = 0;  // for what they know now; negative: room to spare in their last blocks
  int given_back = 0;         // when they end
};

}  // namespace

int admit_predicted(const Admission& admission) {
  constexpr int kSpans = 64;
  const SchedulingGoals& goals = admission.view.goals;
  const double block = admission.view.block_tokens;
  const auto output = [&](const SequenceView& s) { return predicted_output(s, goals); };

  int longest = output(*admission.next.sequence);
  for (const Resident& r : admission.residents) longest = std::max(longest, output(*r.sequence));
  const int width = longest / kSpans + 1;  // tokens, that is steps, of a span

  std::array<Ending, kSpans> endings{};
  Ending alive;
  const auto add = [&](const Resident& r) {
    const SequenceView& s = *r.sequence;
    Ending& ending = endings[static_cast<std::size_t>(output(s) / width)];
    const double lacking = (s.known_tokens + block - 1) / block - r.held + (s.tail_shared ? 1 : 0);
    ++ending.count, ++alive.count;
    ending.blocks_lacking += lacking, alive.blocks_lacking += lacking;
    ending.given_back += s.own_blocks();
  };
  add(admission.next);
  for (const Resident& r : admission.residents) add(r);

  double most = 0;
  int given_back = 0;
  for (int span = 0; span < kSpans && alive.count > 0; ++span) {
    const Ending& ending = endings[static_cast<std::size_t>(span)];
    const double grown = alive.count * std::min((span + 1) * width - 1, longest) / block;
    most = std::max(most, alive.blocks_lacking + grown - given_back);
    alive.count -= ending.count;
    alive.blocks_lacking -= ending.blocks_lacking;
    given_back += ending.given_back;
  }
  return std::min(static_cast<int>(std::ceil(most)), sum_of_missing_blocks(admission, output));
}

}  // namespace loci
