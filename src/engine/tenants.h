// Who the requests belong to: what each tenant may hold, and how much service it has had.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sched/view.h"

namespace loci {

/// What the operator gives a tenant. One that is not named has weight 1 and no quota.
struct TenantShare {
  std::string name;
  double weight = 1;
  int max_blocks = 0;   // of KV; 0: as many as there are
  double kv_share = 0;  // > 0: max_blocks is this part of all blocks
};

/// What a tenant has had, for metrics.
struct TenantStats {
  std::string name;           // empty: of everyone who has none
  double served = 0;          // virtual time: weighted tokens, divided by its weight
  int blocks = 0;             // held in the last step
  int requests = 0;           // that wait or run
  double predicted_wait = 0;  // seconds, of its request that came now
};

/// Counts by virtual time (Sheng et al. 2024, "Fairness in Serving Large Language Models", algorithm 2): a
/// prompt token counts 1, a generated one 2. Unlike there, who comes back after a pause keeps up to kCredit
/// of what the least served of the active ones had more: a tenant that asks for less than its share is then
/// not slowed by its bursts, and a long absence earns no more than one burst.
class Tenants {
 public:
  static constexpr double kCredit = 4096;  // of virtual time

  explicit Tenants(const std::vector<TenantShare>& shares) {
    add("");
    for (const TenantShare& share : shares) {
      const int tenant = find(share.name);
      at(tenant).weight = share.weight;
      at(tenant).max_blocks = share.max_blocks;
    }
  }

  /// The tenant's index; makes it if it is new. Tenants are principals that the operator named, and so few.
  int find(const std::string& name) {
    const auto where = by_name_.find(name);
    return where != by_name_.end() ? where->second : add(name);
  }
  void begin_request(int tenant) {
    if (active_[static_cast<std::size_t>(tenant)]++ > 0) return;
    double least = -1;
    for (std::size_t i = 0; i < views_.size(); ++i)
      if (active_[i] > 0 && static_cast<int>(i) != tenant && (least < 0 || views_[i].served < least))
        least = views_[i].served;
    at(tenant).served = std::max(at(tenant).served, least - kCredit);
  }
  void end_request(int tenant) { --active_[static_cast<std::size_t>(tenant)]; }
  void serve(int tenant, int prompt_tokens, int generated_tokens) {
    at(tenant).served += (prompt_tokens + 2.0 * generated_tokens) / at(tenant).weight;
  }

  void clear_blocks() {
    for (TenantView& view : views_) view.blocks = 0;
  }
  void add_blocks(int tenant, int blocks) { at(tenant).blocks += blocks; }

  std::span<const TenantView> views() const { return views_; }
  const std::string& name(int tenant) const { return names_[static_cast<std::size_t>(tenant)]; }
  int requests(int tenant) const { return active_[static_cast<std::size_t>(tenant)]; }
  /// Writes over `out`, whatever it held; allocates nothing while the tenants are the same.
  void report(std::vector<TenantStats>& out) const {
    out.resize(views_.size());
    for (std::size_t i = 0; i < views_.size(); ++i) {
      out[i].name = names_[i];
      out[i].served = views_[i].served;
      out[i].blocks = active_[i] > 0 ? views_[i].blocks : 0;  // counted when a step is planned
      out[i].requests = active_[i];
    }
  }

 private:
  TenantView& at(int tenant) { return views_[static_cast<std::size_t>(tenant)]; }
  int add(const std::string& name) {
    views_.emplace_back();
    names_.push_back(name);
    active_.push_back(0);
    by_name_.emplace(name, static_cast<int>(views_.size()) - 1);
    return static_cast<int>(views_.size()) - 1;
  }

  std::vector<TenantView> views_;
  std::vector<std::string> names_;  // [tenant]
  std::vector<int> active_;         // [tenant] requests
  std::unordered_map<std::string, int> by_name_;
};

}  // namespace loci
