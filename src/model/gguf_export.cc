#include "model/gguf_export.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "model/families/family.h"
#include "model/rope.h"

namespace loci {
namespace {

/// An architecture that both containers have.
struct Twin {
  std::string_view hf, gguf;
  RowOrder rotary_rows = RowOrder::kAsStored;  // in GGUF
};
constexpr Twin kTwins[] = {{"LlamaForCausalLM", "llama", RowOrder::kInterleavedPairs},
                           {"MistralForCausalLM", "llama", RowOrder::kInterleavedPairs},
                           {"Qwen2ForCausalLM", "qwen2"},
                           {"Qwen3ForCausalLM", "qwen3"},
                           {"GemmaForCausalLM", "gemma"},
                           {"Gemma2ForCausalLM", "gemma2"},
                           {"Gemma3ForCausalLM", "gemma3"},
                           {"GraniteForCausalLM", "granite", RowOrder::kInterleavedPairs},
                           {"Olmo2ForCausalLM", "olmo2"},
                           {"Phi3ForCausalLM", "phi3"}};

Result<Twin> twin_of(std::string_view architecture) {
  const auto found = std::ranges::find(kTwins, architecture, &Twin::hf);
  if (found != std::end(kTwins)) return *found;
  std::string known;
  for (const Twin& twin : kTwins) known += fmt::format("{}{}", known.empty() ? "" : ", ", twin.hf);
  return fail(ErrorCode::kUnsupported, "architecture '{}' has no GGUF name here; those that have one: {}",
              architecture, known);
}

/// Fields of config.json, also those in its text_config.
class Fields {
 public:
  explicit Fields(const json::object& config) : config_(config) {
    const json::value* nested = find_field(config, "text_config");
    if (nested != nullptr && nested->is_object()) text_ = &nested->get_object();
    for (const char* key : {"rope_parameters", "rope_scaling"})
      if (const json::value* rope = find(key); rope != nullptr && rope->is_object() && rope_ == nullptr)
        rope_ = &rope->get_object();
  }

  const json::value* find(std::string_view key) const {
    const json::value* value = text_ != nullptr ? find_field(*text_, key) : nullptr;
    return value != nullptr ? value : find_field(config_, key);
  }
  const json::value* rope(std::string_view key) const {
    return rope_ != nullptr ? find_field(*rope_, key) : nullptr;
  }

  std::string_view rope_kind() const {
    for (const char* key : {"rope_type", "type"})
      if (const json::value* kind = rope(key); kind != nullptr && kind->is_string())
        return kind->get_string();
    return "default";
  }
  static double number_or(const json::value* value, double fallback) {
    return value != nullptr && value->is_number() ? value->to_number<double>() : fallback;
  }

 private:
  const json::object& config_;
  const json::object* text_ = nullptr;
  const json::object* rope_ = nullptr;
};

class Exporter {
 public:
  Exporter(const Checkpoint& checkpoint, const ModelPlan& plan, const Twin& twin, GgufWriter& writer)
      : checkpoint_(checkpoint),
        plan_(plan),
        spec_(plan.spec),
        twin_(twin),
        writer_(writer),
        fields_(checkpoint.hf_config()) {}

  Result<GgufExport> run() {
    set_keys();
    LOCI_TRY_VOID(set_rope());
    const AttentionSpec& a = spec_.layers.front().attention;
    made_.heads_per_values = a.heads / a.kv_heads;
    made_.vocab_size = spec_.vocab_size;
    LOCI_TRY_VOID(add_outer_tensors());
    for (std::size_t i = 0; i < spec_.layers.size(); ++i) LOCI_TRY_VOID(add_layer(i));
    return std::move(made_);
  }

 private:
  std::string key(std::string_view suffix) const { return fmt::format("{}.{}", twin_.gguf, suffix); }
  void set(std::string_view suffix, int value) { writer_.set(key(suffix), GgufValue(std::int64_t{value})); }
  void set(std::string_view suffix, double value) { writer_.set(key(suffix), GgufValue(value)); }

