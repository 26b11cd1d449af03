#include "lab/claim.h"

#include <algorithm>
#include <xxhash.h>

namespace loci::lab {
namespace {

constexpr std::string_view kLayers[] = {"gateway",
                                        "engine-scheduling",
                                        "kv-memory",
                                        "model-architecture",
                                        "decoding",
                                        "kernels-memory",
                                        "distributed",
                                        "compression-quantization",
                                        "adaptation-lora-rl",
                                        "agent-memory",
                                        "reasoning-control",
                                        "energy-determinism",
                                        "diffusion"};
constexpr std::string_view kKinds[] = {"measured", "emulated", "simulated"};
constexpr std::string_view kDirections[] = {"lower", "higher", "same"};
constexpr TomlReader::Integers kRepeats{1, 100};

/// A value as a flag takes it; nothing for what is no scalar.
std::optional<std::string> scalar_text(const TomlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value.value)) return fmt::format("{}", *number);
  return std::nullopt;
}

/// A table as flags: `max-num-seqs = 8` is --max-num-seqs=8, true a switch (false: none), a list a repeated
/// flag.
std::vector<std::string> flags_of(TomlReader& in) {
  std::vector<std::string> flags;
  for (const std::string& key : in.keys()) {
    const TomlValue& value = *in.raw(key);
    if (const auto* on = std::get_if<bool>(&value.value)) {
      if (*on) flags.push_back("--" + key);
      continue;
    }
    const auto add = [&](const TomlValue& item) {
      const auto text = scalar_text(item);
      if (text) flags.push_back(fmt::format("--{}={}", key, *text));
      if (!text) in.refuse(key, "must be text, a number, a boolean or a list of them");
    };
    const auto* list = std::get_if<TomlValue::Array>(&value.value);
    if (list != nullptr) std::ranges::for_each(*list, add);
    if (list == nullptr) add(value);
  }
  return flags;
}

std::vector<std::string> flags_of(TomlReader& in, std::string_view key) {
  auto table = in.optional_table(key);
  return table ? flags_of(*table) : std::vector<std::string>{};
}

std::vector<std::vector<std::string>> flag_lists(TomlReader& in, std::string_view key) {
  std::vector<std::vector<std::string>> lists;
  for (TomlReader& table : in.tables(key)) lists.push_back(flags_of(table));
  return lists;
}

ModelChoice read_model(TomlReader& in) {
  auto model = in.optional_table("model");
  if (!model) return {};
  return {.shape = model->text("like"), .format = model->text("format", "Q8_0")};
}

CommandSetup read_command(TomlReader& in) {
  CommandSetup setup;
  std::string words = in.text("command") + " ";
  for (std::size_t end; (end = words.find(' ')) != std::string::npos; words.erase(0, end + 1))
    if (end > 0) setup.arguments.push_back(words.substr(0, end));
  if (in.has("model")) setup.model = read_model(in);
  std::ranges::move(flags_of(in, "flags"), std::back_inserter(setup.arguments));
  return setup;
}

ServerSetup read_server(TomlReader& in) {
  return {.model = read_model(in),
          .serve = flags_of(in, "serve"),
          .bench = flags_of(in, "bench"),
          .prepare = flag_lists(in, "prepare"),
          .background = flag_lists(in, "background")};
}

CapacitySearch read_capacity(TomlReader& in) {
  CapacitySearch out{.from = in.number("from", {1e-6, 1e6}), .to = in.number("to", {1e-6, 1e6})};
  if (out.to <= out.from) in.refuse("to", "must be above capacity.from");
  out.metric = in.text("metric");
  out.at_most = in.number("at_most", {0, 1e9});
  return out;
}

/// What stands in a [run] table that a side has been merged into.
Setup read_setup(TomlReader& in, const std::string& file) {
  const bool command = in.has("command"), server = in.has("bench"), scenario = in.has("scenario");
  if (static_cast<int>(command) + static_cast<int>(server) + static_cast<int>(scenario) != 1)
    in.refuse("", "must have one of: command (a command), bench (load on a server), scenario (a simulation)");
  if (command) return read_command(in);
  if (server) return read_server(in);
  const bool is_table = in.optional_table("scenario").has_value() && in.ok();
  const TomlValue* value = in.raw("scenario");
  ScenarioSetup setup{.scenario = {.name = file, .root = is_table ? *value : TomlValue{}}};
  if (auto search = in.optional_table("capacity")) setup.capacity = read_capacity(*search);
  return setup;
}

/// [baseline] or [treatment]: words, and what replaces entries of [run].
Side read_side(TomlReader& top, const TomlFile& file, std::string_view key) {
  Side side;
  top.raw(key);
  top.raw("run");
  TomlFile merged{.name = file.name, .root = {}};
  if (const TomlValue* run = file.root.find("run")) merged.root = *run;
  const TomlValue* own = file.root.find(key);
  if (own == nullptr) return top.refuse("", fmt::format("{} is missing", key)), side;
  merge_toml(merged.root, *own);
  merged.root.line = own->line;
  TomlReader in(merged);
  side.words = in.text("words");
  side.setup = read_setup(in, file.name);
  if (const auto done = in.finish(); !done) top.adopt(done.error());
  return side;
}

