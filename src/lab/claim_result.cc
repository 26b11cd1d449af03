#include "lab/claim_result.h"

#include <cmath>
#include <fstream>

#include "base/mapped_file.h"

namespace loci::lab {
namespace {

constexpr std::size_t kMaxResult = std::size_t{1} << 20;
constexpr std::size_t kMaxPairs = 1000;

json::array to_json(const std::vector<double>& values) {
  json::array out;
  for (const double value : values) out.emplace_back(value);
  return out;
}

json::object to_json(const Outcome& outcome) {
  return {{"metric", outcome.metric.path},
          {"per", outcome.metric.per},
          {"unit", outcome.metric.unit},
          {"direction", name_of(outcome.metric.direction)},
          {"required_ratio", outcome.metric.ratio},
          {"baseline", to_json(outcome.comparison.baseline)},
          {"treatment", to_json(outcome.comparison.treatment)},
          {"ratio", outcome.interval.median},
          {"ratio_low", outcome.interval.low},
          {"ratio_high", outcome.interval.high},
          {"coverage", outcome.interval.coverage},
          {"status", outcome.holds ? "holds" : "fails"}};
}

/// Fields of an object; the first that is missing or of another type sticks.
class Fields {
 public:
  explicit Fields(const json::value& value) : object_(value.if_object()) {
    if (object_ == nullptr) wrong_ = "(not an object)";
  }
  const json::value* find(std::string_view key) {
    const json::value* value = object_ == nullptr ? nullptr : find_field(*object_, key);
    if (value == nullptr) note(key);
    return value;
  }
  std::string text(std::string_view key) {
    const json::value* value = find(key);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    return note(key), "";
  }
  double number(std::string_view key) {
    const json::value* value = find(key);
    if (value != nullptr && value->is_number()) return value->to_number<double>();
    return note(key), 0;
  }
  std::vector<double> numbers(std::string_view key) {
    std::vector<double> out;
    const json::value* value = find(key);
    const auto* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr || list->empty() || list->size() > kMaxPairs) return note(key), out;
    for (const json::value& item : *list) {
      if (!item.is_number()) note(key);
      out.push_back(item.is_number() ? item.to_number<double>() : 0);
    }
    return out;
  }
  void note(std::string_view key) {
    if (wrong_.empty()) wrong_ = key;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const json::object* object_;
  std::string wrong_{};
};

Result<Outcome> outcome_from(const json::value& value) {
  Fields in(value);
  Outcome out;
  out.metric = {.path = in.text("metric"), .per = in.text("per"), .unit = in.text("unit")};
  const auto direction = direction_of(in.text("direction"));
  if (!direction) in.note("direction");
  out.metric.direction = direction.value_or(Direction::kLower);
  out.metric.ratio = in.number("required_ratio");
  out.comparison = {.baseline = in.numbers("baseline"), .treatment = in.numbers("treatment")};
  if (out.comparison.baseline.size() != out.comparison.treatment.size()) in.note("treatment");
  if (!in.wrong().empty()) return fail(ErrorCode::kCorrupt, "field '{}' is missing or wrong", in.wrong());
  out.interval = out.comparison.interval();
  out.holds = holds(out.metric, out.interval);
  return out;
}

}  // namespace

json::object to_json(const ClaimResult& result) {
  json::object out{{"id", result.id},
                   {"claim_hash", fmt::format("{:016x}", result.hash)},
                   {"command", result.command},
                   {"machine", result.machine},
                   {"date", result.date},
                   {"commit", result.commit},
                   {"seconds", std::round(result.seconds)},
                   {"main", to_json(result.main)}};
  if (result.loses) out["loses"] = to_json(*result.loses);
  return out;
}

Result<ClaimResult> result_from_json(const json::value& value) {
  Fields in(value);
  ClaimResult out{.id = in.text("id"),
                  .command = in.text("command"),
                  .machine = in.text("machine"),
                  .date = in.text("date"),
                  .commit = in.text("commit"),
                  .seconds = in.number("seconds")};
  const std::string hash = in.text("claim_hash");
  std::size_t used = 0;
  if (hash.size() == 16 && hash.find_first_not_of("0123456789abcdef") == std::string::npos)
    out.hash = std::stoull(hash, &used, 16);
  if (used != 16) in.note("claim_hash");
  const json::value* main = in.find("main");
  if (!in.wrong().empty()) return fail(ErrorCode::kCorrupt, "field '{}' is missing or wrong", in.wrong());
  LOCI_TRY(out.main, outcome_from(*main));
  if (const json::value* loses = find_field(value.get_object(), "loses")) {
    LOCI_TRY(out.loses, outcome_from(*loses));
  }
  return out;
}

Result<> write_result(const std::filesystem::path& folder, const ClaimResult& result) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::filesystem::path path = folder / (result.id + ".json");
  std::ofstream file(path, std::ios::binary);
  // A field a line, so that a change of one is read in a diff; the lists stay on theirs.
  std::string text = "{\n";
  const json::object fields = to_json(result);
  for (std::size_t i = 0; const auto& field : fields)
    text += fmt::format("  \"{}\": {}{}\n", std::string_view(field.key()), json::serialize(field.value()),
                        ++i < fields.size() ? "," : "");
  file << text << "}\n";
  file.flush();
  if (!file) return fail(ErrorCode::kIo, "{}: cannot be written", path.string());
  return {};
}

Result<std::map<std::string, ClaimResult>> read_results(const std::filesystem::path& folder) {
  std::map<std::string, ClaimResult> out;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::filesystem::path& path = it->path();
    if (path.extension() != ".json") continue;
    LOCI_TRY(const std::string text, read_text_file(path, kMaxResult));
    const auto value = parse_json(text);
    if (!value) return std::unexpected(Error(value.error()).in(path.string()));
    auto result = result_from_json(*value);
    if (!result) return std::unexpected(std::move(result).error().in(path.string()));
    if (result->id != path.stem().string())
      return fail(ErrorCode::kCorrupt, "{}: is of claim '{}'", path.string(), result->id);
    out.emplace(result->id, std::move(*result));
  }
  return out;
}

std::string_view status_of(const Claim& claim, const std::map<std::string, ClaimResult>& results) {
  const auto where = results.find(claim.id);
  if (where == results.end() || where->second.hash != claim.hash) return "not-run";
  return where->second.main.holds ? "holds" : "fails";
}

}  // namespace loci::lab
