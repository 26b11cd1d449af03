#include "engine/step_log.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/log.h"

namespace loci {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMaxPoolTokens = std::int64_t{1} << 26;  // whose states a replay keeps
constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

std::int64_t count(Time at) {
  return at.time_since_epoch().count();
}
Time time_of(std::int64_t count) {
  return Time{Duration{count}};
}

// ---- The first line: what the engine is

json::object describe(const EngineLimits& limits) {
  return {{"max_model_len", limits.max_model_len},  {"max_sequences", limits.step.max_sequences},
          {"max_tokens", limits.step.max_tokens},   {"max_logits_rows", limits.step.max_logits_rows},
          {"kv_blocks", limits.kv_blocks},          {"block_tokens", limits.block_tokens},
          {"host_blocks", limits.host_blocks},      {"swap_seconds_per_block", limits.swap_seconds_per_block},
          {"share_prefixes", limits.share_prefixes}};
}

json::object describe(const EngineConfig& config) {
  json::array tenants;
  for (const TenantShare& tenant : config.tenants)
    tenants.push_back(
        json::object{{"name", tenant.name}, {"weight", tenant.weight}, {"kv_share", tenant.kv_share}});
  return {{"order", config.scheduling_policy},
          {"chunk", config.chunk_policy},
          {"admit", config.admission_policy},
          {"preempt", config.preemption_policy},
          {"preemption_mode", config.preemption_mode},
          {"evict", config.eviction_policy},
          {"inter_token_ms", config.inter_token_ms},
          {"lpm_group", config.lpm_group},
          {"patience", config.patience},
          {"ageing", config.ageing},
          {"step_tokens", config.step_tokens},
          {"batch_delay_ms", config.batch_delay_ms},
          {"tenants", std::move(tenants)}};
}

json::array describe(std::span<const Retention> retention) {
  json::array ranges;
  for (const Retention& range : retention)
    ranges.push_back(json::array{range.begin, range.end, range.level.priority,
                                 range.level.duration ? range.level.duration->count() : std::int64_t{-1}});
  return ranges;
}

// ---- Reading: fields that must be there, under their names

/// Reads fields of one line; the first that is not as it must be is remembered.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  std::int64_t integer(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_int64()) return value->get_int64();
    if (value != nullptr && value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
    wrong_ = wrong_.empty() ? std::string(key) : wrong_;
    return 1;
  }
  int small(std::string_view key, std::int64_t least = 0) {
    const std::int64_t value = integer(key);
    if (value < least || value > 1 << 30) wrong_ = wrong_.empty() ? std::string(key) : wrong_;
    return static_cast<int>(std::clamp<std::int64_t>(value, least, 1 << 30));
  }
  double number(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_number()) return value->to_number<double>();
    wrong_ = wrong_.empty() ? std::string(key) : wrong_;
    return 0;
  }
  std::string text(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    wrong_ = wrong_.empty() ? std::string(key) : wrong_;
    return "";
  }
  bool flag(std::string_view key) {
    const json::value* value = object_.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
  }
  const json::array& list(std::string_view key) {
    static const json::array none;
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_array()) return value->get_array();
    wrong_ = wrong_.empty() ? std::string(key) : wrong_;
    return none;
  }
  const json::object& inner(std::string_view key) {
    static const json::object none;
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_object()) return value->get_object();
    wrong_ = wrong_.empty() ? std::string(key) : wrong_;
    return none;
  }
  bool has(std::string_view key) const { return object_.contains(key); }
  void refuse(std::string_view key) { wrong_ = wrong_.empty() ? std::string(key) : wrong_; }

  Result<> finish() const {
    if (wrong_.empty()) return {};
    return fail(ErrorCode::kCorrupt, "'{}' is missing or cannot be", wrong_);
  }

 private:
  const json::object& object_;
  std::string wrong_;
};

std::vector<TokenId> tokens_of(Fields& in, std::string_view key) {
  std::vector<TokenId> tokens;
  for (const json::value& value : in.list(key)) {
    const bool fits = value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= 0x7FFFFFFF;
    if (!fits) in.refuse(key);
    tokens.push_back(fits ? static_cast<TokenId>(value.get_int64()) : 0);
  }
  return tokens;
}

