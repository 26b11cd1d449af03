// Policy family: which running requests move, with their KV, to another replica, and where. Asked now and
// then; the owner copies the KV while the request goes on, and stops it only for the last block.
//
// Pure functions of the view. Every decision is legal by itself and together with the others: each request
// moves once, to a replica that is ready and has the memory, counting the moves before it. To add one: a file
// beside this one, a line in table.inc, a test.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/migration.h"
#include "cluster/replica_view.h"

namespace loci::cluster {

/// A request that decodes.
struct RunningRequest {
  RequestId id{};
  int replica = 0;
  int kv_tokens = 0;     // that would be moved
  int generated = 0;     // output tokens so far
  double mean_tpot = 0;  // seconds, of them
  double tpot_slo = 0;   // seconds; 0: the options'
  int priority = 0;      // lower is more urgent
};

struct MigrationView {
  std::span<const ReplicaView> replicas;  // [id]
  std::span<const RunningRequest> running;
  TransferCost transfer{};
};

struct MigrationOptions {
  double memory_watermark =
      0.9;                     // share of KV memory above which replicas give away and up to which they take
  double tpot_slo = 0;         // seconds, of requests that name none; 0: none
  double return_share = 0.9;   // flowing-decode: of its TPOT SLO, from which on a request returns
  double low_freeness = 48;    // llumnix: steps below which a replica gives away
  double high_freeness = 192;  // llumnix: above which it takes
  double headroom = 0;         // llumnix: see freeness.h
};

/// kInvalidArgument naming the field that cannot be.
Result<> validate(const MigrationOptions& options);

using MigrateFunction = std::vector<Migration> (*)(const MigrationView& view,
                                                   const MigrationOptions& options);

struct MigrationPolicy {
  std::string_view name;
  std::string_view source;  // paper
  MigrateFunction decide;
};

std::span<const MigrationPolicy> migration_policies();
/// kInvalidArgument listing those that there are.
Result<const MigrationPolicy*> find_migration_policy(std::string_view name);

#define LOCI_MIGRATION(name) extern const MigrationPolicy name;
#include "cluster/migrate/table.inc"
#undef LOCI_MIGRATION

}  // namespace loci::cluster
