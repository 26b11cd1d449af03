// The small objects behind built-in names.
#pragma once

#include "text/jinja/builtins.h"

namespace loci::jinja {

class BoundMethod final : public Object {
 public:
  BoundMethod(Value self, const MethodEntry& entry) : self_(std::move(self)), entry_(entry) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  bool callable() const override { return true; }
  Result<Value> call(Runtime& rt, const CallArgs& args) override { return entry_.call(rt, self_, args); }
  int depth() const override { return depth_of(self_) + 1; }

 private:
  Value self_;
  const MethodEntry& entry_;
};

class Function final : public Object {
 public:
  explicit Function(const FunctionEntry& entry) : entry_(entry) {}
  std::string_view type_name() const override { return "function"; }
  bool callable() const override { return true; }
  Result<Value> call(Runtime& rt, const CallArgs& args) override { return entry_.call(rt, args); }

 private:
  const FunctionEntry& entry_;
};

/// cycler('a', 'b'): next() goes round.
class Cycler final : public Object {
 public:
  explicit Cycler(SequencePtr items) : items_(std::move(items)) {}  // not empty
  std::string_view type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(std::string_view name) const override {
    if (name == "current") return items_->items[at_];
    return std::nullopt;
  }
  Value next() {
    const std::size_t now = at_;
    at_ = (at_ + 1) % items_->items.size();
    return items_->items[now];
  }
  void reset() { at_ = 0; }
  std::span<const MethodEntry> methods() const override;
  int depth() const override { return items_->depth + 1; }

 private:
  SequencePtr items_;
  std::size_t at_ = 0;
};

/// joiner(', '): nothing when called first, then its text.
class Joiner final : public Object {
 public:
  explicit Joiner(Value separator) : separator_(std::move(separator)) {}
  std::string_view type_name() const override { return "Joiner"; }
  bool callable() const override { return true; }
  Result<Value> call(Runtime& rt, const CallArgs&) override {
    if (std::exchange(used_, true)) return separator_;
    return rt.text("");
  }
  int depth() const override { return depth_of(separator_) + 1; }

 private:
  Value separator_;
  bool used_ = false;
};

}  // namespace loci::jinja
