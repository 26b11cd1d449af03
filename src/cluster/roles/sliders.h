// TaiChi's three sliders (Wang et al. 2025, arXiv 2508.01989): how a fleet is divided between prompts and
// single tokens.
//
//   P:D ratio   how many replicas are prefill-heavy, how many decode-heavy
//   P chunk     rows for prompts in a step of the first
//   D chunk     of the second: what a decode-heavy replica does for prompts beside its single tokens
//
// Equal chunks are aggregation (everybody does everything); a D chunk of 0 with whole prompts on the other
// side is disaggregation; what lies between is hybrid.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "cluster/replica_view.h"

namespace loci::cluster {

inline constexpr int kWholePrompt = 1 << 20;  // a chunk that is longer than any prompt

struct Sliders {
  int prefill_heavy = 0, decode_heavy = 0;  // replicas
  int prefill_chunk = 512, decode_chunk = 512;
  bool operator==(const Sliders&) const = default;
};

/// What a replica is kept for.
struct ReplicaPlan {
  ReplicaRole role = ReplicaRole::kMixed;
  int chunk_tokens = 512;  // 0: none, it computes no prompts
  bool operator==(const ReplicaPlan&) const = default;
};

inline Sliders aggregated(int replicas, int chunk) {
  return {replicas, 0, chunk, chunk};
}
inline Sliders disaggregated(int prefill, int decode) {
  return {prefill, decode, kWholePrompt, 0};
}

/// One plan a replica, the prefill-heavy ones first; kInvalidArgument naming the slider that cannot be: no
/// replica, nobody who computes prompts, a D chunk above the P chunk.
Result<std::vector<ReplicaPlan>> arrange(const Sliders& sliders);

/// Every arrangement of `replicas` with chunks out of `chunks`: aggregated at each, every ratio of
/// disaggregated, and every hybrid between. What a search for the most goodput goes through. Ordered, without
/// repetition.
std::vector<Sliders> all_sliders(int replicas, std::span<const int> chunks);

}  // namespace loci::cluster