  void set_keys() {
    const LayerSpec& layer = spec_.layers.front();
    const AttentionSpec& a = layer.attention;
    writer_.set("general.architecture", twin_.gguf);
    writer_.set("general.name", std::string_view(checkpoint_.name()));
    set("block_count", static_cast<int>(spec_.layers.size()));
    set("context_length", spec_.context_length);
    set("embedding_length", spec_.hidden_size);
    set("feed_forward_length", layer.mlp.intermediate_size);
    set("attention.head_count", a.heads);
    set("attention.head_count_kv", a.kv_heads);
    set("attention.key_length", a.head_dim);
    set("attention.value_length", a.head_dim);
    set("attention.layer_norm_rms_epsilon", double{spec_.output_norm.epsilon});
    set("vocab_size", spec_.vocab_size);
    for (const LayerSpec& l : spec_.layers)
      if (l.attention.window > 0) set("attention.sliding_window", l.attention.window);
    if (a.softcap > 0) set("attn_logit_softcapping", double{a.softcap});
    if (spec_.logit_softcap > 0) set("final_logit_softcapping", double{spec_.logit_softcap});
    if (twin_.gguf != "granite") return;
    set("embedding_scale", double{spec_.embedding.scale});
    set("attention.scale", double{a.scale});
    set("residual_scale", double{spec_.residual_scale});
    set("logit_scale", 1 / double{spec_.logit_scale});
  }

  /// The base of the frequencies and what scales them.
  Result<> set_rope() {
    if (spec_.ropes.empty()) return {};
    set("rope.dimension_count", spec_.ropes.front().rotary_dim);
    const double theta = Fields::number_or(fields_.rope("rope_theta"),
                                           Fields::number_or(fields_.find("rope_theta"), default_theta()));
    set("rope.freq_base", theta);
    if (const json::value* local = fields_.find("rope_local_base_freq"))
      set("rope.freq_base_swa", Fields::number_or(local, 10000));
    const std::string_view kind = fields_.rope_kind();
    if (kind == "default") return {};
    if (kind == "linear") {
      writer_.set(key("rope.scaling.type"), "linear");
      set("rope.scaling.factor", Fields::number_or(fields_.rope("factor"), 1));
      return {};
    }
    if (kind == "llama3" && twin_.gguf == "llama") return add_rope_divisors(theta);
    return fail(ErrorCode::kUnsupported, "config.json: rope_type '{}' of '{}' is not written as GGUF", kind,
                twin_.hf);
  }
  double default_theta() const { return twin_.gguf == "gemma3" ? 1e6 : 10000; }

  /// "rope_freqs.weight": by how much each frequency is divided.
  Result<> add_rope_divisors(double theta) {
    const RopeSpec& rope = spec_.ropes.front();
    const std::vector<float> plain = rope_inverse_frequencies(theta, rope.rotary_dim);
    for (std::size_t i = 0; i < plain.size(); ++i)
      made_.rope_divisors.push_back(plain[i] / rope.inverse_frequencies[i]);
    const std::span<const float> divisors = made_.rope_divisors;
    const Tensor& tensor = made_.made.emplace_back(Tensor{.name = "rope_freqs.weight",
                                                          .dtype = DType::kF32,
                                                          .shape = {divisors.size()},
                                                          .bytes = std::as_bytes(divisors)});
    made_.tensors.push_back({.name = tensor.name, .stored = &tensor, .shape = tensor.shape});
    return {};
  }

  Result<const Tensor*> find(const std::string& name) const {
    if (const Tensor* tensor = checkpoint_.find(name)) return tensor;
    return fail(ErrorCode::kCorrupt, "tensor '{}' is missing", name);
  }

  Result<> add(std::string name, const std::string& stored, float plus = 0) {
    LOCI_TRY(const Tensor* tensor, find(stored));
    made_.tensors.push_back({.name = std::move(name), .stored = tensor, .shape = tensor->shape, .add = plus});
    return {};
  }

  /// The stored row of each of GGUF's rows.
  std::vector<std::uint32_t> row_order(const RowSource& source) const {
    RowSource gguf = source;
    gguf.order = source.rotary_dim > 0 ? twin_.rotary_rows : RowOrder::kAsStored;
    std::vector<std::uint32_t> rows(static_cast<std::size_t>(source.rows));
    for (int r = 0; r < source.rows; ++r)
      rows[static_cast<std::size_t>(gguf.stored_row(r))] = static_cast<std::uint32_t>(source.stored_row(r));
    return rows;
  }

