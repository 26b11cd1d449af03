#include "sim/clients.h"

#include <algorithm>
#include <utility>

#include "text/letter_tokenizer.h"

namespace loci::sim {
namespace {

// Kinds of draws.
enum Kind : std::uint64_t { kText, kCancel, kOffline, kStorm };

constexpr int kFirstLetter = 3;  // behind the special tokens
constexpr int kLetters = LetterTokenizer::kVocabulary - kFirstLetter;

/// `count` tokens, a pure function of `key`: the first of an endless sequence. One draw makes five.
void append_tokens(std::vector<TokenId>& out, std::uint64_t key, int count) {
  bench::Draws draws(key);
  for (int i = 0; i < count;) {
    std::uint32_t bits = draws.bits();
    for (int k = 0; k < 5 && i < count; ++k, ++i, bits /= kLetters)
      out.push_back(kFirstLetter + static_cast<TokenId>(bits % kLetters));
  }
}

std::uint64_t hash_of(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
  return hash;
}

void append_turn(std::vector<TokenId>& out, const bench::Turn& turn) {
  if (turn.whole) out.clear();
  for (const bench::Message& message : turn.messages) {
    for (const bench::Segment& segment : message.segments) append_tokens(out, segment.key, segment.count);
    if (!message.text.empty())
      append_tokens(out, bench::mix({kText, hash_of(message.text)}), turn.listed_tokens);
  }
}

}  // namespace

Clients::Clients(const bench::Workload& workload, const ClientOptions& options, Fleet& fleet,
                 EventQueue& queue, const bench::Slo& slo)
    : workload_(workload), options_(options), fleet_(fleet), queue_(queue), arrivals_(options.arrivals) {
  tally_.slo = slo;
  served_.resize(std::max<std::uint64_t>(1, options.tenants));
}

double Clients::fairness() const {
  double sum = 0, squares = 0;
  for (const double served : served_) sum += served, squares += served * served;
  return squares > 0 ? sum * sum / (static_cast<double>(served_.size()) * squares) : 1;
}

void Clients::start() {
  if (!options_.concurrency) return next_arrival();
  for (int i = 0; i < *options_.concurrency && !sent_all_; ++i) begin_session();
}

/// The next session begins at its time; then the one behind it is looked for.
void Clients::next_arrival() {
  double at = 0;
  if (workload_.timed()) {
    const auto session = workload_.session(next_session_);
    if (!session) {
      sent_all_ = true;
      return;
    }
    at = session->at.value_or(0);
  } else {
    at = arrivals_.next();
  }
  if (options_.max_seconds && at > *options_.max_seconds) {
    sent_all_ = true;
    return;
  }
  queue_.at(Time{} + to_duration(at), [this] {
    begin_session();
    if (!sent_all_) next_arrival();
  });
}

void Clients::begin_session() {
  if (next_job_ >= options_.requests || (options_.max_seconds && now_seconds() > *options_.max_seconds)) {
    sent_all_ = true;
    return;
  }
  const std::uint64_t number = next_session_++;
  auto session = workload_.session(number);
  if (!session) {
    sent_all_ = true;
    return;
  }
  Running& running = sessions_[number];
  running.session = std::move(*session);
  const auto part = static_cast<std::uint64_t>(running.session.part);
  running.tenant = (options_.tenant_by_part ? part : number) % std::max<std::uint64_t>(1, options_.tenants);
  bench::Draws draws(bench::mix({options_.seed, kOffline, number}));
  running.offline = options_.offline_share > 0 && draws.uniform() < options_.offline_share;
  ask(number);
}

void Clients::ask(std::uint64_t number) {
  Running& running = sessions_.at(number);
  if (next_job_ >= options_.requests) {  // others were quicker
    sent_all_ = true;
    sessions_.erase(number);
    return;
  }
  const bench::Turn& turn = running.session.turns[running.turn];
  append_turn(running.history, turn);
  if (running.history.empty()) running.history.push_back(kFirstLetter);
  const std::uint64_t job = next_job_++;
  running.prompt_tokens = running.history.size();
  running.result = {.number = job,
                    .part = running.session.part,
                    .tenant = static_cast<int>(running.tenant),
                    .session = number,
                    .turn = static_cast<int>(running.turn),
                    .intended = now_seconds(),
                    .sent = now_seconds(),
                    .planned_input = static_cast<int>(running.history.size()),
                    .planned_output = turn.output_tokens};
  session_of_[job] = number;
  Request request;
  request.prompt = running.history;
  request.max_tokens = std::max(1, turn.output_tokens);
  request.ignore_eos = true;
  request.sampling.temperature = 0;
  request.cache_namespace = {running.tenant};
  if (options_.tenants > 1) request.tenant = "tenant-" + std::to_string(running.tenant);
  request.service = running.offline ? Service::kOffline : Service::kOnline;
  request.first_token_within = options_.first_token_within;
  if (options_.cancel_share > 0) {
    bench::Draws draws(bench::mix({options_.seed, kCancel, job}));
    const double patience = options_.cancel_after * draws.exponential();
    if (draws.uniform() < options_.cancel_share)
      queue_.in(to_duration(patience), [this, job] { fleet_.cancel({job}); });
  }
  fleet_.submit({job}, std::move(request), bench::mix({number, options_.seed}) | 1, *this);
}

void Clients::cancel_some(double share) {
  std::vector<std::uint64_t> leaving;
  for (const auto& [job, session] : session_of_) {
    bench::Draws draws(bench::mix({options_.seed, kStorm, job}));
    if (draws.uniform() < share) leaving.push_back(job);
  }
  std::ranges::sort(leaving);
  for (const std::uint64_t job : leaving) fleet_.cancel({job});
}

void Clients::on_tokens(JobId job, std::span<const TokenId> tokens, Time now) {
  const auto found = session_of_.find(job.number);
  if (found == session_of_.end()) {
    ++wrong_ends_;
    return;
  }
  Running& running = sessions_.at(found->second);
  if (!sent_all_) {
    const auto prompt = static_cast<double>(running.result.output_times.empty() ? running.prompt_tokens : 0);
    served_[running.tenant] += prompt + 2 * static_cast<double>(tokens.size());
  }
  running.history.insert(running.history.end(), tokens.begin(), tokens.end());
  running.result.output_times.push_back(seconds(now.time_since_epoch()));
  running.result.output_counts.push_back(static_cast<int>(tokens.size()));
  running.result.output_tokens += static_cast<int>(tokens.size());
}

void Clients::on_end(JobId job, JobEnd end, int cached_tokens, Time now) {
  const auto found = session_of_.find(job.number);
  if (found == session_of_.end()) {
    ++wrong_ends_;
    return;
  }
  const std::uint64_t number = found->second;
  session_of_.erase(found);
  Running& running = sessions_.at(number);
  bench::RequestResult& result = running.result;
  result.ended = seconds(now.time_since_epoch());
  result.prompt_tokens = static_cast<int>(running.prompt_tokens);
  result.cached_tokens = cached_tokens;
  if (end != JobEnd::kComplete)
    result.error_kind = end == JobEnd::kCancelled ? "cancelled"
                        : end == JobEnd::kRefused ? "http_429"
                                                  : "failed";
  tally_.add(result);
  if (options_.keep_results) results_.push_back(std::move(result));
  const bool goes_on = end == JobEnd::kComplete && ++running.turn < running.session.turns.size() &&
                       next_job_ < options_.requests;
  if (goes_on) {
    queue_.in(to_duration(running.session.turns[running.turn].think), [this, number] { ask(number); });
    return;
  }
  sessions_.erase(number);
  if (!options_.concurrency) return;
  queue_.in(Duration{}, [this] { begin_session(); });
}

}  // namespace loci::sim
