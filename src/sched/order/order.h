// Policy family: in which order those that still have to compute more than their newest token get the rows of
// a step: running sequences in the middle of their prompt, and waiting ones.
//
// A policy gives each candidate a rank; the planner serves low ranks first, ties by arrival, then id. It is
// asked for online and for offline sequences apart, so that no policy needs to know of the two.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sched/view.h"

namespace loci {

struct Candidate {
  const SequenceView* sequence;
  bool runs;  // holds KV; else it waits
  double rank = 0;
  int place = 0;  // in order of arrival, then id
};

/// Reused by policies, so that a step allocates nothing.
struct OrderScratch {
  std::vector<std::uint64_t> keys;
  std::vector<char> taken;
  std::vector<double> counters;
  std::vector<Candidate*> due;
};

/// Sets the ranks of `candidates`, which come in order of arrival, then id. Cost O(n log n).
using OrderFunction = void (*)(const SchedulerView& view, Time now, std::span<Candidate> candidates,
                               OrderScratch& scratch);

struct OrderPolicy {
  std::string_view name;
  OrderFunction order;
};

std::span<const OrderPolicy> order_policies();

void order_fcfs(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);
void order_lpm(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);
void order_k_lpm(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);
void order_priority(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);
void order_srpf(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);
void order_edf(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);
void order_fair(const SchedulerView&, Time now, std::span<Candidate> candidates, OrderScratch&);

}  // namespace loci
