// Assertions that stay on in release builds. A failed check is a bug in Loci: it is logged and the process
// aborts.
#pragma once

namespace loci {

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace loci

#define LOCI_CHECK(condition)                                  \
  (__builtin_expect(static_cast<bool>(condition), 1) ? void(0) \
                                                     : ::loci::check_failed(#condition, __FILE__, __LINE__))
