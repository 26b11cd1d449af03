#include "model/rope_config.h"

#include <cstring>

#include "model/rope.h"

namespace loci {
namespace {

Result<> require_positive(double value, std::string_view name) {
  if (value > 0) return {};
  return fail(ErrorCode::kCorrupt, "rope scaling field '{}' is {}, must be above 0", name, value);
}

/// config.json's rope parameters, an object of numbers with a type.
class HfRope {
 public:
  HfRope(const ModelConfig& config, const RopeQuery& query) : config_(config), query_(query) {}

  Result<RopeSpec> read() {
    LOCI_TRY_VOID(find_parameters());
    const bool local = query_.layer_type == "sliding_attention";
    LOCI_TRY(theta_, config_.number_or(local ? "rope_local_base_freq" : "rope_theta", query_.default_theta));
    LOCI_TRY(theta_, number_or("rope_theta", theta_));
    if (!(theta_ > 1)) return fail(ErrorCode::kCorrupt, "field 'rope_theta' is {}, must be above 1", theta_);
    LOCI_TRY(const std::string kind, this->kind());
    LOCI_TRY(context_, config_.extent_or("max_position_embeddings", 2048));
    LOCI_TRY(const double original, config_.number_or("original_max_position_embeddings", context_));
    LOCI_TRY(original_, number_or("original_max_position_embeddings", original));
    LOCI_TRY_VOID(require_positive(original_, "original_max_position_embeddings"));
    LOCI_TRY(factor_, number_or("factor", context_ / original_));
    LOCI_TRY_VOID(require_positive(factor_, "factor"));
    rope_ = {query_.rotary_dim, rope_inverse_frequencies(theta_, query_.rotary_dim)};
    if (kind == "linear") scale_linear(rope_.inverse_frequencies, factor_);
    if (kind == "dynamic") LOCI_TRY_VOID(dynamic());
    if (kind == "llama3") LOCI_TRY_VOID(llama3());
    if (kind == "yarn") LOCI_TRY_VOID(yarn());
    if (kind == "longrope") LOCI_TRY_VOID(longrope());
    return std::move(rope_);
  }

 private:
  Result<> find_parameters() {
    const json::value* found = find_field(config_.json(), "rope_parameters");  // transformers 5
    if (found != nullptr && found->is_object() && !query_.layer_type.empty())
      if (const json::value* typed = find_field(found->get_object(), query_.layer_type)) found = typed;
    if (found == nullptr &&
        query_.layer_type != "sliding_attention")  // transformers 4 scaled global layers only
      found = find_field(config_.json(), "rope_scaling");
    if (found == nullptr) return {};
    if (!found->is_object())
      return fail(ErrorCode::kCorrupt, "field 'rope_parameters' or 'rope_scaling' is not an object");
    parameters_ = &found->get_object();
    return {};
  }

  Result<std::string> kind() const {
    for (const char* key : {"rope_type", "type"}) {
      const json::value* value = parameters_ ? find_field(*parameters_, key) : nullptr;
      if (value == nullptr) continue;
      if (!value->is_string())
        return fail(ErrorCode::kCorrupt, "rope scaling field '{}' is not a string", key);
      const std::string_view kind = value->get_string();
      for (const std::string_view known : {"default", "linear", "dynamic", "llama3", "yarn", "longrope"})
        if (kind == known) return std::string(kind);
      if (kind == "su") return std::string("longrope");  // its first name
      return fail(ErrorCode::kUnsupported, "rope_type '{}' is not supported", kind);
    }
    return std::string("default");
  }

  Result<double> number_or(std::string_view key, double fallback) const {
    const json::value* value = parameters_ ? find_field(*parameters_, key) : nullptr;
    if (value == nullptr) return fallback;
    if (!value->is_number()) return fail(ErrorCode::kCorrupt, "rope scaling field '{}' is not a number", key);
    return value->to_number<double>();
  }

  Result<> dynamic() {
    const double theta = dynamic_ntk_theta(theta_, factor_, query_.rotary_dim, context_, context_ * factor_);
    rope_.inverse_frequencies = rope_inverse_frequencies(theta, query_.rotary_dim);
    rope_.reach = context_ * factor_;
    return {};
  }

