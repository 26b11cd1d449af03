// value.name, value[key] and value[a:b:c] as jinja2's sandbox resolves them. What is not there is an
// undefined value, not an error; a part of an undefined value is an error.
#pragma once

#include "text/jinja/runtime.h"

namespace loci::jinja {

Result<Value> attribute_of(Runtime& rt, const Value& object, std::string_view name);
Result<Value> item_of(Runtime& rt, const Value& object, const Value& key);
/// Bounds are integers or None.
Result<Value> slice_of(Runtime& rt, const Value& object, const Value& start, const Value& stop,
                       const Value& step);

/// Follows "a.b.0", as the attribute= argument of filters has it.
Result<Value> path_of(Runtime& rt, const Value& object, const Value& path);

}  // namespace loci::jinja
