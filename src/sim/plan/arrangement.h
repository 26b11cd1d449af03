// How machines could be arranged to serve: how many share a copy of the model, how many copies, what each
// copy is kept for, and how prompts are cut.
#pragma once

#include <string>
#include <vector>

#include "cluster/roles/sliders.h"
#include "sim/hardware.h"

namespace loci::sim {

enum class Division { kAggregated, kDisaggregated, kHybrid };
std::string_view name_of(Division division);

/// An arrangement but for the number of its replicas.
struct Layout {
  Division division = Division::kAggregated;
  const Hardware* hardware = nullptr;
  int machines = 1;          // of a replica: the model is split over them (tensor parallel)
  double prefill_share = 0;  // of the replicas that are prefill-heavy; aggregated: none are
  int prefill_chunk = 2048;  // rows of a step, of prefill-heavy replicas or of all
  int decode_chunk = 0;      // of decode-heavy replicas; 0 where they compute no prompts
  std::string router = "predicted-finish";

  bool operator==(const Layout&) const = default;
  int least_replicas() const { return division == Division::kAggregated ? 1 : 2; }
  double price_per_hour(int replicas) const {  // dollars
    return hardware->price_per_hour * machines * replicas;
  }
};

struct Arrangement {
  Layout layout;
  int replicas = 1;

  bool operator==(const Arrangement&) const = default;
  int prefill_heavy() const;  // 0 where all are alike
  int machines() const { return replicas * layout.machines; }
  double price_per_hour() const { return layout.price_per_hour(replicas); }
  /// Roles and chunks of the replicas. `replicas` is at least layout.least_replicas().
  cluster::Sliders sliders() const;
  /// "4 x (4 x h100) aggregated, chunk 2048, router predicted-finish": equal only for equal ones.
  std::string text() const;
};

/// Every layout that is worth a trial on `hardware`: for each number of machines that `model` fits on, with
/// room for `tokens` of KV, aggregated at each chunk, disaggregated at each ratio, and hybrids between.
/// `shares_prefixes` says that prompts have beginnings in common, so that placing by them can pay.
/// Aggregated ones first. Empty where the model does not fit on `max_machines`.
std::vector<Layout> layouts(const ModelShape& model, const Hardware& hardware, double tokens,
                            int max_machines, bool shares_prefixes);

}  // namespace loci::sim
