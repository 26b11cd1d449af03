// What published models write in config.json and GGUF metadata, and leave out: the plan that comes of it.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "model/families/family.h"
#include "model/model.h"
#include "testing/paths.h"
#include "testing/safetensors_file.h"
#include "testing/tiny_model.h"

namespace loci {
namespace {

/// A folder with the config and tensors of one element: a plan asks for their names only.
class HfFolder {
 public:
  explicit HfFolder(std::string_view config, std::vector<std::string> tensors = {"model.embed_tokens.weight"})
      : path_(std::filesystem::temp_directory_path() / fmt::format("loci-published-{}", ::getpid())) {
    std::filesystem::create_directories(path_ / "1_Pooling");
    write("config.json", config);
    for (int i = 0; i < 80; ++i) tensors.push_back(fmt::format("unused.{}", i));
    std::vector<testing::SafetensorsEntry> entries;
    for (const std::string& name : tensors)
      entries.push_back({name, "F32", {1, 1}, std::vector<std::byte>(sizeof(float))});
    testing::write_safetensors(path_ / "model.safetensors", entries);
  }
  ~HfFolder() { std::filesystem::remove_all(path_); }
  HfFolder(const HfFolder&) = delete;

  void write(const char* file, std::string_view text) const { std::ofstream(path_ / file) << text; }
  Result<Checkpoint> open() const { return Checkpoint::open(path_); }
  Result<ModelPlan> plan() const {
    LOCI_TRY(const Checkpoint checkpoint, open());
    return plan_model(checkpoint);
  }

 private:
  std::filesystem::path path_;
};

ModelSpec planned(const HfFolder& folder) {
  auto plan = folder.plan();
  EXPECT_TRUE(plan.has_value()) << plan.error().message;
  return std::move(plan).value().spec;
}

// google/gemma-3-4b-it: the nested configuration lacks what is the default of its class.
TEST(PublishedConfigs, Gemma3WithEyesReliesOnDefaults) {
  const ModelSpec spec = planned(HfFolder(R"({"architectures": ["Gemma3ForConditionalGeneration"],
      "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text",
        "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}})",
                                          {"language_model.model.embed_tokens.weight"}));
  EXPECT_EQ(spec.layers.size(), 34u);
  EXPECT_EQ(spec.vocab_size, 262208);
  EXPECT_EQ(spec.context_length, 131072);
  const AttentionSpec &local = spec.layers[0].attention, &global = spec.layers[5].attention;
  EXPECT_EQ(local.heads, 8);
  EXPECT_EQ(local.kv_heads, 4);
  EXPECT_EQ(local.head_dim, 256);
  EXPECT_EQ(local.window, 1024);
  EXPECT_EQ(global.window, 0);
  EXPECT_EQ(global.scale, 1.0f / 16);
  ASSERT_EQ(spec.ropes.size(), 2u);
  EXPECT_EQ(spec.ropes[0].inverse_frequencies[0], 0.125f);
  EXPECT_EQ(spec.ropes[1].inverse_frequencies[0], 1);
}

TEST(PublishedConfigs, AKeyThatIsNullIsNotAKeyThatIsAbsent) {
  const auto gemma2 = [](const char* keys) {
    return planned(HfFolder(fmt::format(R"({{"architectures": ["Gemma2ForCausalLM"], "hidden_size": 2304,
        "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "vocab_size": 256000{}}})",
                                        keys)));
  };
  const ModelSpec absent = gemma2("");
  EXPECT_EQ(absent.layers[0].attention.softcap, 50);
  EXPECT_EQ(absent.logit_softcap, 30);
  EXPECT_EQ(absent.layers[0].attention.window, 4096);
  EXPECT_EQ(absent.layers[1].attention.window, 0);
  const ModelSpec null =
      gemma2(R"(, "attn_logit_softcapping": null, "final_logit_softcapping": null, "sliding_window": null)");
  EXPECT_EQ(null.layers[0].attention.softcap, 0);
  EXPECT_EQ(null.logit_softcap, 0);
  EXPECT_EQ(null.layers[0].attention.window, 0);
}

std::string llama_like(const char* architecture, const char* keys) {
  return fmt::format(R"({{"architectures": ["{}"], "hidden_size": 4096, "intermediate_size": 14336,
      "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000{}}})",
                     architecture, keys);
}

// Mistral 7B 0.1 has a window, 0.2 a null; a Llama made of Mistral's weights keeps the key, which says
// nothing there. Whole numbers may be written as floats.
TEST(PublishedConfigs, WindowsOfMistralAndLlama) {
  const auto window = [](const char* architecture, const char* keys) {
    return planned(HfFolder(llama_like(architecture, keys))).layers[0].attention.window;
  };
  EXPECT_EQ(window("MistralForCausalLM", R"(, "sliding_window": 4096)"), 4096);
  EXPECT_EQ(window("MistralForCausalLM", R"(, "sliding_window": 4096.0)"), 4096);
  EXPECT_EQ(window("MistralForCausalLM", R"(, "sliding_window": null)"), 0);
  EXPECT_EQ(window("LlamaForCausalLM", R"(, "sliding_window": 4096)"), 0);
  EXPECT_FALSE(HfFolder(llama_like("MistralForCausalLM", R"(, "sliding_window": 4096.5)")).plan());
  const char* sliding = R"(, "use_sliding_window": true, "sliding_window": 512, "max_window_layers": 0)";
  EXPECT_EQ(window("Qwen2ForCausalLM", sliding), 512);
}

// Phi 4 mini: LongRoPE over three quarters of a head.
TEST(PublishedConfigs, Phi4MiniRotatesThreeQuarters) {
  std::string ones = "1";
  for (int i = 1; i < 48; ++i) ones += ", 1";
  const ModelSpec spec = planned(HfFolder(fmt::format(
      R"({{"architectures": ["Phi3ForCausalLM"], "hidden_size": 3072, "intermediate_size": 8192,
      "num_hidden_layers": 32, "num_attention_heads": 24, "num_key_value_heads": 8, "vocab_size": 200064,
      "max_position_embeddings": 131072, "original_max_position_embeddings": 4096, "partial_rotary_factor": 0.75,
      "sliding_window": 262144, "tie_word_embeddings": true,
      "rope_scaling": {{"type": "longrope", "long_factor": [{0}], "short_factor": [{0}]}}}})",
      ones)));
  EXPECT_EQ(spec.ropes[0].rotary_dim, 96);
  EXPECT_NEAR(spec.ropes[0].magnitude, std::sqrt(1 + std::log(32.0) / std::log(4096.0)), 1e-6);
}

