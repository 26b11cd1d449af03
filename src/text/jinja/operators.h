// Python's operators on values.
#pragma once

#include "text/jinja/ast.h"
#include "text/jinja/runtime.h"

namespace loci::jinja {

Result<Value> arithmetic(Runtime& rt, ArithmeticOp op, const Value& a, const Value& b);
Result<Value> negate(const Value& v);

Result<bool> equals(Runtime& rt, const Value& a, const Value& b);
/// a < b; fails on types without an order.
Result<bool> less(Runtime& rt, const Value& a, const Value& b);
Result<bool> compare(Runtime& rt, CompareOp op, const Value& a, const Value& b);
/// item in container
Result<bool> contains(Runtime& rt, const Value& container, const Value& item);

/// "&lt;" and its like, as markupsafe writes them.
Result<Value> escape_html(Runtime& rt, const Value& v);

}  // namespace loci::jinja
