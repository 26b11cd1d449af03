// What a template finds without defining it: filters, tests, methods of values, functions.
//
// Tables of plain functions, looked up by name; a filter or a test is looked up once, by the parser. They
// follow jinja2 3.1 and Python 3 and name things as those do in their errors.
#pragma once

#include <array>
#include <map>
#include <span>

#include "text/jinja/runtime.h"

namespace loci::jinja {

struct FilterEntry {
  std::string_view name;
  Result<Value> (*apply)(Runtime&, const Value& input, const CallArgs&);
};
struct TestEntry {
  std::string_view name;
  Result<bool> (*holds)(Runtime&, const Value& input, const CallArgs&);
};
struct MethodEntry {
  std::string_view name;
  Result<Value> (*call)(Runtime&, const Value& self, const CallArgs&);
};
struct FunctionEntry {
  std::string_view name;
  Result<Value> (*call)(Runtime&, const CallArgs&);
};

/// nullptr where there is none of that name.
const FilterEntry* find_filter(std::string_view name);
const TestEntry* find_test(std::string_view name);
/// A method that Python gives values of that type, and the sandbox allows.
const MethodEntry* find_method(const Value& self, std::string_view name);
const FunctionEntry* find_function(std::string_view name);

/// The function of that name as a value; nullopt where there is none.
std::optional<Value> global_function(std::string_view name);
Value bound_method(const Value& self, const MethodEntry& entry);

/// Namespace objects, whose attributes a template may set.
class Namespace final : public Object {
 public:
  explicit Namespace(std::map<std::string, Value, std::less<>> attributes)
      : attributes_(std::move(attributes)) {}
  std::string_view type_name() const override { return "Namespace"; }
  Result<std::string> repr(Runtime& rt) const override;
  std::optional<Value> attribute(std::string_view name) const override;
  void set(const std::string& name, Value value);
  void clear() override { attributes_.clear(); }

 private:
  std::map<std::string, Value, std::less<>> attributes_;
};

/// Arguments put in the order of `names`, by position and by name; null where absent. `required` of them must
/// be there.
Result<void> bind_arguments(const CallArgs& args, std::string_view what,
                            std::span<const std::string_view> names, std::span<const Value*> into,
                            std::size_t required);

template <std::size_t N>
Result<std::array<const Value*, N>> bind(const CallArgs& args, std::string_view what,
                                         const std::string_view (&names)[N], std::size_t required = 0) {
  std::array<const Value*, N> bound{};
  LOCI_TRY_VOID(bind_arguments(args, what, names, bound, required));
  return bound;
}
Result<void> no_arguments(const CallArgs& args, std::string_view what);

/// The argument as what the callee needs, or `fallback` where it is absent (or, for text, None).
Result<std::int64_t> integer_or(const Value* v, std::int64_t fallback, std::string_view what);
Result<std::string_view> text_or(const Value* v, std::string_view fallback, std::string_view what);
inline bool true_or(const Value* v, bool fallback) {
  return v ? is_true(*v) : fallback;
}

/// What `for x in v` goes through; a generator is used up by it.
Result<std::vector<Value>> iterate(Runtime& rt, const Value& v);

}  // namespace loci::jinja
