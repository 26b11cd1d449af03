#include "sim/plan/arrangement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace loci::sim {
namespace {

constexpr std::array kSplits{1, 2, 4, 8};  // machines of a replica: a host has eight, with fast links
constexpr std::array kChunks{512, 1024, 2048, 8192};
constexpr std::array kShares{0.125, 0.25, 0.375, 0.5, 0.625, 0.75};  // of prefill replicas
struct Hybrid {
  double share;
  int prefill_chunk, decode_chunk;
};
constexpr std::array kHybrids{Hybrid{0.25, 2048, 256}, Hybrid{0.25, 8192, 512}, Hybrid{0.5, 2048, 256},
                              Hybrid{0.5, 8192, 512},  Hybrid{0.75, 2048, 256}, Hybrid{0.75, 8192, 512}};
// Rows of a step for prompts of which nobody waits for a token: more of them gain nothing.
constexpr int kWholePrompts = 8192;

}  // namespace

std::string_view name_of(Division division) {
  static constexpr std::array<std::string_view, 3> kNames{"aggregated", "disaggregated", "hybrid"};
  return kNames[static_cast<std::size_t>(division)];
}

int Arrangement::prefill_heavy() const {
  if (layout.division == Division::kAggregated) return 0;
  return std::clamp(static_cast<int>(std::lround(layout.prefill_share * replicas)), 1, replicas - 1);
}

cluster::Sliders Arrangement::sliders() const {
  if (layout.division == Division::kAggregated) return cluster::aggregated(replicas, layout.prefill_chunk);
  return {prefill_heavy(), replicas - prefill_heavy(), layout.prefill_chunk, layout.decode_chunk};
}

std::string Arrangement::text() const {
  const std::string copies = fmt::format("({} x {})", layout.machines, layout.hardware->name);
  const std::string end = fmt::format(", router {}", layout.router);
  const int prefill = prefill_heavy(), decode = replicas - prefill;
  switch (layout.division) {
    case Division::kDisaggregated:
      return fmt::format("disaggregated, {} + {} x {}, prefill + decode{}", prefill, decode, copies, end);
    case Division::kHybrid:
      return fmt::format("hybrid, {} + {} x {}, chunks {} + {}{}", prefill, decode, copies,
                         layout.prefill_chunk, layout.decode_chunk, end);
    case Division::kAggregated:
      break;
  }
  return fmt::format("aggregated, {} x {}, chunk {}{}", replicas, copies, layout.prefill_chunk, end);
}

std::vector<Layout> layouts(const ModelShape& model, const Hardware& hardware, double tokens,
                            int max_machines, bool shares_prefixes) {
  std::vector<Layout> all;
  const auto each_split = [&](const auto& add) {
    for (const int machines : kSplits) {
      const auto fits = kv_capacity({&hardware, &model, machines});
      if (machines <= max_machines && fits && *fits >= tokens) add(machines);
    }
  };
  const std::string_view placing = shares_prefixes ? "prefix-aware" : "predicted-finish";
  each_split([&](int machines) {
    for (const int chunk : kChunks)
      all.push_back({Division::kAggregated, &hardware, machines, 0, chunk, chunk, std::string(placing)});
  });
  each_split([&](int machines) {
    if (2 * machines > max_machines) return;
    for (const double share : kShares)
      all.push_back({Division::kDisaggregated, &hardware, machines, share, kWholePrompts, 0, "distserve"});
    for (const auto& [share, prefill, decode] : kHybrids)
      all.push_back({Division::kHybrid, &hardware, machines, share, prefill, decode, "length-aware"});
  });
  return all;
}

}  // namespace loci::sim