Metric read_metric(TomlReader& in) {
  Metric metric;
  metric.path = in.text("path");
  metric.per = in.text("per", "");
  metric.unit = in.text("unit");
  metric.direction = static_cast<Direction>(in.choice("direction", kDirections));
  metric.ratio = in.number("ratio", {0, 1e9}, 1);
  if (in.has("ratio") && (metric.direction == Direction::kLower ? metric.ratio > 1 : metric.ratio < 1))
    in.refuse("ratio", "must be at most 1 where lower is claimed, at least 1 where higher or same is");
  if (auto select = in.optional_table("select"))
    for (const std::string& key : select->keys()) {
      const TomlValue& value = *select->raw(key);
      if (!scalar_text(value)) select->refuse(key, "must be text or a number");
      metric.select.emplace_back(key, value);
    }
  return metric;
}

Experiment read_experiment(TomlReader& top, const TomlFile& file) {
  Experiment out{.baseline = read_side(top, file, "baseline"),
                 .treatment = read_side(top, file, "treatment"),
                 .metric = {}};
  TomlReader metric = top.table("metric");
  out.metric = read_metric(metric);
  out.repeats = static_cast<int>(top.integer("repeats", kRepeats, out.repeats));
  if (out.baseline.setup.index() != out.treatment.setup.index())
    top.refuse("treatment", "is not run as the baseline is");
  return out;
}

/// [loses] replaces entries of the claim's own experiment; with words alone there is none.
LosingRegime read_losing(TomlReader& top, const TomlFile& file) {
  LosingRegime out;
  TomlReader in = top.table("loses");
  out.words = in.text("words");
  const TomlValue* own = file.root.find("loses");
  if (!in.ok() || in.keys().size() == 1) return out;
  constexpr std::string_view kParts[] = {"run", "baseline", "treatment", "metric", "repeats"};
  TomlFile merged{.name = file.name, .root = TomlValue{.value = TomlValue::Table{}, .line = own->line}};
  auto& parts = std::get<TomlValue::Table>(merged.root.value);
  for (const std::string_view part : kParts) {
    if (const TomlValue* value = file.root.find(part)) parts.emplace(part, *value);
    if (const TomlValue* value = own->find(part)) merge_toml(parts[std::string(part)], *value);
    in.raw(part);
  }
  if (own->find("metric") == nullptr || own->find("metric")->find("direction") == nullptr)
    in.refuse("", "loses.metric.direction must say which way the technique loses");
  out.other_runs = in.keys() != std::vector<std::string>{"metric", "words"};
  TomlReader reader(merged);
  out.experiment = read_experiment(reader, merged);
  if (const auto done = reader.finish(); !done) top.adopt(done.error());
  return out;
}

/// One text for one meaning: keys in order, words left out.
void canonical(const TomlValue& value, std::string& out) {
  if (const auto* table = std::get_if<TomlValue::Table>(&value.value)) {
    for (const auto& [key, item] : *table) {
      if (key == "words") continue;
      out += key + "{";
      canonical(item, out);
      out += "}";
    }
  } else if (const auto* list = std::get_if<TomlValue::Array>(&value.value)) {
    for (const TomlValue& item : *list) canonical(item, out += "[");
  } else if (const auto* flag = std::get_if<bool>(&value.value)) {
    out += *flag ? "true" : "false";
  } else {
    out += scalar_text(value).value_or("");
  }
}

std::uint64_t hash_of(const TomlFile& file) {
  std::string text;
  for (const std::string_view part : {"run", "baseline", "treatment", "metric", "loses"}) {
    text += std::string(part) + ":";
    if (const TomlValue* value = file.root.find(part)) canonical(*value, text);
  }
  return XXH3_64bits(text.data(), text.size());
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::string_view name_of(Direction direction) {
  return kDirections[static_cast<std::size_t>(direction)];
}

std::optional<Direction> direction_of(std::string_view name) {
  const auto where = std::ranges::find(kDirections, name);
  if (where == std::end(kDirections)) return std::nullopt;
  return static_cast<Direction>(where - std::begin(kDirections));
}

Result<Claim> read_claim(const TomlFile& file) {
  TomlReader in(file);
  Claim claim;
  claim.id = std::filesystem::path(file.name).stem().string();
  if (!is_id(claim.id)) in.refuse("", "the file's name must be an id: lower-case letters, digits, hyphens");
  claim.title = in.text("title");
  claim.layer = kLayers[in.choice("layer", kLayers)];
  claim.kind = kKinds[in.choice("kind", kKinds)];
  claim.remark = in.text("remark", "");
  TomlReader paper = in.table("paper");
  claim.paper_figure = paper.text("figure");
  claim.paper_source = paper.text("source");
  claim.main = read_experiment(in, file);
  claim.loses = read_losing(in, file);
  const bool simulated = std::holds_alternative<ScenarioSetup>(claim.main.baseline.setup);
  if (simulated != (claim.kind == "simulated"))
    in.refuse("kind", "a scenario, and nothing else, is simulated");
  claim.hash = hash_of(file);
  LOCI_TRY_VOID(in.finish());
  return claim;
}

Result<Claim> read_claim_file(const std::filesystem::path& path) {
  LOCI_TRY(const TomlFile file, read_toml(path));
  return read_claim(file);
}

Result<std::vector<Claim>> read_claims(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".toml") paths.push_back(it->path());
  if (error)
    return fail(ErrorCode::kNotFound, "{}: no folder of claims: {}", folder.string(), error.message());
  std::ranges::sort(paths);
  std::vector<Claim> claims;
  for (const std::filesystem::path& path : paths) {
    LOCI_TRY(Claim claim, read_claim_file(path));
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace loci::lab
