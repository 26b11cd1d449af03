// Llumnix's measure of a replica's load (Sun et al., OSDI 2024, section 4.4): how many steps its sequences
// can still grow before memory is short,
//
//   freeness = (memory - sum of virtual usages) / sequences that run
//
// Virtual usage makes goals that are not memory look like memory: the first of those who wait counts as if it
// had what it needs, a sequence of high priority brings headroom with it, and a replica that drains is full
// without bound.
#pragma once

#include "cluster/replica_view.h"

namespace loci::cluster {

/// In tokens per running sequence, which is steps; may be negative. `headroom`: share of memory that is kept
/// free where a sequence of high priority runs. The lowest number for a replica that takes no requests; where
/// memory is unknown, what is left of `max_sequences`.
double freeness(const ReplicaView& replica, double headroom);

}  // namespace loci::cluster
