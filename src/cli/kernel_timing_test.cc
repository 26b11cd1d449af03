#include "cli/kernel_timing.h"

#include <cmath>
#include <gtest/gtest.h>
#include <set>

namespace loci::cli {
namespace {

using kernels::Isa;
using kernels::OpTable;

NamedCase named(std::string_view name) {
  for (NamedCase& one : kernel_cases())
    if (one.name == name) return one;
  ADD_FAILURE() << name;
  return {};
}

TEST(KernelCases, EveryOpOfTheTableIsAmongThem) {
  std::set<std::string> ops, names;
  for (const NamedCase& one : kernel_cases()) {
    ops.insert(one.name.substr(0, one.name.find('/')));
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
  }
  EXPECT_EQ(ops, (std::set<std::string>{"embed", "norm", "quantize", "matmul", "matmul_f32", "rope",
                                        "kv_write", "attention", "activate", "scale", "add"}));
}

TEST(KernelCases, EveryInstructionSetIsRight) {
  WorkerPool pool(2);
  for (const NamedCase& one : kernel_cases())
    for (const Isa isa :
         {Isa::kReference, Isa::kAvx2, Isa::kAvx2Vnni, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx}) {
      const OpTable* ops = kernels::ops_for(isa);
      if (ops == nullptr) continue;
      const auto error = error_beside_reference(one, *ops, pool);
      ASSERT_TRUE(error.has_value()) << error.error().message;
      EXPECT_LE(*error, isa == Isa::kReference ? 0 : one.error_allowed) << one.name << " " << ops->name;
    }
}

TEST(KernelCases, ResultsAreNumbersAndNotAllZero) {
  WorkerPool pool(1);
  for (const NamedCase& one : kernel_cases()) {
    const auto made = one.make({.small = true, .stream_bytes = 0}, pool).value();
    made->run(*kernels::ops_for(Isa::kReference), pool);
    bool some = false;
    for (const float value : made->result()) {
      ASSERT_TRUE(std::isfinite(value)) << one.name;
      some = some || value != 0;
    }
    EXPECT_TRUE(some) << one.name;
  }
}

TEST(KernelTiming, WrongImplementationsAreSeen) {
  static const OpTable& reference = *kernels::ops_for(Isa::kReference);
  OpTable wrong = reference;
  wrong.matmul = [](const kernels::MatmulArgs& args, WorkerPool& pool) {
    reference.matmul(args, pool);
    args.output[3] += 0.5f;
  };
  wrong.rope = [](const kernels::RopeArgs&, WorkerPool&) {};
  wrong.attention = [](const kernels::AttentionArgs& args, WorkerPool& pool) {
    reference.attention(args, pool);
    args.output[0] = std::numeric_limits<float>::quiet_NaN();
  };
  wrong.kv_write = [](const kernels::KvWriteArgs& args, WorkerPool& pool) {
    kernels::KvWriteArgs fewer = args;
    --fewer.tokens;
    reference.kv_write(fewer, pool);
  };
  WorkerPool pool(1);
  for (const char* name :
       {"matmul/Q8_0/tokens:1", "rope/tokens:1", "attention/F16/decode:1x4096", "kv_write/F16/tokens:512"}) {
    const NamedCase one = named(name);
    EXPECT_GT(*error_beside_reference(one, wrong, pool), one.error_allowed) << name;
  }
}

// 16 tokens by 4096 x 4096 weights of 34 bytes for 32.
TEST(KernelTiming, WorkOfAProductByHand) {
  WorkerPool pool(1);
  const auto made = named("matmul/Q8_0/tokens:16").make({.small = false, .stream_bytes = 0}, pool).value();
  EXPECT_DOUBLE_EQ(made->work().operations, 2.0 * 16 * 4096 * 4096);
  EXPECT_DOUBLE_EQ(made->work().bytes, 4096.0 * 4096 * 34 / 32);
  EXPECT_EQ(made->work().operands, kernels::Operands::kInt8);
  // 32 heads of 128 over 4096 positions; 8 heads of keys and of values in two bytes.
  const auto decode =
      named("attention/F16/decode:1x4096").make({.small = false, .stream_bytes = 0}, pool).value();
  EXPECT_DOUBLE_EQ(decode->work().operations, 4.0 * 4096 * 32 * 128);
  EXPECT_DOUBLE_EQ(decode->work().bytes, 2.0 * 4096 * 8 * 128 * 2);
}

TEST(KernelTiming, TheQuickestIsNoSlowerThanTheMedian) {
  WorkerPool pool(1);
  const auto made = named("add/tokens:1").make({.small = true, .stream_bytes = 0}, pool).value();
  const CallSeconds seconds = time_calls(*made, *kernels::ops_for(Isa::kReference), pool, 0);
  EXPECT_GT(seconds.quickest, 0);
  EXPECT_LE(seconds.quickest, seconds.median);
}

}  // namespace
}  // namespace loci::cli
