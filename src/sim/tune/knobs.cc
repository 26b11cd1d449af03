#include "sim/tune/knobs.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>

#include "bench/random.h"
#include "sched/policies.h"

namespace loci::sim {
namespace {

template <auto member>
std::string get(const EngineConfig& config) {
  return fmt::format("{}", config.*member);
}
template <int EngineConfig::* member>
void set_count(EngineConfig& config, const std::string& value) {
  config.*member = std::stoi(value);
}
template <double EngineConfig::* member>
void set_number(EngineConfig& config, const std::string& value) {
  config.*member = std::stod(value);
}
template <std::string EngineConfig::* member>
void set_name(EngineConfig& config, const std::string& value) {
  config.*member = value;
}

template <class Policy>
std::vector<std::string> names(std::span<const Policy> policies) {
  std::vector<std::string> out;
  for (const Policy& policy : policies) out.emplace_back(policy.name);
  return out;
}

template <int EngineConfig::* member>
Knob count(std::string_view flag, std::vector<std::string> values) {
  return {flag, std::move(values), get<member>, set_count<member>};
}
template <double EngineConfig::* member>
Knob number(std::string_view flag, std::vector<std::string> values) {
  return {flag, std::move(values), get<member>, set_number<member>};
}
template <std::string EngineConfig::* member>
Knob name(std::string_view flag, std::vector<std::string> values) {
  return {flag, std::move(values), get<member>, set_name<member>};
}

}  // namespace

std::span<const Knob> knobs() {
  using C = EngineConfig;
  static const std::vector<Knob> kTable{
      count<&C::max_num_batched_tokens>("--max-num-batched-tokens",
                                        {"64", "128", "256", "512", "1024", "2048"}),
      count<&C::max_num_seqs>("--max-num-seqs", {"4", "8", "16", "32", "64", "128"}),
      name<&C::chunk_policy>("--chunk-policy", names(chunk_policies())),
      number<&C::inter_token_ms>("--inter-token-ms", {"10", "20", "35", "50", "75", "100", "200", "400"}),
      name<&C::scheduling_policy>("--scheduling-policy", names(order_policies())),
      name<&C::admission_policy>("--admission-policy", names(admit_policies())),
      name<&C::preemption_policy>("--preemption-policy", names(preempt_policies())),
  };
  return kTable;
}

Setting default_setting() {
  Setting setting;
  for (const Knob& knob : knobs()) {
    const auto where = std::ranges::find(knob.values, knob.get(EngineConfig{}));
    setting.push_back(static_cast<int>(where - knob.values.begin()));
  }
  return setting;
}

EngineConfig configured(EngineConfig base, const Setting& setting) {
  for (std::size_t i = 0; i < setting.size(); ++i)
    knobs()[i].set(base, knobs()[i].values[static_cast<std::size_t>(setting[i])]);
  return base;
}

std::vector<std::string> flags_of(const Setting& setting) {
  const Setting usual = default_setting();
  std::vector<std::string> flags;
  for (std::size_t i = 0; i < setting.size(); ++i)
    if (setting[i] != usual[i])
      flags.push_back(
          fmt::format("{}={}", knobs()[i].flag, knobs()[i].values[static_cast<std::size_t>(setting[i])]));
  return flags;
}

std::vector<Setting> spread_settings(int count, std::uint64_t seed) {
  bench::Draws draws(bench::mix({seed, 0x74756e65}));
  const std::size_t wanted = static_cast<std::size_t>(std::max(1, count));
  std::vector<Setting> settings{default_setting()};
  std::set<Setting> known(settings.begin(), settings.end());
  for (int round = 0; settings.size() < wanted && round < 8; ++round) {
    const std::size_t missing = wanted - settings.size();
    std::vector<Setting> fresh(missing);
    for (const Knob& knob : knobs()) {
      std::vector<int> column(missing);
      for (std::size_t i = 0; i < missing; ++i) column[i] = static_cast<int>(i % knob.values.size());
      for (std::size_t i = missing; i > 1; --i)
        std::swap(column[i - 1], column[draws.below(static_cast<std::uint32_t>(i))]);
      for (std::size_t i = 0; i < missing; ++i) fresh[i].push_back(column[i]);
    }
    for (Setting& setting : fresh)
      if (known.insert(setting).second) settings.push_back(std::move(setting));
  }
  return settings;
}

}  // namespace loci::sim