  /// A matrix, or with `bias` its vector, whose rows may have to change places.
  Result<> add_rows(std::string name, const std::string& stored, const RowSource& source) {
    LOCI_TRY(const Tensor* tensor, find(stored));
    const bool turns = twin_.rotary_rows != RowOrder::kAsStored && source.rotary_dim > 0;
    if (!turns) return add(std::move(name), stored);
    if (tensor->shape.empty() || tensor->shape.front() != static_cast<std::size_t>(source.rows))
      return fail(ErrorCode::kCorrupt, "tensor '{}' has not the {} rows that the configuration says", stored,
                  source.rows);
    const std::vector<std::size_t> shape = tensor->shape;
    if (shape.size() == 1) {  // elements change places as rows of one column
      Tensor column = *tensor;
      column.shape = {shape.front(), 1};
      tensor = &made_.made.emplace_back(std::move(column));
    }
    made_.tensors.push_back(
        {.name = std::move(name), .stored = tensor, .shape = shape, .rows = row_order(source)});
    return {};
  }

  static std::string bias_of(std::string_view weight) {
    return std::string(weight.substr(0, weight.size() - std::string_view("weight").size())) + "bias";
  }

  Result<> add_linear(const std::string& name, const LinearSource& linear, const RowSource& source) {
    LOCI_TRY_VOID(add_rows(name + ".weight", source.tensor, source));
    if (!linear.bias) return {};
    return add_rows(name + ".bias", bias_of(source.tensor), source);
  }

  Result<> add_norm(const std::string& name, const NormSource& norm) {
    if (norm.weight.empty()) return {};
    LOCI_TRY_VOID(add(name + ".weight", norm.weight.front().tensor, norm.add));
    if (norm.bias) LOCI_TRY_VOID(add(name + ".bias", bias_of(norm.weight.front().tensor)));
    return {};
  }

  Result<> add_outer_tensors() {
    const ModelSources& s = plan_.sources;
    LOCI_TRY_VOID(add("token_embd.weight", s.embedding));
    LOCI_TRY_VOID(add_norm("output_norm", s.output_norm));
    if (s.head) LOCI_TRY_VOID(add("output.weight", *s.head));
    return {};
  }

  Result<> add_layer(std::size_t index) {
    const LayerSources& s = plan_.sources.layers[index];
    const std::string prefix = fmt::format("blk.{}.", index);
    const auto named = [&](std::string_view name) { return prefix + std::string(name); };
    LOCI_TRY_VOID(add_norm(named(kGgufNames.attention_norm), s.attention_norm));
    LOCI_TRY_VOID(add_norm(named(kGgufNames.mlp_norm), s.mlp_norm));
    LOCI_TRY_VOID(add_norm(named(kGgufNames.attention_post_norm), s.attention_post_norm));
    LOCI_TRY_VOID(add_norm(named(kGgufNames.mlp_post_norm), s.mlp_post_norm));
    LOCI_TRY_VOID(add_norm(named(kGgufNames.query_norm), s.query_norm));
    LOCI_TRY_VOID(add_norm(named(kGgufNames.key_norm), s.key_norm));
    LOCI_TRY_VOID(add_group(prefix, s.query_key_value, {kGgufNames.query, kGgufNames.key, kGgufNames.value},
                            kGgufNames.query_key_value));
    LOCI_TRY_VOID(
        add_linear(named(kGgufNames.attention_output), s.attention_output, s.attention_output.rows.front()));
    LOCI_TRY_VOID(add_group(prefix, s.gate_up, {kGgufNames.gate, kGgufNames.up}, kGgufNames.gate_up));
    return add_linear(named(kGgufNames.down), s.down, s.down.rows.front());
  }

  /// Matrices that are computed together: each by itself or, where one tensor holds them all, that.
  Result<> add_group(const std::string& prefix, const LinearSource& linear,
                     std::vector<std::string_view> names, std::string_view fused) {
    const auto& rows = linear.rows;
    const bool one =
        std::ranges::all_of(rows, [&](const RowSource& r) { return r.tensor == rows.front().tensor; });
    if (one) {
      LOCI_TRY_VOID(add(prefix + std::string(fused) + ".weight", rows.front().tensor));
      return linear.bias ? add(prefix + std::string(fused) + ".bias", bias_of(rows.front().tensor))
                         : Result<>();
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      RowSource source = rows[i];
      if (names[i] == kGgufNames.value) source.rotary_dim = 0;
      LOCI_TRY_VOID(add_linear(prefix + std::string(names[i]), linear, source));
    }
    return {};
  }