// Qwen's cards: 32768 positions, and four times as many with YaRN added.
TEST(PublishedConfigs, YarnExtendsTheContext) {
  const auto context = [](const char* keys) {
    return planned(HfFolder(llama_like("Qwen2ForCausalLM", keys))).context_length;
  };
  EXPECT_EQ(context(R"(, "max_position_embeddings": 32768)"), 32768);
  EXPECT_EQ(context(R"(, "max_position_embeddings": 32768, "rope_scaling":
      {"factor": 4.0, "original_max_position_embeddings": 32768, "type": "yarn"})"),
            131072);
  EXPECT_EQ(context(R"(, "max_position_embeddings": 131072, "rope_scaling":
      {"factor": 4.0, "original_max_position_embeddings": 32768, "rope_type": "yarn"})"),
            131072);
}

// intfloat/e5-mistral-7b-instruct is a MistralModel, the largest Qwen3 embedding model a Qwen3ForCausalLM
// without the head.
TEST(PublishedConfigs, EmbeddingModelsHaveNoHead) {
  EXPECT_FALSE(planned(HfFolder(llama_like("MistralModel", ""), {"embed_tokens.weight"})).has_head);
  EXPECT_FALSE(planned(HfFolder(llama_like("Qwen3Model", ""), {"embed_tokens.weight"})).has_head);
  const std::string untied = llama_like("Qwen3ForCausalLM", R"(, "tie_word_embeddings": false)");
  const HfFolder pooled(untied, {"embed_tokens.weight"});
  EXPECT_TRUE(planned(pooled).has_head) << "a missing head is an error where nothing says embeddings";
  pooled.write("1_Pooling/config.json", R"({"pooling_mode_lasttoken": true})");
  EXPECT_FALSE(planned(pooled).has_head);
  const HfFolder whole(untied, {"model.embed_tokens.weight", "lm_head.weight"});
  whole.write("1_Pooling/config.json", R"({"pooling_mode_lasttoken": true})");
  EXPECT_TRUE(planned(whole).has_head);
}

