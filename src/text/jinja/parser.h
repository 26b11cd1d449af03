// From source to syntax tree.
#pragma once

#include <string_view>

#include "text/jinja/ast.h"

namespace loci::jinja {

/// kCorrupt, "line L: what", where `source` is not a template or is larger or deeper than limits.h allows.
Result<Program> parse_program(std::string_view source);

}  // namespace loci::jinja
