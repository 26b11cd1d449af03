#include "cli/model_options.h"

#include <array>

#include "base/log.h"
#include "base/named_table.h"
#include "cli/validators.h"
#include "hub/store.h"
#include "memory/evict/evict.h"
#include "sched/policies.h"

namespace loci::cli {

Result<std::optional<DType>> parse_dtype(std::string_view flag, const std::string& name) {
  struct Alias {
    std::string_view name;
    DType dtype;
  };
  static constexpr std::array kVllmNames{Alias{"float32", DType::kF32}, Alias{"float", DType::kF32},
                                         Alias{"float16", DType::kF16}, Alias{"half", DType::kF16},
                                         Alias{"bfloat16", DType::kBF16}};
  if (name == "auto") return std::nullopt;
  for (const Alias& alias : kVllmNames)
    if (CLI::detail::to_lower(name) == alias.name) return alias.dtype;
  if (const auto dtype = dtype_from_name(name); dtype && is_float(*dtype)) return dtype;
  return fail(ErrorCode::kInvalidArgument, "{} '{}' is none of auto, float32, float16, bfloat16", flag, name);
}

namespace {

/// As parse_dtype(), and the 8-bit types by vLLM's names.
Result<std::optional<DType>> parse_kv_dtype(const std::string& name) {
  const std::string lower = CLI::detail::to_lower(name);
  if (lower == "int8") return DType::kI8;
  if (lower == "fp8" || lower == "fp8_e4m3") return DType::kF8_E4M3;
  if (auto dtype = parse_dtype("--kv-cache-dtype", name)) return dtype;
  return fail(ErrorCode::kInvalidArgument,
              "--kv-cache-dtype '{}' is none of auto, float32, float16, bfloat16, int8, fp8, fp8_e4m3", name);
}

}  // namespace

bool is_pulled_model(const std::string& word) {
  if (std::filesystem::exists(word)) return false;
  const auto name = parse_model_name(word);
  return name && find_pulled(default_store(), *name).has_value();
}

/// A path that exists is a path. What does not exist and looks like org/name is looked for in the store.
Result<> ModelOptions::find_model() {
  std::error_code error;
  if (model.empty() || std::filesystem::exists(model, error)) return {};
  const auto name = parse_model_name(model);
  if (!name) return {};  // the loader says that there is no such file
  auto path = find_pulled(default_store(), *name);
  if (!path)
    return fail(path.error().code, "{}: there is no such file or folder, and {}", model,
                path.error().message);
  pulled_name = std::exchange(model, path->string());
  return {};
}

Result<> ModelOptions::apply() {
  LOCI_TRY(const LogLevel level, parse_log_level(log_level));
  set_log_level(level);
  LOCI_TRY_VOID(find_model());
  LOCI_TRY(engine.kv_cache_dtype, parse_kv_dtype(kv_cache_dtype));
  LOCI_TRY(load_dtype, parse_dtype("--dtype", dtype));
  if (kv_cache_memory > 0) engine.kv_cache_memory = kv_cache_memory;
  return {};
}

LoadOptions ModelOptions::load_options() const {
  LoadOptions load;
  if (!chat_template.empty()) load.chat_template = chat_template;
  if (load_dtype == DType::kF32)
    load.arithmetic = Arithmetic::kFloat32;
  else
    load.dtype = load_dtype;
  if (generation_config == "vllm") load.generation_config = GenerationConfigSource::kVllm;
  load.pooling = pooling_from_name(pooling);
  load.threads = engine.threads;
  load.served_context = engine.max_model_len;
  return load;
}

void add_model_argument(CLI::App& command, ModelOptions& options) {
  command.add_option(
      "MODEL,-m,--model", options.model,
      "a .gguf file, a Hugging Face folder, or org/name[:quant] as it was pulled; without it, the "
      "embedded model");
}

void add_model_options(CLI::App& command, ModelOptions& options) {
  command
      .add_option("--dtype", options.dtype,
                  "type to compute in: auto (as suits the weights' own), float32 (weights stay as they are), "
                  "float16 or bfloat16 (float weights are converted)")
      ->capture_default_str()
      ->take_last();
  command.add_option("--threads", options.engine.threads, "kernel threads; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->take_last();
  command
      .add_option("--chat-template", options.chat_template,
                  "Jinja file that renders chats, instead of the model's own")
      ->take_last();
  command
      .add_option("--generation-config", options.generation_config,
                  "sampling defaults: auto (the model's generation_config.json) or vllm (none)")
      ->check(CLI::IsMember({"auto", "vllm"}))
      ->capture_default_str()
      ->take_last();
  command
      .add_option("--pooling", options.pooling,
                  "how embeddings are made of tokens: auto (as the model says, else mean), mean, cls, last")
      ->check(CLI::IsMember({"auto", "mean", "cls", "last"}))
      ->capture_default_str()
      ->take_last();
  command.add_option("--log-level", options.log_level, "debug, info, warning, error or off")
      ->capture_default_str()
      ->take_last();
}

namespace {

void add_policy_options(CLI::App& command, EngineConfig& engine) {
  const auto add = [&](const char* flag, std::string& value, const char* what, const std::string& names) {
    command.add_option(flag, value, fmt::format("{}: {}", what, names))->capture_default_str()->take_last();
  };
  const auto add_number = [&](const char* flag, double& value, const char* what) {
    command.add_option(flag, value, what)->capture_default_str()->check(CLI::Range(0.0, 1e9))->take_last();
  };
  add("--scheduling-policy", engine.scheduling_policy, "order in which prompts are computed",
      names_of(order_policies()));
  add("--chunk-policy", engine.chunk_policy, "how much of prompts a step takes beside running streams",
      names_of(chunk_policies()));
  add("--admission-policy", engine.admission_policy, "the KV that a request is expected to need",
      names_of(admit_policies()));
  add("--preemption-policy", engine.preemption_policy, "who gives its KV back when it is needed",
      names_of(preempt_policies()));
  add("--preemption-mode", engine.preemption_mode, "what becomes of that KV", "auto, recompute, swap");
  add("--eviction-policy", engine.eviction_policy, "which cached KV is given up first",
      names_of(evict_policies()));
  add_number("--inter-token-ms", engine.inter_token_ms,
             "what a step with running streams should not exceed for the sake of prompts (policy slo)");
  add_number("--max-queue-delay", engine.max_queue_delay_s,
             "seconds; a request that is predicted to wait longer is refused with 429; 0: none is");
  add_number("--batch-delay-ms", engine.batch_delay_ms, "that a text to embed may wait for company");
  add_number(
      "--patience", engine.patience,
      "order fair: times its own time that a prompt waits for shorter ones of its tenant; 0: by arrival");
  add_number("--ageing", engine.ageing, "order srpf: prompt tokens that a second of waiting counts for");
  const auto add_count = [&](const char* flag, int& value, int least, const char* what) {
    command.add_option(flag, value, what)->capture_default_str()->check(at_least(least))->take_last();
  };
  add_count("--lpm-group", engine.lpm_group, 1, "k of the order k-lpm");
  add_count("--step-tokens", engine.step_tokens, 0,
            "policy splitfuse: tokens of every step; 0: where the machine is nearly saturated");
}

}  // namespace

void add_engine_options(CLI::App& command, ModelOptions& options) {
  EngineConfig& engine = options.engine;
  command
      .add_option("--max-model-len", engine.max_model_len,
                  "tokens of prompt and output together; 0: the model's context")
      ->check(at_least(0))
      ->take_last();
  command.add_option("--max-num-seqs", engine.max_num_seqs, "sequences that run at once")
      ->capture_default_str()
      ->check(at_least(1))
      ->take_last();
  command
      .add_option("--max-num-batched-tokens", engine.max_num_batched_tokens,
                  "tokens of a step, shared by prompt chunks and running streams")
      ->capture_default_str()
      ->check(at_least(1))
      ->take_last();
  command.add_option("--block-size", engine.block_size, "tokens of a KV block")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096))
      ->take_last();
  command
      .add_option("--kv-cache-memory", options.kv_cache_memory,
                  "memory of the KV cache, such as 512MB or 4GB; default: what max-num-seqs full contexts "
                  "need, at most 4GB")
      ->transform(CLI::AsSizeValue(false))
      ->take_last();
  command
      .add_option("--kv-cache-dtype", options.kv_cache_dtype,
                  "type of keys and values: auto (the model's; 16 bits for quantized ones), float32, "
                  "float16, bfloat16, int8, fp8")
      ->capture_default_str()
      ->take_last();
  command.add_flag("--enable-prefix-caching,!--no-enable-prefix-caching", engine.prefix_caching,
                   "keep KV of ended requests for those that begin alike (default)");
  command.add_flag("--kv-prefault,!--no-kv-prefault", engine.kv_prefault,
                   "have the system provide KV memory in idle time (default), not where it is first used");
  command
      .add_option("--swap-space", engine.swap_space,
                  "memory of the host tier, such as 2GB, to which KV goes before it is given up; 0: none")
      ->transform(CLI::AsSizeValue(false))
      ->take_last();
  command
      .add_option("--step-log", engine.step_log,
                  "records what the engine is asked and decides, prompts included, for `loci sim --replay`")
      ->type_name("FILE");
  command.add_option("--step-log-limit", engine.step_log_bytes, "bytes after which the record ends")
      ->transform(CLI::AsSizeValue(false))
      ->default_str("256MiB");
  command
      .add_option("--kv-events", engine.kv_events,
                  "stored and removed KV blocks that /v1/kv/events can still tell of; 0: it tells nothing")
      ->check(CLI::Range(0, 1 << 24))
      ->take_last();
  add_policy_options(command, engine);
}

}  // namespace loci::cli
