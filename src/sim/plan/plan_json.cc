#include "base/json.h"
#include "sim/plan/plan_report.h"

namespace loci::sim {
namespace {

json::object object_of(const Trial& trial) {
  const Arrangement& arrangement = trial.arrangement;
  const Layout& layout = arrangement.layout;
  json::object metrics;
  for (const auto& [name, value] : trial.metrics) metrics[name] = value;
  return {{"arrangement", arrangement.text()},
          {"division", name_of(layout.division)},
          {"hardware", layout.hardware->name},
          {"machines_per_replica", layout.machines},
          {"replicas", arrangement.replicas},
          {"prefill_heavy", arrangement.prefill_heavy()},
          {"prefill_chunk", layout.prefill_chunk},
          {"decode_chunk", layout.decode_chunk},
          {"router", layout.router},
          {"machines", arrangement.machines()},
          {"price_per_hour", arrangement.price_per_hour()},
          {"requests", trial.requests},
          {"attained", trial.attained},
          {"meets", trial.meets},
          {"ended", trial.ended},
          {"provenance", trial.provenance},
          {"metrics", std::move(metrics)}};
}

json::value object_of(const std::optional<Trial>& trial) {
  return trial ? json::value(object_of(*trial)) : json::value(nullptr);
}

}  // namespace

std::string plan_json(const Plan& plan) {
  json::array changes, trials;
  for (const Sensitivity& one : plan.sensitivity)
    changes.push_back(json::object{
        {"change", one.change}, {"unchanged", object_of(one.unchanged)}, {"enough", object_of(one.enough)}});
  for (const Trial& trial : plan.trials) {
    json::object brief = object_of(trial);
    brief.erase("metrics");
    trials.push_back(std::move(brief));
  }
  json::object limits;
  const bench::Slo& slo = plan.question.slo;
  for (const auto& [name, limit] : {std::pair{"ttft", slo.ttft}, {"tpot", slo.tpot}, {"e2el", slo.e2el}})
    if (limit) limits[name] = *limit;
  return json::serialize(json::object{{"question", question_text(plan)},
                                      {"limits_seconds", std::move(limits)},
                                      {"attain", plan.question.attain},
                                      {"seed", plan.question.seed},
                                      {"winner", object_of(plan.winner)},
                                      {"runner_up", object_of(plan.runner_up)},
                                      {"closest", object_of(plan.closest)},
                                      {"sensitivity", std::move(changes)},
                                      {"trials", std::move(trials)}});
}

}  // namespace loci::sim
