// Values of a running template: Python's None, bool, int, float, str, list, tuple, dict and the objects of
// jinja2.
//
// A Value is a small handle; texts and containers are shared and never change once built, as jinja2's
// immutable sandbox has it. So no container can hold itself; only a Namespace, a Scope or a loop can (see
// Object). Every box that Runtime makes gives its bytes back to the Meter when it dies; those of the syntax
// tree have no meter. Integers have 64 bits: arithmetic that needs more is an error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "text/jinja/limits.h"

namespace loci::jinja {

class Value;
class Runtime;
struct Text;
struct Sequence;
struct Dict;
struct Generator;
class Object;
struct CallArgs;
struct MethodEntry;

struct None {};
/// A name or an item that is not there. Prints as nothing; any other use fails with `why`.
struct Undefined {
  std::shared_ptr<const std::string> why;  // null: "value is undefined"
};

using TextPtr = std::shared_ptr<const Text>;
using SequencePtr = std::shared_ptr<const Sequence>;
using DictPtr = std::shared_ptr<const Dict>;
using GeneratorPtr = std::shared_ptr<Generator>;
using ObjectPtr = std::shared_ptr<Object>;

template <class T, class Variant>
inline constexpr bool kIsAlternative = false;
template <class T, class... Alternatives>
inline constexpr bool kIsAlternative<T, std::variant<Alternatives...>> =
    (std::is_same_v<T, Alternatives> || ...);

class Value {
 public:
  using Storage = std::variant<Undefined, None, bool, std::int64_t, double, TextPtr, SequencePtr, DictPtr,
                               GeneratorPtr, ObjectPtr>;

  Value() = default;
  template <class T>
    requires kIsAlternative<std::decay_t<T>, Storage>
  Value(T&& v) : storage_(std::in_place_type<std::decay_t<T>>, std::forward<T>(v)) {}

  static Value undefined(std::string why) {
    return Undefined{std::make_shared<const std::string>(std::move(why))};
  }

  bool is_undefined() const { return std::holds_alternative<Undefined>(storage_); }
  bool is_none() const { return std::holds_alternative<None>(storage_); }
  const bool* boolean() const { return std::get_if<bool>(&storage_); }
  const double* real() const { return std::get_if<double>(&storage_); }
  const std::int64_t* strict_integer() const { return std::get_if<std::int64_t>(&storage_); }
  /// An int, or a bool counted as one.
  std::optional<std::int64_t> integer() const;
  /// Any number.
  std::optional<double> number() const;

  const Text* text() const { return pointee<TextPtr>(); }
  const Sequence* sequence() const { return pointee<SequencePtr>(); }
  const Dict* dict() const { return pointee<DictPtr>(); }
  Generator* generator() const { return pointee<GeneratorPtr>(); }
  Object* object() const { return pointee<ObjectPtr>(); }

  const Storage& storage() const { return storage_; }

 private:
  template <class Pointer>
  typename Pointer::element_type* pointee() const {
    const Pointer* p = std::get_if<Pointer>(&storage_);
    return p ? p->get() : nullptr;
  }
  Storage storage_;
};

/// Bytes held by values, counted; a box holds its share while it lives.
class Meter {
 public:
  explicit Meter(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  std::size_t room() const { return live_ < max_bytes_ ? max_bytes_ - live_ : 0; }

 private:
  friend class Share;
  std::size_t max_bytes_;
  std::size_t live_ = 0;
};

/// The part of a meter that one box holds.
class Share {
 public:
  Share() = default;
  Share(Meter* meter, std::size_t bytes) : meter_(meter), bytes_(bytes) {
    if (meter_) meter_->live_ += bytes_;
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() {
    if (meter_) meter_->live_ -= bytes_;
  }

 private:
  Meter* meter_ = nullptr;
  std::size_t bytes_ = 0;
};

struct Text {
  Text(std::string b, bool m, Meter* meter);
  const std::string bytes;   // UTF-8
  const std::size_t length;  // in code points
  const bool markup;         // came through `safe` or `escape`: joining it with `+` escapes the other side
  bool is_ascii() const { return length == bytes.size(); }

 private:
  Share share_;
};

enum class SequenceKind { kList, kTuple, kRange, kKeys, kValues, kItems };

struct Sequence {
  Sequence(std::vector<Value> v, SequenceKind k, Meter* meter);
  const std::vector<Value> items;
  const SequenceKind kind;
  const int depth;  // 1: nothing nested
  bool is_view() const { return kind >= SequenceKind::kKeys; }

 private:
  Share share_;
};

struct DictEntry {
  Value key;  // None, bool, number or text
  Value value;
};

struct Dict {
  /// Later entries win over earlier ones of the same key, which keep their place. O(n log n).
  Dict(std::vector<DictEntry> e, Meter* meter);
  std::vector<DictEntry> entries;  // in order of insertion
  int depth;
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;

 private:
  std::vector<std::uint32_t> by_key_;  // positions, in key order: no hash for a client to collide
  Share share_;
};

/// What map, select and their like give: always true, without a length, and used up by reading.
struct Generator {
  explicit Generator(SequencePtr i) : items(std::move(i)) {}
  const SequencePtr items;
  std::size_t next = 0;
};

/// Arguments of a call, evaluated.
struct CallArgs {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// A thing with identity: namespace, macro, loop, method, function.
class Object {
 public:
  virtual ~Object() = default;
  /// As in "'X object' has no attribute 'y'".
  virtual std::string_view type_name() const = 0;
  virtual Result<std::string> repr(Runtime& rt) const;
  virtual std::optional<Value> attribute(std::string_view) const { return std::nullopt; }
  virtual std::span<const MethodEntry> methods() const { return {}; }
  virtual bool callable() const { return false; }
  virtual Result<Value> call(Runtime& rt, const CallArgs& args);
  /// Drops what the object holds, so that a ring of objects can die; see Runtime::adopt.
  virtual void clear() {}
  /// As depth_of has it, of what the object holds for good.
  virtual int depth() const { return 0; }
};

/// Order of dictionary keys, total over the key types: <0, 0, >0. 1, 1.0 and True are one key.
int compare_keys(const Value& a, const Value& b);
bool is_dict_key(const Value& v);
/// Exact, where a conversion to double would round.
std::partial_ordering compare_numbers(const Value& a, const Value& b);

bool is_true(const Value& v);
/// Python's name of the type: "str", "dict", ...
std::string_view type_name(const Value& v);
/// The error of using an undefined value.
std::unexpected<Error> undefined_error(const Value& v);
int depth_of(const Value& v);

template <class... Args>
std::unexpected<Error> type_error(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorCode::kInvalidArgument, format, std::forward<Args>(args)...);
}

}  // namespace loci::jinja
