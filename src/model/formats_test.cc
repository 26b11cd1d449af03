// Whole models in every storage format: the logits are those of a twin that holds the same weights as floats.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <unistd.h>

#include "model/model.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"
#include "testing/safetensors_file.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

namespace fs = std::filesystem;
using testing::SafetensorsEntry;

/// The logits of every position of a short prompt, on the widest instruction set. [tokens][vocab]
std::vector<float> logits(const Checkpoint& checkpoint) {
  WorkerPool pool(2);
  const auto model = Model::load(checkpoint, {.arithmetic = Arithmetic::kFloat32}, pool);
  if (!model) {
    ADD_FAILURE() << model.error().message;
    return {};
  }
  const ModelSpec& spec = (*model)->spec();
  constexpr int kTokens = 7;  // more than the few that are computed another way
  constexpr int kBlockTokens = 16;
  const AttentionSpec& attention = spec.layers.front().attention;
  const auto half =
      static_cast<std::size_t>(attention.kv_heads * attention.head_dim * kBlockTokens) * sizeof(float);
  std::vector<std::byte> cache(2 * half * spec.layers.size());
  std::vector<kernels::KvView> views;
  for (std::size_t i = 0; i < spec.layers.size(); ++i)
    views.push_back({cache.data(), DType::kF32, cache.size(), 2 * half * i, 2 * half * i + half, kBlockTokens,
                     attention.kv_heads, attention.head_dim});
  const std::vector<TokenId> tokens{5, 1, 9, 30, 2, 17, 8};
  std::vector<int> positions(kTokens), sequences(kTokens, 0);
  std::iota(positions.begin(), positions.end(), 0);
  const std::uint32_t block = 0;
  const std::uint32_t* tables[] = {&block};
  Workspace workspace(spec, {kTokens, kTokens});
  const kernels::OpTable& ops = *kernels::ops_for(kernels::best_isa());
  (*model)->forward({tokens, positions, sequences, tables, positions}, views, workspace, ops, pool);
  return {workspace.logits.begin(), workspace.logits.begin() + std::ssize(tokens) * spec.vocab_size};
}

/// Random blocks of a type, whose values are not large.
std::vector<std::byte> random_blocks(DType dtype, std::size_t elements, std::mt19937& random) {
  const auto block = static_cast<std::size_t>(traits(dtype).block_elements);
  const auto bytes = static_cast<std::size_t>(traits(dtype).block_bytes);
  std::vector<std::byte> stored(row_bytes(dtype, elements));
  std::vector<float> values(block);
  for (std::size_t at = 0; at < stored.size(); at += bytes) do {
      for (std::size_t i = 0; i < bytes; ++i) stored[at + i] = static_cast<std::byte>(random());
      dequantize_row(dtype, stored.data() + at, block, values.data());
    } while (!std::ranges::all_of(values, [](float value) { return std::fabs(value) < 10; }));
  return stored;
}