// Alibaba-NLP/gte-Qwen2-7B-instruct: a decoder that was trained to see both ways.
TEST(PublishedConfigs, DecodersThatSeeBothWaysAreEncoders) {
  const auto plan_of = [](const char* architecture, const char* keys) {
    return HfFolder(llama_like(architecture, keys)).plan();
  };
  const auto both_ways = plan_of("Qwen2ForCausalLM", R"(, "is_causal": false)");
  ASSERT_TRUE(both_ways) << both_ways.error().message;
  EXPECT_FALSE(both_ways->spec.causal);
  EXPECT_FALSE(both_ways->spec.has_head);
  EXPECT_TRUE(plan_of("Qwen2ForCausalLM", R"(, "is_causal": true)")->spec.causal);
  EXPECT_EQ(plan_of("Qwen2ForCausalLM", R"(, "is_causal": 0)").error().message,
            "config.json: field 'is_causal' is not a boolean");
  EXPECT_EQ(plan_of("MistralForCausalLM", R"(, "is_causal": false, "sliding_window": 64)").error().message,
            "config.json: field 'is_causal' is false: not supported together with a sliding window");
}

constexpr const char* kNomic = R"({{"architectures": ["NomicBertModel"], "activation_function": "swiglu",
    "causal": false, "layer_norm_epsilon": 1e-12, "max_trained_positions": 2048, "mlp_fc1_bias": false,
    "mlp_fc2_bias": false, "n_embd": 768, "n_head": 12, "n_inner": 3072, "n_layer": 12, "n_positions": 8192,
    "parallel_block": false, "prenorm": false, "qkv_proj_bias": false, "rotary_emb_fraction": 1.0,
    "rotary_emb_interleaved": false, "rotary_emb_scale_base": null, "type_vocab_size": 2, "use_rms_norm": false,
    "vocab_size": 30528{}}})";

// nomic-ai/nomic-embed-text-v1.5, and what other configurations of its code may say.
TEST(PublishedConfigs, NomicHasKeysOfItsOwn) {
  const auto plan_of = [](const char* keys) {
    return HfFolder(fmt::format(fmt::runtime(kNomic), keys), {"embeddings.word_embeddings.weight"}).plan();
  };
  const auto plan = plan_of(R"(, "rotary_emb_base": 1000, "rotary_scaling_factor": null)");
  ASSERT_TRUE(plan) << plan.error().message;
  const ModelSpec& spec = plan->spec;
  EXPECT_EQ(spec.context_length, 8192);
  EXPECT_EQ(spec.layers.size(), 12u);
  EXPECT_EQ(spec.layers[0].mlp.intermediate_size, 3072);
  EXPECT_TRUE(spec.layers[0].mlp.gated);
  EXPECT_EQ(spec.ropes[0].rotary_dim, 64);
  EXPECT_NEAR(spec.ropes[0].inverse_frequencies[1], std::pow(1000.0, -2.0 / 64), 1e-6);
  EXPECT_EQ(plan_of("")->spec.ropes[0].inverse_frequencies, spec.ropes[0].inverse_frequencies);
  EXPECT_EQ(plan_of(R"(, "rotary_scaling_factor": 2)")->spec.context_length, 2048);
  for (const char* key : {"prenorm", "parallel_block", "use_rms_norm", "rotary_emb_interleaved", "causal"}) {
    std::string config = fmt::format(fmt::runtime(kNomic), "");
    const std::string from = fmt::format("\"{}\": false", key);
    config.replace(config.find(from), from.size(), fmt::format("\"{}\": true", key));
    EXPECT_EQ(HfFolder(config).plan().error().message,
              fmt::format("config.json: field '{}' is true: not supported", key));
  }
  EXPECT_NE(plan_of(R"(, "moe_every_n_layers": 2)").error().message.find("moe_every_n_layers"),
            std::string::npos);
}