Result<> read_header(const json::object& object, StepLog& log) {
  Fields in(object);
  if (in.text("log") != "loci-steps" || in.integer("version") != kVersion)
    return fail(ErrorCode::kCorrupt, "this is no step log of version {}", kVersion);
  Fields limits(in.inner("limits"));
  log.limits = {.max_model_len = limits.small("max_model_len", 1),
                .step = {limits.small("max_sequences", 1), limits.small("max_tokens", 1),
                         limits.small("max_logits_rows", 1)},
                .kv_blocks = limits.small("kv_blocks", 1),
                .block_tokens = limits.small("block_tokens", 1),
                .host_blocks = limits.small("host_blocks"),
                .swap_seconds_per_block = limits.number("swap_seconds_per_block"),
                .share_prefixes = limits.flag("share_prefixes")};
  const auto tokens = [&](int blocks) { return std::int64_t{blocks} * log.limits.block_tokens; };
  if (tokens(log.limits.kv_blocks) > kMaxPoolTokens) limits.refuse("kv_blocks");
  if (tokens(log.limits.host_blocks) > kMaxPoolTokens) limits.refuse("host_blocks");
  if (log.limits.max_model_len > tokens(log.limits.kv_blocks)) limits.refuse("max_model_len");
  LOCI_TRY_VOID(limits.finish());
  Fields policies(in.inner("policies"));
  EngineConfig& config = log.config;
  config.scheduling_policy = policies.text("order");
  config.chunk_policy = policies.text("chunk");
  config.admission_policy = policies.text("admit");
  config.preemption_policy = policies.text("preempt");
  config.preemption_mode = policies.text("preemption_mode");
  config.eviction_policy = policies.text("evict");
  config.inter_token_ms = policies.number("inter_token_ms");
  config.lpm_group = policies.small("lpm_group", 1);
  config.patience = policies.number("patience");
  config.ageing = policies.number("ageing");
  config.step_tokens = policies.small("step_tokens");
  config.batch_delay_ms = policies.number("batch_delay_ms");
  for (const json::value& value : policies.list("tenants")) {
    if (!value.is_object()) return fail(ErrorCode::kCorrupt, "'tenants' holds something that is no tenant");
    Fields tenant(value.get_object());
    config.tenants.push_back({.name = tenant.text("name"),
                              .weight = tenant.number("weight"),
                              .kv_share = tenant.number("kv_share")});
    if (!(config.tenants.back().weight > 0)) tenant.refuse("weight");
    LOCI_TRY_VOID(tenant.finish());
  }
  return policies.finish();
}

Result<LoggedTurn::Accept> read_accept(const json::object& object) {
  Fields in(object);
  if (in.has("unsupported"))
    return fail(ErrorCode::kUnsupported, "request {} asks for {}, which does not run without the model",
                in.integer("accept"), in.text("unsupported"));
  LoggedTurn::Accept accept{
      RequestId{static_cast<std::uint64_t>(in.integer("accept"))}, {}, time_of(in.integer("at"))};
  Request& request = accept.request;
  request.prompt = tokens_of(in, "prompt");
  if (request.prompt.empty()) in.refuse("prompt");
  request.choices = in.small("choices", 1);
  request.max_tokens = in.small("max_tokens");
  request.priority = static_cast<int>(in.integer("priority"));
  request.service = in.flag("offline") ? Service::kOffline : Service::kOnline;
  request.tenant = in.text("tenant");
  request.cache_namespace = {static_cast<std::uint64_t>(in.integer("namespace"))};
  request.cache_prompt = in.flag("cache");
  if (in.has("first_token_within")) request.first_token_within = Duration{in.integer("first_token_within")};
  for (const json::value& value : in.list("retention")) {
    const bool is_range =
        value.is_array() && value.get_array().size() == 4 &&
        std::ranges::all_of(value.get_array(), [](const json::value& v) { return v.is_int64(); });
    if (!is_range) {
      in.refuse("retention");
      continue;
    }
    const json::array& r = value.get_array();
    const auto at = [&r](std::size_t i) { return r[i].get_int64(); };
    request.retention.push_back(
        {static_cast<int>(at(0)),
         static_cast<int>(at(1)),
         {static_cast<int>(at(2)), at(3) < 0 ? std::nullopt : std::optional(Duration{at(3)})}});
  }
  request.ignore_eos = true;
  request.sampling.temperature = 0;
  LOCI_TRY_VOID(in.finish());
  return accept;
}

Result<> read_line(const json::object& object, LoggedTurn& turn, bool& whole) {
  Fields in(object);
  if (in.has("accept")) {
    LOCI_TRY(auto accept, read_accept(object));
    turn.commands.push_back(std::move(accept));
  } else if (in.has("cancel")) {
    turn.commands.push_back(LoggedTurn::Cancel{RequestId{static_cast<std::uint64_t>(in.integer("cancel"))},
                                               time_of(in.integer("at"))});
  } else if (in.has("step")) {
    turn.step = time_of(in.integer("step"));
    turn.hash = static_cast<std::uint64_t>(in.integer("hash"));
    turn.failed = in.flag("failed");
  } else if (in.has("out")) {
    turn.outputs.push_back({RequestId{static_cast<std::uint64_t>(in.integer("out"))}, in.small("choice"),
                            tokens_of(in, "tokens"), in.flag("ends")});
  } else if (in.has("deliver")) {
    turn.deliver = time_of(in.integer("deliver"));
    whole = true;
  } else {
    return fail(ErrorCode::kCorrupt, "this is no line of a step log");
  }
  return in.finish();
}

}  // namespace

