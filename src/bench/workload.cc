#include "bench/workload.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "bench/weights.h"

namespace loci::bench {
namespace {

// Kinds of keys, so that no two stretches of a workload are equal by accident.
enum Kind : std::uint64_t { kPrefix, kInput, kTail, kBlock, kShape, kMixture, kThink };

/// What the made workloads share: lengths and keys.
class Made : public Workload {
 protected:
  explicit Made(const WorkloadOptions& options) : options_(options) {}

  Draws draws(Kind kind, std::size_t index) const { return Draws(mix({options_.seed, kind, index})); }
  int around(int length, Draws& draws) const {
    const int low = std::max(1, static_cast<int>(std::floor(length * (1 - options_.range_ratio))));
    const int high = static_cast<int>(std::ceil(length * (1 + options_.range_ratio)));
    return draws.between(low, std::max(low, high));
  }
  Segment input(std::size_t index, std::size_t turn, int count) const {
    return {mix({options_.seed, kInput, index, turn}), count};
  }
  Segment shared(std::size_t which, int count) const {
    return {mix({options_.prefix_seed, kPrefix, which}), count};
  }

  const WorkloadOptions options_;
};

Session one_turn(std::vector<Segment> segments, int output_tokens) {
  std::erase_if(segments, [](const Segment& segment) { return segment.count == 0; });
  Turn turn{.messages = {{.segments = std::move(segments)}}, .output_tokens = output_tokens};
  Session session;
  session.turns.push_back(std::move(turn));
  return session;
}

/// Independent prompts; all begin with one prefix where there is one. `long-context` has other lengths.
class Random final : public Made {
 public:
  Random(const WorkloadOptions& options, int input, int output)
      : Made(options),
        input_(options.input_len.value_or(input)),
        output_(options.output_len.value_or(output)) {}

  std::optional<Session> session(std::size_t index) const override {
    Draws shape = draws(kShape, index);
    const int input_tokens = around(input_, shape);
    return one_turn({shared(0, options_.prefix_len.value_or(0)), input(index, 0, input_tokens)},
                    around(output_, shape));
  }

 private:
  int input_, output_;
};

/// Lengths like those of ShareGPT's conversations: log-normal, with the means of the vLLM paper (Kwon et al.
/// 2023, figure 11: 161 and 338 tokens) and log-deviations of 1.2 and 1.0; between 4 and 1024.
class ShareGptLike final : public Made {
 public:
  explicit ShareGptLike(const WorkloadOptions& options) : Made(options) {}

