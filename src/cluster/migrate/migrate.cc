#include "cluster/migrate/migrate.h"

#include <array>

#include "base/named_table.h"
#include "cluster/option_range.h"

namespace loci::cluster {

std::span<const MigrationPolicy> migration_policies() {
#define LOCI_MIGRATION(name) name,
  static const std::array table{
#include "cluster/migrate/table.inc"
  };
#undef LOCI_MIGRATION
  return table;
}

Result<const MigrationPolicy*> find_migration_policy(std::string_view name) {
  return find_named("migration policy", migration_policies(), name);
}

Result<> validate(const MigrationOptions& options) {
  const OptionRange ranges[] = {
      {"memory_watermark", options.memory_watermark, 0, 1},
      {"tpot_slo", options.tpot_slo, 0, 1e6},
      {"return_share", options.return_share, 0, 1},
      {"low_freeness", options.low_freeness, 0, 1e9},
      {"high_freeness", options.high_freeness, options.low_freeness, 1e9},
      {"headroom", options.headroom, 0, 1},
  };
  return check_ranges("migration option", ranges);
}

}  // namespace loci::cluster