Result<std::unique_ptr<StepLogWriter>> StepLogWriter::create(const std::filesystem::path& path,
                                                             std::uint64_t max_bytes,
                                                             const EngineLimits& limits,
                                                             const EngineConfig& config) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return fail(ErrorCode::kIo, "cannot write the step log {}", path.string());
  std::unique_ptr<StepLogWriter> writer(new StepLogWriter(file, max_bytes));
  writer->write(json::serialize(json::object{{"log", "loci-steps"},
                                             {"version", kVersion},
                                             {"limits", describe(limits)},
                                             {"policies", describe(config)}}));
  return writer;
}

void StepLogWriter::write(const std::string& line) {
  if (file_ == nullptr) return;
  const bool fits = line.size() + 1 <= left_;
  if (fits && std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
      std::fputc('\n', file_.get()) != EOF) {
    left_ -= line.size() + 1;
    return;
  }
  log_warning("the step log ends here: {}", fits ? "it cannot be written" : "it has reached its limit");
  file_.reset();
}

void StepLogWriter::accept(RequestId id, const Request& request, Time arrival) {
  if (file_ == nullptr) return;
  json::object line{{"accept", raw(id)},
                    {"at", count(arrival)},
                    {"prompt", json::value_from(request.prompt)},
                    {"choices", request.choices},
                    {"max_tokens", request.max_tokens},
                    {"priority", request.priority},
                    {"offline", request.service == Service::kOffline},
                    {"tenant", request.tenant},
                    {"namespace", request.cache_namespace.value},
                    {"cache", request.cache_prompt},
                    {"retention", describe(request.retention)}};
  if (request.first_token_within) line["first_token_within"] = request.first_token_within->count();
  if (request.beams) line["unsupported"] = "a beam search";
  if (request.pooling) line["unsupported"] = "an embedding";
  if (request.prompt_logprobs) line["unsupported"] = "log probabilities of its prompt";
  if (request.output_retention) line["unsupported"] = "retention of its output";
  write(json::serialize(line));
}

void StepLogWriter::cancel(RequestId id, Time now) {
  write(fmt::format(R"({{"cancel":{},"at":{}}})", raw(id), count(now)));
}

void StepLogWriter::step(Time now, const EngineCounters& before, const EngineCounters& after) {
  write(fmt::format(R"({{"step":{},"hash":{},"rows":{},"failed":{}}})", count(now), after.plan_hash,
                    after.computed_tokens - before.computed_tokens,
                    after.failed_steps > before.failed_steps));
}

void StepLogWriter::event(RequestId id, const Event& event) {
  if (event.tokens.empty()) return;
  line_.clear();
  for (const OutputToken& token : event.tokens) fmt::format_to(std::back_inserter(line_), "{},", token.token);
  line_.pop_back();
  write(fmt::format(R"({{"out":{},"choice":{},"tokens":[{}],"ends":{}}})", raw(id), event.choice, line_,
                    event.finish.has_value()));
}

void StepLogWriter::deliver(Time now) {
  write(fmt::format(R"({{"deliver":{}}})", count(now)));
}

Result<StepLog> read_step_log(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kNotFound, "cannot read {}", path.string());
  StepLog log;
  LoggedTurn turn;
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    const auto where = fmt::format("{}:{}", path.string(), line);
    if (text.size() > kMaxLineBytes)
      return fail(ErrorCode::kCorrupt, "{}: a line of {} bytes", where, text.size());
    auto value = parse_json(text);
    if (!value && file.peek() == EOF) break;  // it was cut short
    if (!value) return std::unexpected(std::move(value.error()).in(where));
    if (!value->is_object()) return fail(ErrorCode::kCorrupt, "{}: this is no line of a step log", where);
    bool whole = false;
    const Result<> read =
        line == 1 ? read_header(value->get_object(), log) : read_line(value->get_object(), turn, whole);
    if (!read) return std::unexpected(Error(read.error()).in(where));
    if (whole) log.turns.push_back(std::exchange(turn, {}));
  }
  if (log.limits.kv_blocks == 0) return fail(ErrorCode::kCorrupt, "{}: the file is empty", path.string());
  return log;
}

}  // namespace loci
