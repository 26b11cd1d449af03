// Properties for RapidCheck, with a fixed seed: a failing one fails again. RC_PARAMS in the environment
// (RC_PARAMS="max_success=100000 seed=7") searches further.
#pragma once

#include <cstdlib>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace loci::cluster::testing {

template <class Property>
void expect_property(const Property& property) {
  setenv("RC_PARAMS", "seed=20261122", 0);  // 0: what the caller set stays
  EXPECT_TRUE(rc::check(property));
}

/// 0 <= draw < 1.
inline rc::Gen<double> any_draw() {
  return rc::gen::map(rc::gen::inRange(0, 1 << 20), [](int n) { return n / 0x1.0p20; });
}

}  // namespace loci::cluster::testing
