// The table of all dialects, and how a chat template is seen to show one.
#pragma once

#include <span>
#include <string_view>

#include "text/dialect/dialect.h"

namespace loci::dialect {

struct TableRow {
  Dialect dialect;
  bool (*shows)(std::string_view source);  // whether the template with this source shows the dialect
};

/// In the order in which they are tried: special tokens that one family alone has come first.
std::span<const TableRow> dialect_table();

}  // namespace loci::dialect
