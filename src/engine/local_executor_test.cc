#include "engine/local_executor.h"

#include <gtest/gtest.h>
#include <vector>

#include "engine/memory_plan.h"
#include "tensor/random/random_model.h"

namespace loci {
namespace {

TEST(LocalExecutor, CopiedBlockHoldsTheKeysAndValuesOfAllLayers) {
  WorkerPool pool(1);
  const auto image =
      make_random_model(*parse_model_shape("tiny"), *parse_format_mix("Q8_0"), pool, {})->image();
  const Checkpoint checkpoint = Checkpoint::from_gguf_image(image, "made").value();
  const auto model = Model::load(checkpoint, {}, pool).value();
  const MemoryPlan plan =
      plan_memory(model->spec(), weight_bytes(model->weights()), model->main_dtype(),
                  {.max_model_len = 16, .max_num_seqs = 2, .max_num_batched_tokens = 16, .block_size = 8})
          .value();
  const auto executor = LocalExecutor::create(*model, {plan.kv, plan.kv_blocks, plan.workspace, 1,
                                                       kernels::ops_for(kernels::best_isa())})
                            .value();
  const std::uint32_t first = 1, copy = 3;
  const std::uint32_t* tables[] = {&first, &copy};
  const std::vector<TokenId> prompt{5, 9, 100, 7};
  executor->run({prompt, std::vector{0, 1, 2, 3}, std::vector{0, 0, 0, 0}, tables, {}});
  std::vector<int> damaged;
  executor->copy(std::vector{BlockCopy{BlockMove::kWithin, first, copy}}, damaged);
  const StepResult next = executor->run(
      {std::vector<TokenId>{11, 11}, std::vector{4, 4}, std::vector{0, 1}, tables, std::vector{0, 1}});
  EXPECT_TRUE(std::ranges::equal(next.row(0), next.row(1)));
  const std::vector<float> behind_the_prompt(next.row(0).begin(), next.row(0).end());
  const std::uint32_t unwritten = 0;
  const std::uint32_t* other[] = {&unwritten};
  const StepResult alone =
      executor->run({std::vector<TokenId>{11}, std::vector{4}, std::vector{0}, other, std::vector{0}});
  EXPECT_FALSE(std::ranges::equal(alone.row(0), behind_the_prompt)) << "the prompt matters";
}

}  // namespace
}  // namespace loci
