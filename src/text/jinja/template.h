// A Jinja template: parsed once, rendered any number of times, from any thread.
#pragma once

#include <chrono>

#include "base/json.h"
#include "text/jinja/ast.h"

namespace loci::jinja {

struct RenderOptions {
  Limits limits;
  std::optional<std::chrono::sys_seconds> now;  // what strftime_now tells; without it, that is an error
};

class Template {
 public:
  /// kCorrupt, "line L: what".
  static Result<Template> parse(std::string_view source);

  /// The context's fields are the template's variables. kInvalidArgument: with the template's own words where
  /// it calls raise_exception, "template line L: what" where it goes wrong or goes past its limits.
  Result<std::string> render(const json::object& context, const RenderOptions& options = {}) const;

 private:
  explicit Template(Program program) : program_(std::move(program)) {}
  Program program_;
};

}  // namespace loci::jinja