// mistralai/Mistral-Small-3.1-24B-Instruct-2503, Ministral-3-8B-Instruct-2512-BF16.
TEST(PublishedConfigs, Mistral3IsMistralInside) {
  const auto inside = [](const char* rope, std::vector<std::string> tensors) {
    return HfFolder(fmt::format(R"({{"architectures": ["Mistral3ForConditionalGeneration"], "text_config": {{
        "head_dim": 128, "hidden_size": 5120, "intermediate_size": 32768, "max_position_embeddings": 131072,
        "num_attention_heads": 32, "num_hidden_layers": 40, "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
        {}, "sliding_window": null, "vocab_size": 131072}}}})",
                                rope),
                    std::move(tensors))
        .plan();
  };
  const auto small = inside(R"("rope_theta": 1e9)",
                            {"language_model.model.embed_tokens.weight", "language_model.lm_head.weight"});
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small->sources.head, "language_model.lm_head.weight");
  EXPECT_EQ(small->spec.context_length, 131072);
  EXPECT_EQ(small->spec.layers[0].attention.window, 0);
  const auto ministral = [&](const char* original) {
    return inside(fmt::format(R"("rope_parameters": {{"beta_fast": 32.0, "beta_slow": 1.0, "factor": 16.0,
        "llama_4_scaling_beta": 0.1, "mscale": 1.0, "mscale_all_dim": 1.0,
        "original_max_position_embeddings": {}, "rope_theta": 1e6, "rope_type": "yarn"}})",
                              original)
                      .c_str(),
                  {"model.language_model.embed_tokens.weight"});
  };
  const auto tied = ministral("16384");
  ASSERT_TRUE(tied) << tied.error().message;
  EXPECT_FALSE(tied->sources.head.has_value());
  EXPECT_EQ(tied->spec.context_length, 16384) << "beyond it queries grow";
  EXPECT_EQ(tied->spec.ropes[0].magnitude, 1);
  EXPECT_EQ(ministral("\"many\"").error().message,
            "config.json: rope scaling field 'original_max_position_embeddings' is not a number");
}

// LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct
TEST(PublishedConfigs, Exaone3IsLlamaWithOtherNames) {
  const auto plan = HfFolder(R"({"architectures": ["ExaoneForCausalLM"], "activation_function": "silu",
      "head_dim": 80, "hidden_size": 2560, "intermediate_size": 7168, "layer_norm_epsilon": 1e-05,
      "max_position_embeddings": 32768, "num_attention_heads": 32, "num_key_value_heads": 8, "num_layers": 30,
      "rope_scaling": {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192, "rope_type": "llama3"},
      "rope_theta": 1000000, "tie_word_embeddings": true, "vocab_size": 102400})",
                             {"transformer.wte.weight"})
                        .plan();
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->spec.layers.size(), 30u);
  EXPECT_EQ(plan->spec.layers[0].attention_norm.epsilon, 1e-5f);
  EXPECT_EQ(plan->spec.layers[0].mlp.intermediate_size, 7168);
  EXPECT_TRUE(plan->spec.layers[0].mlp.gated);
  EXPECT_FLOAT_EQ(plan->spec.ropes[0].inverse_frequencies.back(),
                  static_cast<float>(std::pow(1e6, -78.0 / 80) / 8));
  const LayerSources& last = plan->sources.layers[29];
  EXPECT_EQ(last.query_key_value.rows[1].tensor, "transformer.h.29.attn.attention.k_proj.weight");
  EXPECT_EQ(last.attention_output.rows[0].tensor, "transformer.h.29.attn.attention.out_proj.weight");
  EXPECT_EQ(last.gate_up.rows[0].tensor, "transformer.h.29.mlp.c_fc_0.weight");
  EXPECT_EQ(last.gate_up.rows[1].tensor, "transformer.h.29.mlp.c_fc_1.weight");
  EXPECT_EQ(last.mlp_norm.weight[0].tensor, "transformer.h.29.ln_2.weight");
}

// bert-base-uncased still has TensorFlow's names of a norm's weight and bias.
TEST(PublishedConfigs, NormsWithTheirOldNames) {
  const auto golden = testing::repository() / "tests/goldens/families/bert";
  std::string weights = read_text_file(golden / "model.safetensors", 1 << 24).value();
  std::string config = read_text_file(golden / "config.json", 1 << 20).value();
  const auto load = [&] {
    const HfFolder folder(config);
    folder.write("model.safetensors", weights);
    WorkerPool pool(1);
    return Model::load(folder.open().value(), {}, pool).value();
  };
  const auto today = load();
  int renamed = 0;
  const auto rename = [&](std::string_view from, std::string_view to) {
    for (std::size_t at; (at = weights.find(from)) != std::string::npos; ++renamed)
      weights.replace(at, from.size(), to);
  };
  rename("LayerNorm.weight\"", "LayerNorm.gamma\" ");
  rename("LayerNorm.bias\"", "LayerNorm.beta\"");
  EXPECT_GT(renamed, 2);
  const auto old = load();
  EXPECT_EQ(old->weights().embedding_norm.weight, today->weights().embedding_norm.weight);
  EXPECT_EQ(old->weights().layers[0].mlp_stream_norm.bias, today->weights().layers[0].mlp_stream_norm.bias);
}

