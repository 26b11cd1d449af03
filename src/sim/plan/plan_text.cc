#include <algorithm>

#include "sim/plan/plan_report.h"

namespace loci::sim {
namespace {

std::string time_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.3g} ms", 1e3 * seconds) : fmt::format("{:.3g} s", seconds);
}

std::string describe(const char* name, const Trial& trial) {
  const auto at = [&](const char* key) { return trial.metrics.at(key); };
  std::string out = fmt::format("{:<10} {}\n", name, trial.arrangement.text());
  out += fmt::format("           $ {:.2f} an hour for {} x {}; {:.1f} % of {} requests within all limits\n",
                     trial.arrangement.price_per_hour(), trial.arrangement.machines(),
                     trial.arrangement.layout.hardware->name, 100 * trial.attained, trial.requests);
  out += fmt::format("           TTFT p50 {}, p99 {}; TPOT p50 {}, p99 {}; replicas busy {:.0f} %",
                     time_text(at("ttft.p50")), time_text(at("ttft.p99")), time_text(at("tpot.p50")),
                     time_text(at("tpot.p99")), 100 * at("busy"));
  if (at("hit_ratio") > 0.005) out += fmt::format("; {:.0f} % of prompts cached", 100 * at("hit_ratio"));
  if (!trial.ended) out += "; stopped: what was left could not be in time";
  return out + fmt::format("\n           times: {}\n", trial.provenance);
}

}  // namespace

std::string limits_text(const bench::Slo& slo) {
  std::string out;
  for (const auto& [name, limit] :
       {std::pair{"TTFT", slo.ttft}, {"TPOT", slo.tpot}, {"end to end", slo.e2el}})
    if (limit) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, time_text(*limit));
  return out;
}

std::string question_text(const Plan& plan) {
  const Question& question = plan.question;
  const std::string rate = plan.load.timed ? "at the times of the trace"
                                           : fmt::format("{:g} {}/s", question.rate,
                                                         plan.load.most_turns > 1 ? "sessions" : "requests");
  return fmt::format("{}, {} of {} (mean {:.0f} + {:.0f} tokens); {:g} % within {}", question.model->name,
                     rate, question.workload.dataset, plan.load.mean_input, plan.load.mean_output,
                     100 * question.attain, limits_text(question.slo));
}

std::string sensitivity_text(const Sensitivity& one) {
  const Trial& same = one.unchanged;
  std::string out = fmt::format("{}: {:.1f} % unchanged", one.change, 100 * same.attained);
  if (same.meets) return out + ", still enough";
  if (!one.enough) return out + "; no number of such replicas is enough";
  const int before = same.arrangement.replicas, after = one.enough->arrangement.replicas;
  return out + fmt::format("; {} replicas instead of {} would be enough, $ {:.2f} an hour", after, before,
                           one.enough->arrangement.price_per_hour());
}

std::string plan_text(const Plan& plan) {
  std::string out = question_text(plan) + "\n\n";
  if (!plan.winner) {
    out += fmt::format("Nothing of at most {} machines meets this. The closest:\n\n",
                       plan.question.max_machines);
    return out + describe("closest", *plan.closest);
  }
  out += describe("cheapest", *plan.winner) + "\n";
  if (plan.runner_up) {
    out += describe("runner-up", *plan.runner_up) + "\n";
  } else {
    out += "runner-up  none that costs less than 1.3 times as much\n\n";
  }
  out += "the cheapest under other conditions\n";
  for (const Sensitivity& one : plan.sensitivity) out += "           " + sensitivity_text(one) + "\n";
  return out +
         fmt::format("\n{} simulations; simulated with the engine, policies and routers of this program\n",
                     plan.trials.size());
}

}  // namespace loci::sim