  Result<> llama3() {
    Llama3Scaling s{.factor = factor_,
                    .low_frequency_factor = 1,
                    .high_frequency_factor = 4,
                    .original_context_length = original_};
    LOCI_TRY(s.low_frequency_factor, number_or("low_freq_factor", 1.0));
    LOCI_TRY(s.high_frequency_factor, number_or("high_freq_factor", 4.0));
    if (!(s.low_frequency_factor > 0) || !(s.high_frequency_factor > s.low_frequency_factor))
      return fail(ErrorCode::kCorrupt,
                  "rope scaling fields 'low_freq_factor' and 'high_freq_factor' must be positive and rising");
    scale_llama3(rope_.inverse_frequencies, s);
    return {};
  }

  Result<> yarn() {
    YarnScaling s{.theta = theta_, .factor = factor_, .original_context_length = original_};
    LOCI_TRY(s.beta_fast, number_or("beta_fast", 32));
    LOCI_TRY(s.beta_slow, number_or("beta_slow", 1));
    LOCI_TRY_VOID(require_positive(s.beta_fast, "beta_fast"));
    LOCI_TRY_VOID(require_positive(s.beta_slow, "beta_slow"));
    const json::value* truncate = find_field(*parameters_, "truncate");
    s.truncate = truncate == nullptr || *truncate != false;
    scale_yarn(rope_.inverse_frequencies, s);
    LOCI_TRY(const double mscale, number_or("mscale", 0));
    LOCI_TRY(const double mscale_all, number_or("mscale_all_dim", 0));
    double magnitude = yarn_magnitude(factor_);
    if (mscale != 0 && mscale_all != 0)
      magnitude = yarn_magnitude(factor_, mscale) / yarn_magnitude(factor_, mscale_all);
    LOCI_TRY(magnitude, number_or("attention_factor", magnitude));
    rope_.magnitude = static_cast<float>(magnitude);
    if (parameters_->contains("original_max_position_embeddings")) rope_.reach = original_ * factor_;
    return {};
  }

  Result<> longrope() {
    const int served = query_.served_context > 0 ? query_.served_context : static_cast<int>(context_);
    const char* key = served > original_ ? "long_factor" : "short_factor";
    const json::value* list = find_field(*parameters_, key);
    const std::size_t count = rope_.inverse_frequencies.size();
    if (list == nullptr || !list->is_array() || list->get_array().size() != count)
      return fail(ErrorCode::kCorrupt, "rope scaling field '{}' is not a list of {} numbers", key, count);
    std::vector<float> divisors;
    for (const json::value& value : list->get_array()) {
      if (!value.is_number() || !(value.to_number<double>() > 0))
        return fail(ErrorCode::kCorrupt,
                    "rope scaling field '{}' has an element that is not a positive number", key);
      divisors.push_back(value.to_number<float>());
    }
    divide_frequencies(rope_.inverse_frequencies, divisors);
    LOCI_TRY(const double magnitude,
             number_or("attention_factor", longrope_magnitude(context_ / original_, original_)));
    rope_.magnitude = static_cast<float>(magnitude);
    return {};
  }

  const ModelConfig& config_;
  const RopeQuery& query_;
  const json::object* parameters_ = nullptr;
  double theta_ = 0, factor_ = 1, context_ = 0, original_ = 0;
  RopeSpec rope_;
};

/// GGUF: `rope.*` keys; factors of each frequency lie in tensors.
class GgufRope {
 public:
  GgufRope(const Checkpoint& checkpoint, const ModelConfig& config, const RopeQuery& query)
      : checkpoint_(checkpoint), config_(config), query_(query) {}

  Result<RopeSpec> read() {
    const bool local = query_.layer_type == "sliding_attention";
    LOCI_TRY(theta_, config_.number_or(local ? "rope_local_base_freq" : "rope_theta", query_.default_theta));
    if (!(theta_ > 1))
      return fail(ErrorCode::kCorrupt, "{} is {}, must be above 1", config_.spelled("rope_theta"), theta_);
    rope_ = {query_.rotary_dim, rope_inverse_frequencies(theta_, query_.rotary_dim)};
    LOCI_TRY_VOID(divide_by("rope_freqs.weight"));
    LOCI_TRY_VOID(longrope());
    if (local) return std::move(rope_);
    LOCI_TRY(const std::string_view kind,
             config_.gguf().get_or<std::string_view>(config_.gguf_key("rope.scaling.type"), "linear"));
    if (kind == "linear" || kind == "yarn") {
      LOCI_TRY(const double old_factor, number_or("rope.scale_linear", 1.0));
      LOCI_TRY(const double factor, number_or("rope.scaling.factor", old_factor));
      if (!(factor > 0))
        return fail(ErrorCode::kCorrupt, "{} is {}, must be above 0", config_.gguf_key("rope.scaling.factor"),
                    factor);
      if (kind == "linear") scale_linear(rope_.inverse_frequencies, factor);
      if (kind == "yarn") LOCI_TRY_VOID(yarn(factor));
    } else if (kind != "none" && kind != "longrope") {
      return fail(ErrorCode::kUnsupported, "{} '{}' is not supported", config_.gguf_key("rope.scaling.type"),
                  kind);
    }
    return std::move(rope_);
  }

