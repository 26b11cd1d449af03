// The engine's dealings with memory: a sequence takes over what is cached of its prefix, leaves its whole
// blocks behind for others, shares its prompt with its siblings, and gives everything back.
#include <algorithm>

#include "base/check.h"
#include "engine/engine.h"

namespace loci {

/// Room for all that it may become: while it decodes, its lists do not move. Takes no memory that is not
/// used.
void Engine::reserve(Sequence& sequence) const {
  const int most = sequence.prompt_tokens() + sequence.request->request.max_tokens;
  sequence.tokens.reserve(static_cast<std::size_t>(most));
  sequence.chain.reserve(blocks_for(most, parts_.limits.block_tokens));
  memory_.reserve(sequence.table, most);
}

/// A sequence that starts has the blocks of its prefix that are in the fast tier; the rest comes from the
/// host.
void Engine::begin_prefix(Sequence& sequence, int cached_tokens, Time now) {
  const int block_tokens = parts_.limits.block_tokens, blocks = cached_tokens / block_tokens;
  const int fast = sequence.table.block_count();
  reserve(sequence);
  const bool fetched = memory_.fetch_prefix(sequence.table, sequence.chain, blocks, now);
  counters_.short_plans += !fetched && plan_.preempts.empty();
  const int found = sequence.table.block_count();
  sequence.computed = found * block_tokens;
  sequence.match = {};
  sequence.match_growth = ~std::uint64_t{0};
  sequence.leader = nullptr;
  if (!std::exchange(sequence.started, true)) {
    memory_.count_lookup(sequence.prompt_tokens(), sequence.computed, (found - fast) * block_tokens);
    if (sequence.choice == 0) sequence.request->usage.cached_tokens = sequence.computed;
  }
  if (sequence.pooler) return;
  sequence.announced_begin = found;
  sequence.announced_end = sequence.chain.size();
  memory_.announce(sequence.chain, sequence.announced_begin, sequence.announced_end, sequence.pace());
}

/// Its whole blocks become known to the index.
void Engine::seal(Sequence& sequence, Time now) {
  const int whole = sequence.computed / parts_.limits.block_tokens, before = sequence.table.sealed_blocks();
  if (sequence.pooler || whole <= before) return;
  sequence.chain.extend(sequence.tokens);
  memory_.seal(sequence.table, sequence.chain, sequence.computed, sequence.tokens, now);
  for (int block = before; block < whole; ++block) retain(sequence, block, now);
  const int announced = std::clamp(whole, sequence.announced_begin, sequence.announced_end);
  memory_.withdraw(sequence.chain, sequence.announced_begin, announced, sequence.pace());
  sequence.announced_begin = announced;
}

/// The highest priority that the request asks for among the tokens of `block`.
void Engine::retain(Sequence& sequence, int block, Time now) {
  const Request& request = sequence.request->request;
  if (request.retention.empty() && !request.output_retention) return;
  const int begin = block * parts_.limits.block_tokens, end = begin + parts_.limits.block_tokens;
  const RetentionLevel* best = nullptr;
  for (const Retention& range : request.retention)
    if (range.begin < end && begin < range.end && (best == nullptr || range.level.priority > best->priority))
      best = &range.level;
  if (request.output_retention && end > sequence.prompt_tokens() &&
      (best == nullptr || request.output_retention->priority > best->priority))
    best = &*request.output_retention;
  if (best == nullptr) return;
  memory_.retain(sequence.table, block, best->priority, best->duration ? now + *best->duration : Time::max());
}

void Engine::withdraw(Sequence& sequence) {
  memory_.withdraw(sequence.chain, sequence.announced_begin, sequence.announced_end, sequence.pace());
  sequence.announced_begin = sequence.announced_end = 0;
}

/// The sequence holds nothing any more; what it knows stays.
void Engine::release(Sequence& sequence, Time now) {
  withdraw(sequence);
  memory_.release(sequence.table, now);
  sequence.computed = 0;
  sequence.rank = kNoRank;
}

/// `block` came back from the host tier with other bytes than went in. Whoever took it over goes back to the
/// tokens before it, and nobody finds it any more.
void Engine::drop_damaged(BlockId block, Time now) {
  memory_.count_damage();
  std::vector<const Sequence*> hit;
  for (const auto& sequence : running_)
    for (int i = 0; i < sequence->table.block_count(); ++i) {
      if (sequence->table.block(i) != block) continue;
      memory_.shrink(sequence->table, i, now);
      sequence->computed = std::min(sequence->computed, i * parts_.limits.block_tokens);
      hit.push_back(sequence.get());
      break;
    }
  for (const Sequence* sequence : hit)  // now that nobody holds it
    memory_.forget(sequence->chain, sequence->table.block_count(), now);
}

/// The leader has computed the prompt: the choices that wait for it go on from the same blocks and the same
/// distribution, as far as there are slots for them.
void Engine::fork_siblings(Sequence& leader, std::span<const float> logits) {
  for (auto& waiting : waiting_) {
    if (waiting->leader != &leader) continue;
    waiting->leader = nullptr;
    if (static_cast<int>(running_.size()) >= parts_.limits.step.max_sequences) continue;
    Sequence& sibling = *waiting;
    memory_.fork(leader.table, sibling.table);
    reserve(sibling);
    sibling.computed = leader.computed;
    sibling.started = sibling.running = true;
    ++counters_.forks;
    running_.push_back(std::move(waiting));
    take_token(sibling, logits);
  }
  std::erase(waiting_, nullptr);
  sort_running();
}

std::vector<BlockId> Engine::find_prefix(CacheNamespace owner, std::span<const TokenId> tokens) const {
  KeyChain chain(owner, parts_.limits.block_tokens);
  chain.extend(tokens);
  return memory_.fast_blocks(chain);
}

std::vector<Engine::ImportedBlock> Engine::import_prefix(CacheNamespace owner,
                                                         std::span<const TokenId> tokens, Time now) {
  const int block_tokens = parts_.limits.block_tokens;
  KeyChain chain(owner, block_tokens);
  chain.extend(tokens);
  const int known = static_cast<int>(memory_.fast_blocks(chain).size());
  BlockTable table(memory_);
  memory_.hold_prefix(table, chain, known, now);
  const int whole = std::min(chain.size(), known + memory_.available());
  std::vector<ImportedBlock> imported;
  if (whole > known && memory_.grow(table, whole * block_tokens, now)) {
    for (int i = known; i < whole; ++i) imported.push_back({i, table.block(i)});
    memory_.seal(table, chain, whole * block_tokens, tokens, now);
  }
  memory_.release(table, now);
  make_copies(now);  // what was cached in these blocks goes to the host tier before they are filled
  return imported;
}

}  // namespace loci
