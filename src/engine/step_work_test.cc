// The floors of a small model, added up by hand.
#include "engine/step_work.h"

#include <gtest/gtest.h>

#include "tensor/random/random_model.h"

namespace loci {
namespace {

// Two layers of width 64, an MLP of 96, 4 query heads and 2 key/value heads of 16, 300 tokens.
constexpr double kLayer = 64 * (64 + 32 + 32) + 64 * 64 + 3 * 64 * 96;
constexpr double kHead = 300 * 64;

struct MadeModel {
  explicit MadeModel(const char* more, const char* format = "F32", int window = 0) : pool(1) {
    const auto shape = parse_model_shape(
        std::string("tiny,hidden=64,ff=96,heads=4,kv_heads=2,head_dim=16,vocab=300") + more);
    auto writer = make_random_model(*shape, *parse_format_mix(format), pool, {}).value();
    if (window > 0) writer.set("llama.attention.sliding_window", GgufValue(std::int64_t{window}));
    image = writer.image();
    checkpoint.emplace(Checkpoint::from_gguf_image(image, "made").value());
    model = Model::load(*checkpoint, {}, pool).value();
    for (const LayerSpec& layer : model->spec().layers)
      kv.layers.push_back({layer.attention.kv_heads, layer.attention.head_dim});
  }
  WorkerPool pool;
  std::vector<std::byte> image;
  std::optional<Checkpoint> checkpoint;
  std::unique_ptr<Model> model;
  KvLayout kv{.layers = {}, .dtype = DType::kF16, .block_tokens = 16};
};

TEST(StepWork, PrefillOfATiedModel) {
  const MadeModel made(",tied=1");
  const kernels::Work work = step_work(*made.model, made.kv, {.sequences = 1, .begin = 0, .count = 3});
  // Three rows see 1 + 2 + 3 positions, of 4 heads of 16, in both layers.
  EXPECT_DOUBLE_EQ(work.operations, 2 * (3 * 2 * kLayer + kHead) + 2 * 4 * 64 * (1 + 2 + 3));
  // Keys and values of three tokens: 2 layers x 2 x 32 numbers of two bytes.
  const auto weights = static_cast<double>(weight_bytes(made.model->weights()));
  EXPECT_DOUBLE_EQ(work.bytes, weights + 3 * 2 * 2 * 32 * 2);
  EXPECT_GE(weights, 4 * (2 * kLayer + kHead));
  EXPECT_EQ(work.operands, kernels::Operands::kFloat32);
}

TEST(StepWork, DecodeReadsTheKvOfEverySequenceAndTheEmbeddingsRowsAlone) {
  const MadeModel made(",tied=0", "BF16");
  const kernels::Work work = step_work(*made.model, made.kv, {.sequences = 5, .begin = 99, .count = 1});
  EXPECT_DOUBLE_EQ(work.operations, 5 * (2 * (2 * kLayer + kHead) + 2 * 4 * 64 * 100));
  const auto weights = static_cast<double>(weight_bytes(made.model->weights()));
  constexpr double kTable = 304 * 64 * 2;  // 300 rows in panels of 16
  EXPECT_DOUBLE_EQ(work.bytes, weights - kTable + 5 * 64 * 2 + 5 * 100 * 2 * 2 * 32 * 2);
  EXPECT_EQ(work.operands, kernels::Operands::kBFloat16);
}

// With a window of 4 the positions 2..6 see 3, 4, 4, 4 and 4 others or themselves, out of 0..6; position 100
// sees 97..100.
TEST(StepWork, WindowsLimitWhatIsSeen) {
  const MadeModel wide(",tied=1"), narrow(",tied=1", "F32", 4);
  ASSERT_EQ(narrow.model->spec().layers[1].attention.window, 4);
  const auto difference = [&](StepTokens tokens) {
    const kernels::Work all = step_work(*wide.model, wide.kv, tokens);
    const kernels::Work some = step_work(*narrow.model, narrow.kv, tokens);
    return kernels::Work{.operations = all.operations - some.operations, .bytes = all.bytes - some.bytes};
  };
  const kernels::Work chunk = difference({.sequences = 1, .begin = 2, .count = 5});
  EXPECT_DOUBLE_EQ(chunk.operations, 2 * 4 * 64 * ((3 + 4 + 5 + 6 + 7) - (3 + 4 + 4 + 4 + 4)));
  EXPECT_DOUBLE_EQ(chunk.bytes, 0) << "position 2 sees 0, position 6 is there: all seven are read";
  const kernels::Work single = difference({.sequences = 3, .begin = 100, .count = 1});
  EXPECT_DOUBLE_EQ(single.operations, 3 * 2 * 4 * 64 * (101 - 4));
  EXPECT_DOUBLE_EQ(single.bytes, 3 * 2 * (101 - 4) * 2 * 32 * 2);
}

TEST(StepWork, TheFloorIsTheMachinesTime) {
  const MadeModel made(",tied=1");
  const kernels::Roofline machine{.threads = 1,
                                  .read_bytes_per_second = 1e9,
                                  .peaks = {{kernels::Operands::kFloat32, kernels::Isa::kAvx2, "", "", 1e9}}};
  const kernels::Work decode = step_work(*made.model, made.kv, {.sequences = 1, .begin = 9, .count = 1});
  EXPECT_DOUBLE_EQ(floor_seconds(decode, machine, kernels::Isa::kAvx2), decode.bytes / 1e9)
      << "4 bytes for every 2 operations";
  const kernels::Work prefill = step_work(*made.model, made.kv, {.sequences = 1, .begin = 0, .count = 100});
  EXPECT_DOUBLE_EQ(floor_seconds(prefill, machine, kernels::Isa::kAvx2), prefill.operations / 1e9);
}

}  // namespace
}  // namespace loci