  std::optional<Session> session(std::size_t index) const override {
    constexpr double kInputDeviation = 1.2, kOutputDeviation = 1.0;
    const double input_mean = std::log(161.31) - kInputDeviation * kInputDeviation / 2;
    const double output_mean = std::log(337.99) - kOutputDeviation * kOutputDeviation / 2;
    Draws shape = draws(kShape, index);
    const int input_tokens = shape.log_normal(input_mean, kInputDeviation, 4, 1024);
    const int output_tokens = shape.log_normal(output_mean, kOutputDeviation, 4, 1024);
    return one_turn({input(index, 0, input_tokens)}, options_.output_len.value_or(output_tokens));
  }
};

/// Which of `count` things: the k-th as often as 1 / k^s (Zipf); all alike where s is 0.
class Popularity {
 public:
  Popularity(std::size_t count, double s) {
    double sum = 0;
    for (std::size_t k = 1; k <= count; ++k) sums_.push_back(sum += std::pow(double(k), -s));
  }
  std::size_t draw(Draws& draws) const {
    const double at = draws.uniform() * sums_.back();
    return std::min<std::size_t>(
        static_cast<std::size_t>(std::ranges::upper_bound(sums_, at) - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

/// One of P prefixes, drawn by its popularity, and an ending of its own. Where all are alike, the first P
/// sessions use each prefix once.
class SharedPrefix final : public Made {
 public:
  explicit SharedPrefix(const WorkloadOptions& options)
      : Made(options),
        prefixes_(static_cast<std::size_t>(options.num_prefixes.value_or(10))),
        popularity_(prefixes_, options.prefix_zipf) {}

  std::optional<Session> session(std::size_t index) const override {
    Draws shape = draws(kShape, index);
    const std::size_t nth = index % kWarmupSessions;
    const bool in_turn = options_.prefix_zipf == 0 && nth < prefixes_;
    const std::size_t which = in_turn                     ? nth
                              : options_.prefix_zipf == 0 ? shape.below(static_cast<std::uint32_t>(prefixes_))
                                                          : popularity_.draw(shape);
    const int suffix = around(options_.input_len.value_or(256), shape);
    return one_turn({shared(which, options_.prefix_len.value_or(256)), input(index, 0, suffix)},
                    around(options_.output_len.value_or(128), shape));
  }

 private:
  std::size_t prefixes_;
  Popularity popularity_;
};

/// Agents: a system prompt that all share, then turns that each add what a tool said and send the whole
/// history. The defaults send about a hundred tokens for each that is generated.
class MultiTurn final : public Made {
 public:
  explicit MultiTurn(const WorkloadOptions& options)
      : Made(options),
        popularity_(static_cast<std::size_t>(options.num_prefixes.value_or(1)), options.prefix_zipf) {}

  std::optional<Session> session(std::size_t index) const override {
    Draws shape = draws(kShape, index);
    Session session;
    for (int i = 0; i < options_.turns.value_or(8); ++i) {
      Turn turn;
      if (i == 0) {
        const std::size_t which =
            options_.prefix_zipf == 0
                ? shape.below(static_cast<std::uint32_t>(options_.num_prefixes.value_or(1)))
                : popularity_.draw(shape);
        const Segment system = shared(which, options_.prefix_len.value_or(4000));
        if (system.count > 0) turn.messages.push_back({.role = Message::Role::kSystem, .segments = {system}});
      }
      const int added = around(options_.input_len.value_or(250), shape);
      turn.messages.push_back({.segments = {input(index, static_cast<std::size_t>(i), added)}});
      turn.output_tokens = around(options_.output_len.value_or(50), shape);
      if (i > 0) turn.think = options_.think_seconds.value_or(1) * shape.exponential();
      session.turns.push_back(std::move(turn));
    }
    return session;
  }

 private:
  Popularity popularity_;
};

/// Recorded requests: text as it was, or tokens by the recorded lengths. Prompts of a Mooncake trace share
/// the tokens of the 512-token blocks that have one name.
class Recorded final : public Made {
 public:
  Recorded(const WorkloadOptions& options, Trace trace) : Made(options), trace_(std::move(trace)) {
    std::map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < trace_.requests.size(); ++i) {
      const std::string& name = trace_.requests[i].session;
      const auto [found, is_new] = by_name.try_emplace(name, sessions_.size());
      if (is_new || name.empty()) sessions_.emplace_back();
      sessions_[name.empty() ? sessions_.size() - 1 : found->second].push_back(i);
    }
  }

  bool timed() const override { return trace_.timed; }

  std::optional<Session> session(std::size_t index) const override {
    if (index >= sessions_.size()) return std::nullopt;
    Session session;
    if (trace_.timed) session.at = trace_.requests[sessions_[index].front()].at / options_.trace_speedup;
    Draws pauses = draws(kThink, index);
    for (const std::size_t i : sessions_[index]) {
      Turn turn = turn_of(i);
      if (!session.turns.empty()) turn.think = options_.think_seconds.value_or(0) * pauses.exponential();
      session.turns.push_back(std::move(turn));
    }
    return session;
  }

 private:
  Turn turn_of(std::size_t i) const {
    const TraceRequest& request = trace_.requests[i];
    Turn turn{.whole = true,
              .output_tokens = options_.output_len.value_or(request.output_tokens),
              .listed_tokens = request.input_tokens};
    Message& message = turn.messages.emplace_back();
    message.text = request.text;
    if (!request.text.empty()) return turn;
    int left = request.input_tokens;
    for (const std::uint64_t block : request.blocks) {
      message.segments.push_back(
          {mix({options_.prefix_seed, kBlock, block}), std::min(left, kTraceBlockTokens)});
      left -= message.segments.back().count;
    }
    if (left > 0) message.segments.push_back({mix({options_.seed, kTail, i}), left});
    return turn;
  }

  Trace trace_;
  std::vector<std::vector<std::size_t>> sessions_;  // indices of requests
};

class Mixed final : public Made {
 public:
  Mixed(const WorkloadOptions& options, std::vector<Weighted> weights,
        std::vector<std::unique_ptr<Workload>> workloads)
      : Made(options), weights_(std::move(weights)), workloads_(std::move(workloads)) {}

  std::optional<Session> session(std::size_t index) const override {
    Draws mixture = draws(kMixture, index);
    const std::size_t part = pick(weights_, mixture);
    auto session = workloads_[part]->session(index);
    if (session) session->part = static_cast<int>(part);
    return session;
  }
  std::vector<std::string> parts() const override {
    std::vector<std::string> names;
    for (const Weighted& one : weights_) names.push_back(one.name);
    return names;
  }

 private:
  std::vector<Weighted> weights_;
  std::vector<std::unique_ptr<Workload>> workloads_;
};

Result<std::unique_ptr<Workload>> make_mixed(const WorkloadOptions& options) {
  if (options.mix.empty())
    return fail(ErrorCode::kInvalidArgument, "--mix: 'mixed' needs a list such as random:3,multi-turn:1");
  auto weights = parse_weights(options.mix);
  if (!weights) return std::unexpected(std::move(weights.error()).in("--mix"));
  std::vector<std::unique_ptr<Workload>> workloads;
  for (std::size_t i = 0; i < weights->size(); ++i) {
    const std::string& name = (*weights)[i].name;
    if (name == "mixed" || name == "trace")
      return fail(ErrorCode::kInvalidArgument, "--mix: '{}' cannot be part of a mix", name);
    WorkloadOptions part = options;
    part.dataset = name;
    part.seed = mix({options.seed, kMixture, i});
    LOCI_TRY(auto workload, make_workload(part));
    workloads.push_back(std::move(workload));
  }
  return std::make_unique<Mixed>(options, std::move(*weights), std::move(workloads));
}

Result<> check(const WorkloadOptions& options) {
  const auto in = [](std::string_view name, const std::optional<int>& value, int least) -> Result<> {
    if (!value || (*value >= least && *value <= kMaxTraceTokens)) return {};
    return fail(ErrorCode::kInvalidArgument, "{}: {} is not in {}..{}", name, *value, least, kMaxTraceTokens);
  };
  LOCI_TRY_VOID(in("--input-len", options.input_len, 1));
  LOCI_TRY_VOID(in("--output-len", options.output_len, 1));
  LOCI_TRY_VOID(in("--prefix-len", options.prefix_len, 0));
  LOCI_TRY_VOID(in("--num-prefixes", options.num_prefixes, 1));
  LOCI_TRY_VOID(in("--turns", options.turns, 1));
  if (!(options.prefix_zipf >= 0 && options.prefix_zipf <= 10))
    return fail(ErrorCode::kInvalidArgument, "--prefix-zipf: {} is not in [0, 10]", options.prefix_zipf);
  if (!(options.range_ratio >= 0 && options.range_ratio < 1))
    return fail(ErrorCode::kInvalidArgument, "--range-ratio: {} is not in [0, 1)", options.range_ratio);
  if (!(options.trace_speedup > 0) || std::isinf(options.trace_speedup))
    return fail(ErrorCode::kInvalidArgument, "--trace-speedup: {} is no number above 0",
                options.trace_speedup);
  return {};
}

}  // namespace

Result<std::unique_ptr<Workload>> make_workload(const WorkloadOptions& options) {
  constexpr int kLongInput = 16384, kLongOutput = 64;
  LOCI_TRY_VOID(check(options));
  const std::string& name = options.dataset;
  if (name == "random") return std::make_unique<Random>(options, 1024, 128);
  if (name == "long-context") return std::make_unique<Random>(options, kLongInput, kLongOutput);
  if (name == "shared-prefix") return std::make_unique<SharedPrefix>(options);
  if (name == "multi-turn") return std::make_unique<MultiTurn>(options);
  if (name == "mixed") return make_mixed(options);
  if (name == "sharegpt") {
    if (options.file.empty()) return std::make_unique<ShareGptLike>(options);
    LOCI_TRY(Trace trace, read_sharegpt(options.file, options.counter));
    return std::make_unique<Recorded>(options, std::move(trace));
  }
  if (name == "trace") {
    if (options.trace.empty())
      return fail(ErrorCode::kInvalidArgument, "--trace: the dataset 'trace' needs a file");
    LOCI_TRY(Trace trace, read_trace(options.trace, options.counter));
    return std::make_unique<Recorded>(options, std::move(trace));
  }
  return fail(ErrorCode::kInvalidArgument, "--dataset-name: '{}' is none of {}", name, kDatasets);
}

}  // namespace loci::bench
