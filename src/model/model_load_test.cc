// Loading a model from a checkpoint that is not what it says: one line that names the field or the tensor,
// and no large allocation.
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "model/families/family.h"
#include "model/model.h"
#include "model/model_config.h"
#include "model/rope_config.h"
#include "testing/paths.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

using testing::TinyModelShape;
using testing::TinyTensor;

Result<std::unique_ptr<Model>> load_image(const GgufWriter& writer) {
  const std::vector<std::byte> image = writer.image();
  LOCI_TRY(const Checkpoint checkpoint, Checkpoint::from_gguf_image(image, "test"));
  WorkerPool pool(1);
  return Model::load(checkpoint, {}, pool);
}

/// The error of a tiny model whose metadata were changed by `change`.
std::string metadata_error(const std::function<void(GgufWriter&)>& change) {
  GgufWriter writer = testing::tiny_model();
  change(writer);
  const auto model = load_image(writer);
  return model ? "loaded" : model.error().message;
}

void set_int(GgufWriter& writer, const char* key, std::int64_t value) {
  writer.set(key, GgufValue(value));
}

TEST(ModelLoad, TinyModelLoads) {
  const auto model = load_image(testing::tiny_model());
  ASSERT_TRUE(model.has_value()) << model.error().message;
  EXPECT_EQ((*model)->spec().vocab_size, testing::kTinyVocabulary);
  EXPECT_EQ((*model)->spec().layers.size(), 2u);
  EXPECT_EQ((*model)->main_dtype(), DType::kF32);
}

TEST(ModelLoad, MetadataThatCannotBeAreRefusedByName) {
  struct Case {
    const char* names;  // what the message must contain
    std::function<void(GgufWriter&)> change;
  };
  const Case cases[] = {
      {"architecture 'mamba'", [](GgufWriter& w) { w.set("general.architecture", "mamba"); }},
      {"general.architecture", [](GgufWriter& w) { set_int(w, "general.architecture", 1); }},
      {"llama.block_count", [](GgufWriter& w) { set_int(w, "llama.block_count", 0); }},
      {"llama.block_count", [](GgufWriter& w) { set_int(w, "llama.block_count", -1); }},
      {"llama.block_count", [](GgufWriter& w) { set_int(w, "llama.block_count", std::int64_t{1} << 62); }},
      {"llama.block_count", [](GgufWriter& w) { w.set("llama.block_count", "two"); }},
      {"layers are declared", [](GgufWriter& w) { set_int(w, "llama.block_count", 1 << 24); }},
      {"blk.2.attn_norm.weight", [](GgufWriter& w) { set_int(w, "llama.block_count", 3); }},
      {"llama.embedding_length", [](GgufWriter& w) { set_int(w, "llama.embedding_length", 0); }},
      {"token_embd.weight", [](GgufWriter& w) { set_int(w, "llama.embedding_length", 64); }},
      {"llama.attention.head_count", [](GgufWriter& w) { set_int(w, "llama.attention.head_count", 0); }},
      {"multiple", [](GgufWriter& w) { set_int(w, "llama.attention.head_count_kv", 3); }},
      {"odd",
       [](GgufWriter& w) {
         set_int(w, "llama.attention.key_length", 7), set_int(w, "llama.attention.value_length", 7),
             set_int(w, "llama.rope.dimension_count", 7);
       }},
      {"attn_q.weight",
       [](GgufWriter& w) {
         set_int(w, "llama.attention.key_length", 16), set_int(w, "llama.attention.value_length", 16),
             set_int(w, "llama.rope.dimension_count", 16);
       }},
      {"blk.0.ffn_gate.weight", [](GgufWriter& w) { set_int(w, "llama.feed_forward_length", 1 << 24); }},
      {"llama.context_length", [](GgufWriter& w) { set_int(w, "llama.context_length", 0); }},
      {"llama.rope.freq_base", [](GgufWriter& w) { w.set("llama.rope.freq_base", GgufValue(-1.0)); }},
      {"scaling.type 'spiral'", [](GgufWriter& w) { w.set("llama.rope.scaling.type", "spiral"); }},
      {"scaling.factor",
       [](GgufWriter& w) {
         w.set("llama.rope.scaling.type", "linear"), w.set("llama.rope.scaling.factor", GgufValue(0.0));
       }},
      {"expert_count", [](GgufWriter& w) { set_int(w, "llama.expert_count", 8); }},
      {"layer_norm_rms_epsilon",
       [](GgufWriter& w) { w.set("llama.attention.layer_norm_rms_epsilon", "small"); }},
  };
  for (const Case& c : cases) {
    const std::string message = metadata_error(c.change);
    EXPECT_NE(message.find(c.names), std::string::npos) << "wanted '" << c.names << "' in: " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(ModelLoad, EveryMissingOrMisshapenTensorIsNamed) {
  const TinyModelShape shape{.layers = 1};
  const std::vector<TinyTensor> tensors = testing::tiny_tensors(shape);
  for (std::size_t broken = 0; broken < tensors.size(); ++broken) {
    for (const bool missing : {true, false}) {
      GgufWriter writer;
      testing::set_llama_keys(writer, shape);
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        TinyTensor tensor = tensors[i];
        if (i == broken && missing) continue;
        if (i == broken) tensor.shape.back() += 1;
        ASSERT_TRUE(testing::add_tensor(writer, tensor, shape.dtype).has_value());
      }
      const auto model = load_image(writer);
      ASSERT_FALSE(model.has_value()) << tensors[broken].name;
      EXPECT_NE(model.error().message.find(tensors[broken].name), std::string::npos) << model.error().message;
    }
  }
}

TEST(ModelLoad, DtypeConvertsTheMatrices) {
  const std::vector<std::byte> image = testing::tiny_model().image();
  const auto checkpoint = Checkpoint::from_gguf_image(image, "test");
  ASSERT_TRUE(checkpoint.has_value());
  WorkerPool pool(1);
  const auto model = Model::load(*checkpoint, {.dtype = DType::kBF16}, pool);
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ((*model)->main_dtype(), DType::kBF16);
  const auto whole = Model::load(*checkpoint, {}, pool);
  EXPECT_LT(weight_bytes((*model)->weights()), weight_bytes((*whole)->weights()) * 6 / 10);
}

/// The RoPE of a config given as JSON text, in a folder with no more than that.
Result<RopeSpec> rope_of(const char* text) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("loci-rope-{}", ::getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << text;
  std::ofstream(folder / "model.safetensors") << std::string("\2\0\0\0\0\0\0\0{}", 10);
  const auto checkpoint = Checkpoint::open(folder);
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
  if (!checkpoint) return std::unexpected(checkpoint.error());
  return read_rope(*checkpoint, ModelConfig(*checkpoint), {.rotary_dim = 16});
}

TEST(RopeConfig, BothFormsMeanTheSame) {
  const auto old_form = rope_of(R"({"rope_theta": 500000.0, "max_position_embeddings": 8192,
      "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 256}})");
  const auto new_form = rope_of(R"({"max_position_embeddings": 8192,
      "rope_parameters": {"rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 256}})");
  ASSERT_TRUE(old_form && new_form);
  EXPECT_EQ(old_form->inverse_frequencies, new_form->inverse_frequencies);
  EXPECT_NE(old_form->inverse_frequencies, rope_of(R"({"rope_theta": 500000.0})")->inverse_frequencies);
}

TEST(RopeConfig, UnknownAndImpossibleAreRefused) {
  for (
      const char* text :
      {R"({"rope_scaling": {"rope_type": "spiral", "factor": 2}})",
       R"({"rope_scaling": {"rope_type": "yarn", "factor": 0}})",
       R"({"rope_scaling": {"rope_type": "yarn", "factor": 2, "beta_fast": "fast"}})",
       R"({"rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1], "long_factor": [1]}})",
       R"({"rope_scaling": {"type": 3}})", R"({"rope_scaling": [1]})", R"({"rope_theta": 0})",
       R"({"rope_theta": "big"})", R"({"rope_scaling": {"type": "linear", "factor": -1}})",
       R"({"rope_scaling": {"rope_type": "llama3", "factor": 2, "low_freq_factor": 4, "high_freq_factor": 4}})"})
    EXPECT_FALSE(rope_of(text).has_value()) << text;
}