std::vector<std::byte> dequantized(DType dtype, std::span<const std::byte> stored, std::size_t elements) {
  std::vector<float> values(elements);
  dequantize_row(dtype, stored.data(), elements, values.data());
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

GgufWriter::Fill copy_of(std::vector<std::byte> bytes) {
  return [bytes = std::move(bytes)](std::span<std::byte> out) { std::ranges::copy(bytes, out.begin()); };
}

/// The logits of a model whose matrices have types of `type_of(name)`, and of its twin in floats.
template <class TypeOf>
std::pair<std::vector<float>, std::vector<float>> logits_of_twins(const testing::TinyModelShape& shape,
                                                                  std::mt19937& random, TypeOf type_of) {
  GgufWriter narrow, wide;
  for (GgufWriter* writer : {&narrow, &wide}) {
    testing::set_llama_keys(*writer, shape);
    testing::set_byte_tokenizer(*writer, shape);
  }
  for (const testing::TinyTensor& tensor : testing::tiny_tensors(shape)) {
    if (tensor.shape.size() == 1) {
      EXPECT_TRUE(narrow.add(tensor.name, DType::kF32, tensor.shape, testing::ones()));
      EXPECT_TRUE(wide.add(tensor.name, DType::kF32, tensor.shape, testing::ones()));
      continue;
    }
    const std::size_t elements = tensor.shape[0] * tensor.shape[1];
    const DType dtype = type_of(tensor.name);
    const std::vector<std::byte> blocks = random_blocks(dtype, elements, random);
    EXPECT_TRUE(narrow.add(tensor.name, dtype, tensor.shape, copy_of(blocks)));
    EXPECT_TRUE(
        wide.add(tensor.name, DType::kF32, tensor.shape, copy_of(dequantized(dtype, blocks, elements))));
  }
  const std::vector<std::byte> narrow_image = narrow.image(), wide_image = wide.image();
  return {logits(Checkpoint::from_gguf_image(narrow_image, "narrow").value()),
          logits(Checkpoint::from_gguf_image(wide_image, "wide").value())};
}

TEST(FormatsModel, EveryTypeOfGgufComputesWhatItsFloatsCompute) {
  std::mt19937 random(8);
  const testing::TinyModelShape shape{.layers = 1, .hidden = 256, .intermediate = 256};
  int compared = 0;
  for (const Format& format : formats()) {
    if (!format.ggml_type || format.traits.block_elements == 1) continue;
    const auto [computed, expected] =
        logits_of_twins(shape, random, [&](const std::string&) { return format.dtype; });
    EXPECT_EQ(computed, expected) << format.traits.name;
    EXPECT_TRUE(std::ranges::all_of(computed, [](float x) { return std::isfinite(x); }))
        << format.traits.name;
    ++compared;
  }
  EXPECT_GE(compared, 12);
}

// Their panels cannot stand in turns in one matrix; the results do, also where the last panel is not whole.
TEST(FormatsModel, GateAndUpMayBeOfDifferentTypes) {
  std::mt19937 random(9);
  const testing::TinyModelShape shape{.layers = 2, .hidden = 64, .intermediate = 40};
  const auto [computed, expected] = logits_of_twins(shape, random, [](const std::string& name) {
    if (name.find("ffn_gate") != std::string::npos) return DType::kQ8_0;
    return name.find("ffn_up") != std::string::npos ? DType::kQ4_0 : DType::kF32;
  });
  EXPECT_EQ(computed, expected);
  EXPECT_TRUE(std::ranges::all_of(computed, [](float x) { return std::isfinite(x); }));
}

constexpr std::size_t kHidden = 128, kInner = 192, kVocabulary = 40;
const char* const kLlamaConfig =
    R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 128,
  "intermediate_size": 192, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2,
  "vocab_size": 40, "rms_norm_eps": 1e-5, "max_position_embeddings": 64, "rope_theta": 10000.0,
  "tie_word_embeddings": false, "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 32}})";
const char* const kGpt2Config =
    R"({"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 128, "n_inner": 192,
  "n_layer": 1, "n_head": 4, "vocab_size": 40, "n_positions": 64,
  "quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 32}})";

struct GptqModel {
  bool gpt2;       // stores its matrices as [inputs][outputs], but not those that are quantized
  bool act_order;  // each matrix takes its groups in an order of its own
};

class FormatsGptqModel : public ::testing::TestWithParam<GptqModel> {
 protected:
  FormatsGptqModel() : folder_(fs::path(::testing::TempDir()) / fmt::format("loci-gptq-{}", ::getpid())) {
    fs::create_directories(folder_ / "wide");
  }
  ~FormatsGptqModel() override { fs::remove_all(folder_); }

  template <class T>
  void add(const std::string& name, const char* dtype, std::vector<std::size_t> shape,
           const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    entries_.push_back({name, dtype, std::move(shape), {bytes.begin(), bytes.end()}});
  }
  void add_floats(const std::string& name, std::vector<std::size_t> shape) {
    std::vector<float> values(std::accumulate(shape.begin(), shape.end(), 1uz, std::multiplies()));
    for (float& value : values) value = static_cast<float>(random_() % 2001) / 10000.0f - 0.1f;
    add(name, "F32", std::move(shape), values);
  }
  void add_linear(const std::string& name, std::size_t rows, std::size_t columns) {
    const std::size_t groups = columns / 32;
    std::vector<std::int32_t> codes(columns / 8 * rows), zeros(groups * rows / 8), group_of(columns);
    for (std::int32_t& word : codes) word = static_cast<std::int32_t>(random_());
    for (std::int32_t& word : zeros) word = static_cast<std::int32_t>(random_());
    std::vector<std::uint16_t> scales(groups * rows);
    for (std::uint16_t& half : scales) half = static_cast<std::uint16_t>(0x2000 + random_() % 0x400);
    for (std::size_t c = 0; c < columns; ++c) group_of[c] = static_cast<std::int32_t>(c / 32);
    if (GetParam().act_order) std::ranges::shuffle(group_of, random_);
    add(name + ".qweight", "I32", {columns / 8, rows}, codes);
    add(name + ".qzeros", "I32", {groups, rows / 8}, zeros);
    add(name + ".scales", "F16", {groups, rows}, scales);
    add(name + ".g_idx", "I32", {columns}, group_of);
  }
  void write_llama() {
    add_floats("model.embed_tokens.weight", {kVocabulary, kHidden});
    add_floats("lm_head.weight", {kVocabulary, kHidden});
    add_floats("model.norm.weight", {kHidden});
    const std::string layer = "model.layers.0.";
    add_floats(layer + "input_layernorm.weight", {kHidden});
    add_floats(layer + "post_attention_layernorm.weight", {kHidden});
    for (const char* name : {"self_attn.q_proj", "self_attn.o_proj"})
      add_linear(layer + name, kHidden, kHidden);
    for (const char* name : {"self_attn.k_proj", "self_attn.v_proj"})
      add_linear(layer + name, kHidden / 2, kHidden);
    for (const char* name : {"mlp.gate_proj", "mlp.up_proj"}) add_linear(layer + name, kInner, kHidden);
    add_linear(layer + "mlp.down_proj", kHidden, kInner);
  }
  void write_gpt2() {
    add_floats("transformer.wte.weight", {kVocabulary, kHidden});
    add_floats("transformer.wpe.weight", {64, kHidden});
    for (const char* norm : {"ln_f", "h.0.ln_1", "h.0.ln_2"})
      for (const char* part : {"weight", "bias"})
        add_floats(fmt::format("transformer.{}.{}", norm, part), {kHidden});
    const auto add_biased = [&](const std::string& name, std::size_t rows, std::size_t columns) {
      add_linear(name, rows, columns);
      add_floats(name + ".bias", {rows});
    };
    add_biased("transformer.h.0.attn.c_attn", 3 * kHidden, kHidden);
    add_biased("transformer.h.0.attn.c_proj", kHidden, kHidden);
    add_biased("transformer.h.0.mlp.c_fc", kInner, kHidden);
    add_biased("transformer.h.0.mlp.c_proj", kHidden, kInner);
  }
  void write_model() {
    GetParam().gpt2 ? write_gpt2() : write_llama();
    write(folder_, entries_);
  }
  static void write(const fs::path& folder, const std::vector<SafetensorsEntry>& entries) {
    std::ofstream(folder / "config.json") << (GetParam().gpt2 ? kGpt2Config : kLlamaConfig);
    testing::write_safetensors(folder / "model.safetensors", entries);
  }

  /// The same model with its weights as floats, columns where they belong.
  void write_wide(const Checkpoint& checkpoint) {
    WorkerPool pool(1);
    std::vector<SafetensorsEntry> wide;
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      const TensorBytes read = checkpoint.read(tensor, pool).value();
      const std::vector<std::byte> floats = dequantized(tensor.dtype, read.bytes, tensor.elements());
      const bool turned = GetParam().gpt2 && tensor.dtype == DType::kInt4;
      const std::size_t rows = tensor.rows(), columns = tensor.columns();
      std::vector<std::byte> placed = floats;
      for (std::size_t i = 0; i < tensor.elements(); ++i) {
        const std::size_t r = i / columns;
        const std::size_t c = tensor.column_order.empty() ? i % columns : tensor.column_order[i % columns];
        const std::size_t to = turned ? c * rows + r : r * columns + c;
        std::copy_n(floats.begin() + static_cast<std::ptrdiff_t>(i * 4), 4,
                    placed.begin() + static_cast<std::ptrdiff_t>(to * 4));
      }
      wide.push_back({name, "F32", turned ? std::vector{columns, rows} : tensor.shape, std::move(placed)});
    }
    write(folder_ / "wide", wide);
  }

  fs::path folder_;
  std::mt19937 random_{9};
  std::vector<SafetensorsEntry> entries_;
};

