// Tables whose entries users choose by name: policies, modes. An entry has a `name`.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace loci {

/// "first, second, third", in the order of the table.
template <class Entry>
std::string names_of(std::span<const Entry> table) {
  std::string names;
  for (const Entry& entry : table) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}

/// The entry of this name, never null; kInvalidArgument that says `what` was looked for and lists the names.
template <class Entry>
Result<const Entry*> find_named(std::string_view what, std::span<const Entry> table, std::string_view name) {
  const auto where = std::ranges::find(table, name, &Entry::name);
  if (where != table.end()) return &*where;
  return fail(ErrorCode::kInvalidArgument, "{} '{}' is none of: {}", what, name, names_of(table));
}

}  // namespace loci