  const Checkpoint& checkpoint_;
  const ModelPlan& plan_;
  const ModelSpec& spec_;
  const Twin& twin_;
  GgufWriter& writer_;
  Fields fields_;
  GgufExport made_;
};

bool near(double a, double b) {
  return std::fabs(a - b) <= 1e-5 * std::max(std::fabs(a), std::fabs(b));
}

bool same_ropes(const ModelSpec& a, const ModelSpec& b) {
  const auto same = [](const RopeSpec& x, const RopeSpec& y) {
    return near(x.magnitude, y.magnitude) && std::ranges::equal(x.inverse_frequencies, y.inverse_frequencies,
                                                                [](float f, float g) { return near(f, g); });
  };
  return std::ranges::equal(a.ropes, b.ropes, same);
}

/// The first thing in which two layers differ; nullptr: none.
const char* layer_difference(const LayerSpec& a, const LayerSpec& b) {
  const AttentionSpec &x = a.attention, &y = b.attention;
  if (x.heads != y.heads || x.kv_heads != y.kv_heads || x.head_dim != y.head_dim) return "heads";
  if (x.window != y.window) return "sliding window";
  if (x.rope != y.rope) return "which layers rotate";
  if (!near(x.scale, y.scale)) return "scale of the scores";
  if (!near(x.softcap, y.softcap)) return "soft cap of the scores";
  if (x.head_norm != y.head_norm) return "norms of queries and keys";
  if (a.mlp.intermediate_size != b.mlp.intermediate_size || a.mlp.activation != b.mlp.activation ||
      a.mlp.gated != b.mlp.gated)
    return "MLP";
  if (a.parallel != b.parallel || a.attention_norm.present != b.attention_norm.present ||
      a.attention_post_norm.present != b.attention_post_norm.present ||
      !near(a.attention_norm.epsilon, b.attention_norm.epsilon))
    return "norms";
  return nullptr;
}

const char* difference(const ModelSpec& a, const ModelSpec& b) {
  if (a.vocab_size != b.vocab_size || a.hidden_size != b.hidden_size || a.layers.size() != b.layers.size())
    return "sizes";
  if (a.context_length != b.context_length) return "context";
  if (!same_ropes(a, b)) return "RoPE";
  if (!near(a.embedding.scale, b.embedding.scale) || !near(a.residual_scale, b.residual_scale) ||
      !near(a.logit_scale, b.logit_scale))
    return "multipliers";
  if (!near(a.logit_softcap, b.logit_softcap)) return "soft cap of the logits";
  if (!near(a.output_norm.epsilon, b.output_norm.epsilon)) return "norms";
  for (std::size_t i = 0; i < a.layers.size(); ++i)
    if (const char* found = layer_difference(a.layers[i], b.layers[i])) return found;
  return nullptr;
}

}  // namespace

Result<GgufExport> export_to_gguf(const Checkpoint& checkpoint, GgufWriter& writer) {
  LOCI_TRY(const ModelPlan plan, plan_model(checkpoint));
  LOCI_TRY(const Twin twin, twin_of(plan.spec.architecture));
  if (!plan.spec.has_head)
    return fail(ErrorCode::kUnsupported, "'{}' without a head is not written as GGUF",
                plan.spec.architecture);
  return Exporter(checkpoint, plan, twin, writer).run();
}

Result<> check_same_model(const Checkpoint& original, const Checkpoint& written) {
  LOCI_TRY(const ModelPlan before, plan_model(original));
  LOCI_TRY(const ModelPlan after, plan_model(written));
  const char* found = difference(before.spec, after.spec);
  if (found == nullptr) return {};
  return fail(ErrorCode::kUnsupported, "GGUF's keys cannot say what '{}' does here: {}",
              before.spec.architecture, found);
}

}  // namespace loci
