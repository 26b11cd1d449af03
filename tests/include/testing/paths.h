// Where tests find files: in the repository, and in the shared data beside the checkout, which may be absent.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>

namespace loci::testing {

inline std::filesystem::path repository() {
  return LOCI_SOURCE_DIR;
}
inline std::filesystem::path shared_data() {
  return repository().parent_path() / "shared" / "data";
}

}  // namespace loci::testing

/// Skips the test, saying so, where `path` is absent.
#define SKIP_IF_ABSENT(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "not there: " << (path)
