#include <gtest/gtest.h>
#include <string_view>

#include "kernels/ops.h"

namespace loci::kernels {
namespace {

TEST(Dispatch, TheReferenceIsAlwaysThereAndTheBestExists) {
  ASSERT_NE(ops_for(Isa::kReference), nullptr);
  ASSERT_NE(ops_for(best_isa()), nullptr);
}

TEST(Dispatch, NamesAndIsasAgreeAndNoOpIsMissing) {
  for (const Isa isa : {Isa::kReference, Isa::kAvx2, Isa::kAvx512}) {
    const OpTable* ops = ops_for(isa);
    if (ops == nullptr) continue;
    EXPECT_EQ(ops_by_name(ops->name), ops);
    EXPECT_TRUE(ops->embed && ops->rms_norm && ops->matmul && ops->rope && ops->kv_write && ops->attention &&
                ops->silu_mul);
  }
  EXPECT_EQ(ops_by_name("ref"), ops_for(Isa::kReference));
  EXPECT_EQ(ops_by_name("avx2"), ops_for(Isa::kAvx2));
  EXPECT_EQ(ops_by_name("avx512"), ops_for(Isa::kAvx512));
  EXPECT_EQ(ops_by_name("neon"), nullptr);
  EXPECT_EQ(ops_by_name(""), nullptr);
}

}  // namespace
}  // namespace loci::kernels
