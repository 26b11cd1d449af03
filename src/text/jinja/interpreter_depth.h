// The guard that keeps a run from overflowing the stack.
#pragma once

#include "text/jinja/interpreter.h"

namespace loci::jinja {

class Interpreter::Deeper {
 public:
  explicit Deeper(Interpreter& in) : in_(in) { ++in_.depth_; }
  ~Deeper() { --in_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  Result<void> check() const {
    if (in_.depth_ <= in_.rt_.limits().max_run_depth) return {};
    return type_error("maximum recursion depth exceeded");
  }

 private:
  Interpreter& in_;
};

}  // namespace loci::jinja
