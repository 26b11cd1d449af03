#include <gtest/gtest.h>
#include <string_view>

#include "kernels/ops.h"

namespace loci::kernels {
namespace {

TEST(Dispatch, TheReferenceIsAlwaysThereAndTheBestExists) {
  ASSERT_NE(ops_for(Isa::kReference), nullptr);
  ASSERT_NE(ops_for(best_isa()), nullptr);
}

TEST(Dispatch, EachIsaHasItsNameAndNoOpIsMissing) {
  struct Named {
    Isa isa;
    std::string_view name;
  };
  for (const Named& named :
       {Named{Isa::kReference, "ref"}, Named{Isa::kAvx2, "avx2"}, Named{Isa::kAvx2Vnni, "avx2_vnni"},
        Named{Isa::kAvx512, "avx512"}, Named{Isa::kAvx512Bf16, "avx512_bf16"}, Named{Isa::kAmx, "amx"}}) {
    const OpTable* ops = ops_for(named.isa);
    if (ops == nullptr) continue;
    EXPECT_EQ(ops->name, named.name);
    EXPECT_TRUE(ops->embed && ops->norm && ops->matmul && ops->rope && ops->kv_write && ops->attention &&
                ops->activate && ops->scale && ops->add);
  }
}

}  // namespace
}  // namespace loci::kernels