TEST_P(FormatsGptqModel, ComputesWhatItsFloatsCompute) {
  write_model();
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  write_wide(*checkpoint);
  // The twin says gptq too, and has no parts: what is not quantized stays as it is.
  const auto twin = Checkpoint::open(folder_ / "wide");
  ASSERT_TRUE(twin) << twin.error().message;
  const std::vector<float> narrow = logits(*checkpoint), wide = logits(*twin);
  if (!GetParam().act_order) {
    EXPECT_EQ(narrow, wide);
    return;
  }
  ASSERT_EQ(narrow.size(), wide.size());  // other orders of summation: equal but for rounding
  const float largest = std::ranges::max(wide, {}, [](float x) { return std::fabs(x); });
  for (std::size_t i = 0; i < wide.size(); ++i) ASSERT_NEAR(narrow[i], wide[i], 1e-5f * std::fabs(largest));
}

class FormatsGptqGpt2 : public FormatsGptqModel {};

TEST_P(FormatsGptqGpt2, RefusesACodedMatrixThatIsStoredTheOtherWayRound) {
  write_gpt2();
  std::erase_if(entries_, [](const auto& entry) {
    return entry.name.contains("c_fc.") && !entry.name.ends_with(".bias");
  });
  add_linear("transformer.h.0.mlp.c_fc", kHidden, kInner);
  write(folder_, entries_);
  const auto checkpoint = Checkpoint::open(folder_);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  WorkerPool pool(1);
  const auto model = Model::load(*checkpoint, {}, pool);
  ASSERT_FALSE(model);
  EXPECT_EQ(
      model.error().message,
      "tensor 'transformer.h.0.mlp.c_fc.weight' has shape [128, 192], the configuration says [192, 128]");
}

INSTANTIATE_TEST_SUITE_P(Order, FormatsGptqModel,
                         ::testing::Values(GptqModel{false, false}, GptqModel{false, true},
                                           GptqModel{true, false}, GptqModel{true, true}));
INSTANTIATE_TEST_SUITE_P(Order, FormatsGptqGpt2, ::testing::Values(GptqModel{true, false}));

}  // namespace
}  // namespace loci
