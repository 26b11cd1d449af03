// TOML: a file as a tree of values that know their lines. toml++ parses; nothing else here sees it. Read it
// through base/toml_reader.h, which checks types, ranges and unknown keys.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace loci {

struct TomlValue {
  using Array = std::vector<TomlValue>;
  using Table = std::map<std::string, TomlValue, std::less<>>;

  std::variant<Table, Array, std::string, std::int64_t, double, bool> value{};
  int line = 1;  // where it stands; of a table, where it begins

  /// The entry of a table; nullptr where there is none, or where this is no table.
  const TomlValue* find(std::string_view key) const;
};

struct TomlFile {
  std::string name;  // as in messages
  TomlValue root;    // a table
};

/// kCorrupt, "NAME:LINE: ...", on a syntax error and on dates and times, which nothing here uses.
Result<TomlFile> parse_toml(std::string_view text, std::string name);

/// The same of a file of at most 1 MiB.
Result<TomlFile> read_toml(const std::filesystem::path& path);

/// Entries of `from` replace those of the table `into`; where both are tables, entry by entry. Lines come
/// along.
void merge_toml(TomlValue& into, const TomlValue& from);

}  // namespace loci
