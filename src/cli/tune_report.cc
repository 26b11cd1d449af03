#include "cli/tune_report.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tuple>

namespace loci::cli {
namespace {

constexpr double kPoint = 0.01;   // of the share that meets the limits
constexpr double kRelief = 0.95;  // of the pressure

auto rank(const ServedSetting& one) {
  return std::tuple(-std::lround(100 * median(one.attained)), median(one.pressure));
}

std::string words(const sim::Setting& setting) {
  const auto flags = sim::flags_of(setting);
  return flags.empty() ? "(the defaults)" : fmt::format("{}", fmt::join(flags, " "));
}

bool is_default(const ServedSetting& one) {
  return one.simulated.setting == sim::default_setting();
}

json::object json_of(const sim::TuneTrial& trial) {
  json::array flags;
  for (const std::string& flag : sim::flags_of(trial.setting)) flags.push_back(json::value(flag));
  return {{"flags", std::move(flags)}, {"attained", trial.attained}, {"pressure", trial.pressure}};
}

json::array json_of(const std::vector<double>& values) {
  json::array out;
  for (const double value : values) out.push_back(json::value(value));
  return out;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::size_t choose(const std::vector<ServedSetting>& served) {
  const auto usual = std::ranges::find_if(served, is_default);
  std::size_t best = static_cast<std::size_t>(usual - served.begin());
  const double share = median(usual->attained), pressure = median(usual->pressure);
  for (std::size_t i = 0; i < served.size(); ++i) {
    const double gain = median(served[i].attained) - share;
    const bool helps =
        gain >= kPoint || (gain > -kPoint / 2 && median(served[i].pressure) <= kRelief * pressure);
    if (helps && rank(served[i]) < rank(served[best])) best = i;
  }
  return best;
}

double misordered(const std::vector<ServedSetting>& served) {
  int pairs = 0, wrong = 0;
  for (std::size_t i = 0; i < served.size(); ++i)
    for (std::size_t j = i + 1; j < served.size(); ++j) {
      const bool first = sim::is_better(served[i].simulated, served[j].simulated);
      ++pairs;
      wrong += first != (rank(served[i]) < rank(served[j])) ? 1 : 0;
    }
  return pairs > 0 ? static_cast<double>(wrong) / pairs : 0;
}

std::string tune_text(const TuneReport& report) {
  std::string text =
      fmt::format("{}: {} simulated runs, times: {}\n", report.model, report.tuning.simulated, report.curve);
  text += fmt::format("{:>20}{:>42}\n{:>10}{:>10}{:>10}{:>10}{:>10}{:>12}   flags\n", "simulated",
                      fmt::format("served, median of {}", report.served.front().attained.size()), "meets",
                      "p99/limit", "meets", "p99/limit", "TTFT p99", "TPOT p99");
  for (const ServedSetting& one : report.served)
    text += fmt::format("{:>8.1f} %{:>10.2f}{:>8.1f} %{:>10.2f}{:>7.0f} ms{:>9.1f} ms   {}\n",
                        100 * one.simulated.attained, one.simulated.pressure, 100 * median(one.attained),
                        median(one.pressure), 1e3 * median(one.ttft), 1e3 * median(one.tpot),
                        words(one.simulated.setting));
  text += fmt::format("of the pairs above the simulator has {:.0f} % in another order than the server\n",
                      100 * misordered(report.served));
  const ServedSetting& best = report.served[choose(report.served)];
  text += is_default(best) ? "keep the defaults: nothing that was served is clearly better\n"
                           : fmt::format("serve with: {}\n", words(best.simulated.setting));
  return text;
}

json::object tune_json(const TuneReport& report) {
  json::array served;
  for (const ServedSetting& one : report.served)
    served.push_back(json::object{{"simulated", json_of(one.simulated)},
                                  {"attained", json_of(one.attained)},
                                  {"goodput", json_of(one.goodput)},
                                  {"pressure", json_of(one.pressure)},
                                  {"p99_ttft_s", json_of(one.ttft)},
                                  {"p99_tpot_s", json_of(one.tpot)}});
  json::array simulated;
  for (const sim::TuneTrial& trial : report.tuning.trials) simulated.push_back(json_of(trial));
  return {{"model", report.model},
          {"times", report.curve},
          {"simulated_runs", report.tuning.simulated},
          {"simulated", std::move(simulated)},
          {"served", std::move(served)},
          {"misordered_pairs", misordered(report.served)},
          {"best", json_of(report.served[choose(report.served)].simulated)}};
}

}  // namespace loci::cli