 private:
  Result<double> number_or(std::string_view suffix, double fallback) const {
    return config_.gguf().get_or<double>(config_.gguf_key(suffix), fallback);
  }

  /// Divides the frequencies by the factors of a tensor, if the file has it.
  Result<bool> divide_by(std::string_view name) {
    const Tensor* divisors = checkpoint_.find(name);
    if (divisors == nullptr) return false;
    const std::size_t count = rope_.inverse_frequencies.size();
    if (divisors->dtype != DType::kF32 || divisors->elements() != count)
      return fail(ErrorCode::kCorrupt, "tensor '{}' is not {} F32 values", name, count);
    std::vector<float> values(count);
    std::memcpy(values.data(), divisors->bytes.data(), divisors->bytes.size());
    divide_frequencies(rope_.inverse_frequencies, values);
    return true;
  }

  Result<> longrope() {
    LOCI_TRY(const int context, config_.extent("max_position_embeddings"));
    LOCI_TRY(const double original, number_or("rope.scaling.original_context_length", context));
    const int served = query_.served_context > 0 ? query_.served_context : context;
    LOCI_TRY(const bool used,
             divide_by(served > original ? "rope_factors_long.weight" : "rope_factors_short.weight"));
    if (!used) return {};
    LOCI_TRY(const double magnitude, number_or("rope.scaling.attn_factor", 1.0));
    rope_.magnitude = static_cast<float>(magnitude);
    return {};
  }

  Result<> yarn(double factor) {
    LOCI_TRY(const int context, config_.extent("max_position_embeddings"));
    YarnScaling s{.theta = theta_, .factor = factor, .original_context_length = 0};
    LOCI_TRY(s.original_context_length, number_or("rope.scaling.original_context_length", context));
    LOCI_TRY(s.beta_fast, number_or("rope.scaling.yarn_beta_fast", 32));
    LOCI_TRY(s.beta_slow, number_or("rope.scaling.yarn_beta_slow", 1));
    LOCI_TRY_VOID(require_positive(s.original_context_length, "original_context_length"));
    LOCI_TRY_VOID(require_positive(s.beta_fast, "yarn_beta_fast"));
    LOCI_TRY_VOID(require_positive(s.beta_slow, "yarn_beta_slow"));
    scale_yarn(rope_.inverse_frequencies, s);
    LOCI_TRY(double attention_factor, number_or("rope.scaling.attn_factor", 1.0));
    LOCI_TRY(const double mscale_all, number_or("rope.scaling.yarn_log_multiplier", 0));
    if (mscale_all != 0) attention_factor /= yarn_magnitude(factor, mscale_all);
    // Where it is there, this one is the whole magnitude.
    LOCI_TRY(const double magnitude,
             number_or("rope.scaling.yarn_attn_factor", attention_factor * yarn_magnitude(factor)));
    rope_.magnitude = static_cast<float>(magnitude);
    // Without the original context, the file's may be the extended one.
    if (config_.gguf().contains(config_.gguf_key("rope.scaling.original_context_length")))
      rope_.reach = s.original_context_length * factor;
    return {};
  }

  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  const RopeQuery& query_;
  double theta_ = 0;
  RopeSpec rope_;
};

}  // namespace

Result<RopeSpec> read_rope(const Checkpoint& checkpoint, const ModelConfig& config, const RopeQuery& query) {
  if (query.rotary_dim < 2 || query.rotary_dim % 2 != 0)
    return fail(ErrorCode::kCorrupt, "{} dimensions of a head rotate: an odd number, RoPE needs pairs",
                query.rotary_dim);
  return checkpoint.is_gguf() ? GgufRope(checkpoint, config, query).read() : HfRope(config, query).read();
}

}  // namespace loci
