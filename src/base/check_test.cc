#include "base/check.h"

#include <gtest/gtest.h>

#include "base/audit.h"

namespace loci {
namespace {

TEST(Check, AnAuditNamesTheFirstCheckThatFails) {
  EXPECT_EQ(failed_check_in([] { LOCI_CHECK(1 + 1 == 2); }), std::nullopt);
  int reached = 0;
  const auto failed = failed_check_in([&] {
    ++reached;
    LOCI_CHECK(reached == 2);
    ++reached;
  });
  ASSERT_TRUE(failed.has_value());
  EXPECT_TRUE(failed->starts_with("reached == 2 (")) << *failed;
  EXPECT_EQ(reached, 1);
}

TEST(CheckDeathTest, OutsideAnAuditItEndsTheProcess) {
  static_cast<void>(failed_check_in([] { LOCI_CHECK(false); }));
  EXPECT_DEATH(LOCI_CHECK(1 == 2), "check failed: 1 == 2");
}

}  // namespace
}  // namespace loci
