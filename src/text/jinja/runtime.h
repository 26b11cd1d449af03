// What a render has: its limits, its values' factory, its clock (a given instant, or none).
//
// Single-threaded, one per render. Every operation on values takes the Runtime and pays: a step for each
// node, item or 256 bytes copied (16 or fewer where each is looked at), bytes for what it builds. Text is
// built through TextBuilder, which refuses to grow past what is left, so that no operation can make more than
// the limits allow, not even for a moment.
#pragma once

#include <chrono>
#include <optional>

#include "text/jinja/value.h"

namespace loci::jinja {

class Runtime {
 public:
  Runtime(const Limits& limits, std::optional<std::chrono::sys_seconds> now);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  Result<void> spend(std::uint64_t steps = 1) {
    steps_ += steps;
    if (steps_ > limits_.max_steps) return out_of_steps();
    return {};
  }
  /// Fails where `bytes` more would not fit; to be asked before something large is built.
  Result<void> reserve(std::size_t bytes) const;
  std::size_t room() const { return meter_.room(); }
  std::unexpected<Error> out_of_room() const;

  Result<Value> text(std::string bytes, bool markup = false);
  Result<Value> sequence(std::vector<Value> items, SequenceKind kind = SequenceKind::kList);
  Result<Value> generator(std::vector<Value> items);
  /// Fails on a key that Python could not hash (tuples as keys are not supported either).
  Result<Value> dict(std::vector<DictEntry> entries);

  /// dict[key], or nullptr; `key` is_dict_key.
  Result<const Value*> find(const Dict& dict, const Value& key);

  /// Objects that may come to hold themselves are kept to the end of the render and cleared there, one by
  /// one: so they neither leak nor fall in a long chain of destructors.
  Result<void> adopt(ObjectPtr object);

  const Limits& limits() const { return limits_; }
  std::optional<std::chrono::sys_seconds> now() const { return now_; }

  /// Set by raise_exception: the error's message is the template's own.
  bool raised = false;

 private:
  std::unexpected<Error> out_of_steps() const;

  Limits limits_;
  std::optional<std::chrono::sys_seconds> now_;
  std::uint64_t steps_ = 0;
  Meter meter_;
  std::vector<ObjectPtr> adopted_;
};

/// A text in the making.
class TextBuilder {
 public:
  explicit TextBuilder(Runtime& rt) : rt_(rt), max_(rt.room()) {}
  Result<void> append(std::string_view more) {
    if (more.size() > max_ - bytes_.size()) return rt_.out_of_room();
    bytes_.append(more);
    return rt_.spend(1 + more.size() / 256);
  }
  Result<Value> finish(bool markup = false) { return rt_.text(std::move(bytes_), markup); }
  std::string take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }

 private:
  Runtime& rt_;
  std::size_t max_;
  std::string bytes_;
};

}  // namespace loci::jinja
