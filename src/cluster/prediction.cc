#include "cluster/prediction.h"

#include <algorithm>
#include <limits>

namespace loci::cluster {
namespace {

constexpr double kLargest = 1e300;  // leaves room to add a few of them

double at_least_0(double value) {
  return value > 0 ? std::min(value, kLargest) : 0;  // NaN too
}

/// Rows that are left for prompts beside the single tokens.
double chunk_of(const ReplicaView& replica) {
  return std::max(1.0, 1.0 * replica.chunk_tokens - std::max(0, replica.running));
}

double slots_of(const ReplicaView& replica) {
  return std::max(1, replica.max_sequences);
}

/// Running and waiting ones.
double sequences_of(const ReplicaView& replica) {
  return 0.0 + std::max(0, replica.running) + std::max(0, replica.waiting);
}

/// Mean positions of a running sequence.
double kv_per_sequence(const ReplicaView& replica) {
  return replica.running > 0 ? at_least_0(replica.kv_tokens) / replica.running : 0;
}

/// Output tokens that a sequence is expected to have before it, on average.
double output_per_sequence(const ReplicaView& replica) {
  const double sequences = sequences_of(replica);
  return sequences > 0 ? at_least_0(replica.output_tokens) / sequences : 0;
}

}  // namespace

double comparable(double value) {
  return std::isnan(value) ? kLargest : std::clamp(value, -kLargest, kLargest);
}

double PromptWork::uncached() const {
  return std::max(1.0, static_cast<double>(prompt_tokens) - std::max(0, cached_tokens));
}

double step_seconds(const ReplicaView& replica, double sequences, double rows) {
  const auto [a, b, c, d] = replica.cost;
  if (a == 0 && b == 0 && c == 0) return at_least_0(replica.recent_tpot);
  const double kv = kv_per_sequence(replica) * sequences;
  return at_least_0(a + b * (sequences + rows) + c * kv);
}

double prefill_seconds(const ReplicaView& replica, double tokens) {
  const double chunk = chunk_of(replica);
  const double beside = std::max(0, replica.running);
  // Whole chunks at the price of a full step; a prompt below a chunk still takes a step.
  const double steps = std::max(tokens > 0 ? 1.0 : 0.0, tokens / chunk);
  return at_least_0(steps * step_seconds(replica, beside, 0) + replica.cost[1] * tokens);
}

double admission_seconds(const ReplicaView& replica, double tokens) {
  if (replica.running <= 0) return 0;
  const double running = replica.running, waiting = std::max(0, replica.waiting);
  const double sequences_too_many = waiting + 1 - (slots_of(replica) - running);
  double must_end = std::max(0.0, sequences_too_many);
  if (replica.kv_blocks > 0) {
    const double wanted = tokens / std::max(1, replica.block_tokens) + std::max(0, replica.head_blocks);
    const double missing = wanted - replica.free_kv_blocks;
    const double per_sequence = std::max(1.0, replica.used_kv_blocks() / running);
    must_end = std::max(must_end, missing / per_sequence);
  }
  // One of n that have r tokens each before them ends every r / n steps.
  const double turn = output_per_sequence(replica) * step_seconds(replica, running, 0) / running;
  return at_least_0(std::max(0.0, must_end) * turn);
}

double predicted_ttft(const ReplicaView& replica, const PromptWork& prompt) {
  const double uncached = prompt.uncached();
  const auto [a, b, c, d] = replica.cost;
  StepWork own;
  const int rows = static_cast<int>(uncached);
  own.add_slice(std::max(rows, prompt.prompt_tokens) - rows, rows);
  // Each chunk reads the positions before it once.
  const double chunks = std::max(1.0, uncached / chunk_of(replica));
  const double attention = c * chunks * (prompt.prompt_tokens - uncached / 2) + d * own.attention_pairs;
  const double queued = prefill_seconds(replica, at_least_0(replica.prefill_tokens) + uncached);
  const double alone = prefill_seconds(replica, uncached);
  const double admitted = admission_seconds(replica, prompt.prompt_tokens);
  return at_least_0(std::max(queued, admitted + alone) + at_least_0(attention));
}

double predicted_tpot(const ReplicaView& replica, double tokens, double output_tokens) {
  const auto [a, b, c, d] = replica.cost;
  const double sequences = std::min(slots_of(replica), sequences_of(replica) + 1);
  const double own_kv = c * std::max(0.0, tokens - kv_per_sequence(replica));
  const double steps = std::max(1.0, output_tokens);
  const double rows_beside = std::min(at_least_0(replica.prefill_tokens) / steps, chunk_of(replica));
  return at_least_0(step_seconds(replica, sequences, rows_beside) + at_least_0(own_kv));
}

double predicted_finish(const ReplicaView& replica, const PromptWork& prompt, double output_tokens) {
  const double tpot = predicted_tpot(replica, prompt.prompt_tokens, output_tokens);
  return at_least_0(predicted_ttft(replica, prompt) + std::max(0.0, output_tokens - 1) * tpot);
}

double outstanding_seconds(const ReplicaView& replica) {
  const double sequences = std::min(slots_of(replica), std::max(1.0, sequences_of(replica)));
  const double steps = at_least_0(replica.output_tokens) / sequences;
  return at_least_0(prefill_seconds(replica, at_least_0(replica.prefill_tokens)) +
                    steps * step_seconds(replica, sequences, 0));
}

}  // namespace loci::cluster