// The same model as transformers 4 and as transformers 5 write it.
TEST(HfConfig, BothFormsPlanTheSameModel) {
  const auto configs = testing::repository() / "tests/goldens/configs";
  int compared = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(testing::repository() / "tests/goldens/llama")) {
    const std::string name = entry.path().filename();
    ModelPlan plans[2];
    for (const int form : {0, 1}) {
      const auto folder = std::filesystem::temp_directory_path() /
                          fmt::format("loci-config-{}-{}-{}", name, form, ::getpid());
      std::filesystem::create_directories(folder);
      for (const auto& file : std::filesystem::directory_iterator(entry.path()))
        if (file.path().string().find(".safetensors") != std::string::npos)
          std::filesystem::copy_file(file.path(), folder / file.path().filename(),
                                     std::filesystem::copy_options::overwrite_existing);
      std::filesystem::copy_file(configs / fmt::format("{}.v{}.json", name, form == 0 ? 4 : 5),
                                 folder / "config.json", std::filesystem::copy_options::overwrite_existing);
      const auto checkpoint = Checkpoint::open(folder);
      ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
      auto plan = plan_model(*checkpoint);
      ASSERT_TRUE(plan.has_value()) << plan.error().message;
      plans[form] = std::move(*plan);
      std::filesystem::remove_all(folder);
    }
    EXPECT_EQ(plans[0].spec.ropes[0].inverse_frequencies, plans[1].spec.ropes[0].inverse_frequencies) << name;
    EXPECT_EQ(plans[0].spec.context_length, plans[1].spec.context_length) << name;
    EXPECT_EQ(plans[0].spec.output_norm.epsilon, plans[1].spec.output_norm.epsilon) << name;
    EXPECT_EQ(plans[0].spec.layers.size(), plans[1].spec.layers.size()) << name;
    EXPECT_EQ(plans[0].spec.layers[0].attention.head_dim, plans[1].spec.layers[0].attention.head_dim) << name;
    EXPECT_EQ(plans[0].sources.head, plans[1].sources.head) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 8);
}

}  // namespace
}  // namespace loci