TEST(PublishedConfigs, SizesThatWouldOverflowAreRefused) {
  for (const char* keys :
       {R"(, "head_dim": 16777216)", R"(, "num_attention_heads": 16777216, "num_key_value_heads": 1)",
        R"(, "num_attention_heads": 4096, "num_key_value_heads": 1, "head_dim": 512)"}) {
    const auto plan = HfFolder(llama_like("LlamaForCausalLM", keys)).plan();
    ASSERT_FALSE(plan.has_value()) << keys;
    EXPECT_NE(plan.error().message.find("num_attention_heads"), std::string::npos) << plan.error().message;
  }
}

/// The plan of a GGUF file with Llama's tensors whose keys are those of another architecture.
ModelSpec planned_gguf(const char* architecture, const std::function<void(GgufWriter&)>& change) {
  GgufWriter writer = testing::tiny_model({.layers = 4});
  writer.set("general.architecture", architecture);
  const auto set = [&](const char* key, GgufValue value) {
    writer.set(fmt::format("{}.{}", architecture, key), value);
  };
  for (const auto& [key, value] : {std::pair{"block_count", 4},
                                   {"context_length", 128},
                                   {"embedding_length", 32},
                                   {"feed_forward_length", 48},
                                   {"attention.head_count", 4},
                                   {"attention.head_count_kv", 2}})
    set(key, GgufValue(std::int64_t{value}));
  set("attention.layer_norm_rms_epsilon", GgufValue(1e-5)),
      set("attention.layer_norm_epsilon", GgufValue(1e-5));
  change(writer);
  const std::vector<std::byte> image = writer.image();
  const Checkpoint checkpoint = Checkpoint::from_gguf_image(image, "test").value();
  auto plan = plan_model(checkpoint);
  EXPECT_TRUE(plan.has_value()) << plan.error().message;
  return std::move(plan).value().spec;
}

// The converter writes "parallel" for StableLM wherever config.json does not have the key, as that of the 3B
// model.
TEST(PublishedGguf, StableLmWithTwoNormsIsSerial) {
  const ModelSpec spec = planned_gguf("stablelm", [](GgufWriter& w) {
    w.set("stablelm.use_parallel_residual", GgufValue(true));
    w.set("stablelm.rope.dimension_count", GgufValue(std::int64_t{2}));
  });
  EXPECT_FALSE(spec.layers[0].parallel);
  EXPECT_TRUE(spec.layers[0].mlp_norm.present);
}

TEST(PublishedGguf, YarnExtendsTheContext) {
  const ModelSpec spec = planned_gguf("llama", [](GgufWriter& w) {
    w.set("llama.rope.scaling.type", "yarn"), w.set("llama.rope.scaling.factor", GgufValue(4.0));
    w.set("llama.rope.scaling.original_context_length", GgufValue(std::int64_t{128}));
  });
  EXPECT_EQ(spec.context_length, 512);
}

TEST(PublishedGguf, DecodersThatSeeBothWaysAreEncoders) {
  const ModelSpec spec =
      planned_gguf("llama", [](GgufWriter& w) { w.set("llama.attention.causal", GgufValue(false)); });
  EXPECT_FALSE(spec.causal);
  EXPECT_FALSE(spec.has_head);
}

TEST(PublishedGguf, FirstGemma2FilesHaveNoWindowKey) {
  const ModelSpec spec = planned_gguf("gemma2", [](GgufWriter&) {});
  EXPECT_EQ(spec.layers[0].attention.window, 4096);
  EXPECT_EQ(spec.layers[0].attention.softcap, 50);
  EXPECT_EQ(spec.layers[1].attention.window, 0);
}

TEST(PublishedGguf, Exaone4WithoutWindowRotatesEverywhere) {
  const auto rotating = [](std::int64_t window) {
    const ModelSpec spec = planned_gguf(
        "exaone4", [&](GgufWriter& w) { w.set("exaone4.attention.sliding_window", GgufValue(window)); });
    return std::ranges::count_if(spec.layers, [](const LayerSpec& l) { return l.attention.rope >= 0; });
  };
  EXPECT_EQ(rotating(0), 4);
  EXPECT_EQ(rotating(64), 3);
}

// Before `rope.scaling.type` there was a factor alone, and before that under another name.
TEST(PublishedGguf, AScalingFactorWithoutATypeIsLinear) {
  for (const char* key : {"llama.rope.scaling.factor", "llama.rope.scale_linear"}) {
    const ModelSpec spec = planned_gguf("llama", [&](GgufWriter& w) { w.set(key, GgufValue(4.0)); });
    EXPECT_EQ(spec.ropes[0].inverse_frequencies[0], 0.25f) << key;
  }
}

}  // namespace
}  // namespace loci
