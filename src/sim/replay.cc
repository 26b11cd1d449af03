#include "sim/replay.h"

#include <limits>
#include <map>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "engine/engine_parts.h"
#include "sim/simulated_executor.h"
#include "text/letter_tokenizer.h"

namespace loci::sim {
namespace {

/// Computes states, no time; throws where the step failed then.
class ReplayExecutor final : public Executor {
 public:
  explicit ReplayExecutor(const EngineLimits& limits)
      : inner_({.curve = line({}),
                .blocks = limits.kv_blocks,
                .host_blocks = limits.host_blocks,
                .block_tokens = limits.block_tokens,
                .vocab = LetterTokenizer::kVocabulary}) {}
  StepResult run(const Batch& batch) override {
    const StepResult result = inner_.run(batch);
    ran = true;
    if (fails) throw std::runtime_error("as it was logged");
    return result;
  }
  void copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) override {
    inner_.copy(copies, damaged);
  }
  const StepWork& work() const { return inner_.work(); }

  bool fails = false, ran = false;

 private:
  SimulatedExecutor inner_;
};

/// What each choice says in a turn.
using Script = std::map<std::pair<RequestId, int>, GivenToken>;

Script script_of(const LoggedTurn& turn) {
  Script script;
  for (const LoggedTurn::Output& output : turn.outputs)
    if (!output.tokens.empty()) script[{output.id, output.choice}] = {output.tokens.back(), output.ends};
  return script;
}

}  // namespace

Result<ReplayReport> replay(const StepLog& log) {
  LOCI_TRY(const ConfiguredPolicies chosen, configured_policies(log.config));
  const LetterTokenizer tokenizer;
  ReplayExecutor executor(log.limits);
  Script script;
  std::vector<TenantShare> tenants = log.config.tenants;
  for (TenantShare& tenant : tenants)
    if (tenant.kv_share > 0)
      tenant.max_blocks = std::max(1, static_cast<int>(tenant.kv_share * log.limits.kv_blocks));
  Engine engine({.tokenizer = tokenizer,
                 .end_tokens = {},
                 .executor = executor,
                 .limits = log.limits,
                 .policies = chosen.policies,
                 .goals = chosen.goals,
                 .evict = chosen.evict,
                 .tenants = std::move(tenants),
                 .given_token = [&script](RequestId id, int choice) {
                   const auto found = script.find({id, choice});
                   return found == script.end() ? GivenToken{0, true} : found->second;
                 }});
  ReplayReport report;
  std::unordered_set<RequestId> accepted;
  for (const LoggedTurn& turn : log.turns) {
    for (const auto& command : turn.commands) {
      if (const auto* accept = std::get_if<LoggedTurn::Accept>(&command)) {
        if (!accepted.insert(accept->id).second)
          return fail(ErrorCode::kCorrupt, "request {} is accepted twice", raw(accept->id));
        LOCI_TRY_VOID(validate(accept->request, log.limits, std::numeric_limits<TokenId>::max()));
        engine.accept(accept->id, accept->request, [](Event&&) {}, accept->arrival);
        ++report.requests;
      } else {
        const auto& cancel = std::get<LoggedTurn::Cancel>(command);
        engine.cancel(cancel.id, cancel.at);
      }
    }
    script = script_of(turn);
    executor.fails = turn.failed;
    executor.ran = false;
    engine.step(turn.step);
    if (!report.differs_at && engine.counters().plan_hash != turn.hash) report.differs_at = report.turns;
    engine.deliver(turn.deliver);
    if (executor.ran && !turn.failed) {
      report.rows += static_cast<std::uint64_t>(executor.work().tokens);
      report.steps.push_back({executor.work(), seconds(turn.deliver - turn.step)});
    }
    ++report.turns;
  }
  if (!log.turns.empty()) report.seconds = seconds(log.turns.back().deliver - log.turns.front().step);
  return report;
}

}  // namespace loci::sim
