// KV on its way from one replica to another: fetched ahead of a job, or handed over with it.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/fleet.h"

namespace loci::sim {

/// When `tokens` of KV that leave `from` now are there: one transfer after the other.
Time Fleet::transfer(int from, double tokens) {
  const double took = options_.transfer.seconds(tokens);
  Slot& link = slot(from);
  const Time begin = std::max(queue_.now(), link.link_free);
  const Time there = begin + to_duration(took);
  link.link_free = there - to_duration(options_.transfer.latency);
  counters_.moved_bytes += tokens * options_.transfer.bytes_per_token;
  return there;
}

void Fleet::damage(KvPayload& kv) {
  if (damaged_share_ > 0 && !kv.states.empty() && draws_.uniform() < damaged_share_) kv.states.back() ^= 1;
}

/// To where it was placed, behind the KV of the longer prefix that another replica has.
void Fleet::fetch(JobId id, Job& job, const cluster::RouteDecision& decision, int max_tokens) {
  const std::vector<TokenId> tokens = job.known_tokens();
  KvPayload kv = replica(decision.fetch_from)
                     .export_kv(job.request.cache_namespace, std::span(tokens).first(tokens.size() - 1));
  ++counters_.fetches;
  const Time there = transfer(decision.fetch_from, decision.fetch_tokens);
  damage(kv);
  later(there, id, job,
        [this, id, to = decision.prefill, max_tokens, payload = std::make_shared<KvPayload>(std::move(kv))](
            Job& moving) { send(id, moving, to, max_tokens, std::move(*payload)); });
}

/// The job goes on at `to`, with its KV behind the first `sent_before` tokens, which are there already.
void Fleet::hand_over(JobId id, Job& job, int to, double sent_before) {
  LOCI_CHECK(to >= 0);
  const int from = job.replica;
  const std::vector<TokenId> tokens = job.known_tokens();
  KvPayload kv =
      replica(from).export_kv(job.request.cache_namespace, std::span(tokens).first(tokens.size() - 1));
  leave(job);
  ++job.moves;
  ++counters_.handovers;
  const auto moved = static_cast<double>(kv.tokens.size());
  const Time there = transfer(from, std::max(0.0, moved - sent_before));
  damage(kv);
  later(there, id, job, [this, id, to, payload = std::make_shared<KvPayload>(std::move(kv))](Job& moving) {
    send(id, moving, to, moving.remaining(), std::move(*payload));
  });
}

}  // namespace loci::sim
