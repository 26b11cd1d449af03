#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/audit.h"

namespace loci {
namespace {

struct FailedCheck {
  std::string what;
};

thread_local bool is_audit = false;

}  // namespace

void check_failed(const char* expression, const char* file, int line) {
  if (is_audit) throw FailedCheck{std::string(expression) + " (" + file + ":" + std::to_string(line) + ")"};
  std::fprintf(stderr, "loci: check failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

std::optional<std::string> failed_check_in(const std::function<void()>& audit) {
  struct Restore {
    bool before;
    ~Restore() { is_audit = before; }
  } restore{std::exchange(is_audit, true)};
  try {
    audit();
  } catch (FailedCheck& failed) {
    return std::move(failed.what);
  }
  return std::nullopt;
}

}  // namespace loci
