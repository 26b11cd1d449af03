// What a request is predicted to meet on a replica: its time to first token, its time per token, when it
// ends. The replica's own cost model says what a step takes (sched/cost_model.h); the queue says how many
// steps.
//
// Every answer is a number >= 0, never NaN: whatever a replica claims, policies can compare. Pure; tens of
// nanoseconds each.
#pragma once

#include "cluster/replica_view.h"

namespace loci::cluster {

/// A prompt, as far as a prediction needs it. In tokens.
struct PromptWork {
  int prompt_tokens = 0;
  int cached_tokens = 0;  // of them, those whose KV the replica has; at least one token is computed
  double uncached() const;
};

/// Seconds of one step in which `sequences` compute a token each, beside `rows` of prompts. Where nobody
/// knows the replica's costs (all 0: another make of engine), what a token took lately.
double step_seconds(const ReplicaView& replica, double sequences, double rows);

/// Seconds until `tokens` of prompts are computed in chunks beside the sequences that run. Linear in the
/// tokens: what was queued is computed before what comes, and the last chunk is shared.
double prefill_seconds(const ReplicaView& replica, double tokens);

/// Seconds until a place and memory for one more sequence of `tokens` positions are free, as running ones
/// end.
double admission_seconds(const ReplicaView& replica, double tokens);

/// Seconds until the first token: what is queued, then the prompt itself; not before there is room for it.
/// (DualMap: (queued prefill tokens + own uncached tokens) / measured prefill rate, with the rate of the cost
/// model, and the attention to what is cached.)
double predicted_ttft(const ReplicaView& replica, const PromptWork& prompt);

/// Seconds per token of `output_tokens` with one more sequence, of `tokens` positions, as far as all may run
/// at once; with as many prompts computed beside them as are queued now.
double predicted_tpot(const ReplicaView& replica, double tokens, double output_tokens);

/// Seconds until the last of `output_tokens`.
double predicted_finish(const ReplicaView& replica, const PromptWork& prompt, double output_tokens);

/// Seconds until all that was given to the replica is done: its prompts, then its outputs, so many at once as
/// may run.
double outstanding_seconds(const ReplicaView& replica);

/// What can be compared: NaN becomes the largest number.
double comparable(double value);

}  // namespace loci::cluster
