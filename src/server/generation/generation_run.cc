#include "server/generation/generation_run.h"

#include <algorithm>
#include <chrono>

namespace loci {
namespace {

Time now() {
  return std::chrono::steady_clock::now();
}

/// How many tokens a choice may have; the refusal names both numbers where prompt and output cannot both fit.
ApiResult<int> resolve_max_tokens(const GenerationJob& job, int prompt, int context) {
  const int room = context - prompt;
  const auto& asked = job.request.max_tokens;
  if (room < 0 || (room == 0 && asked.value_or(1) > 0))
    return std::unexpected(context_length_exceeded(context, prompt, 0, job.prompt_field));
  if (asked && *asked > room && !job.request.clamp_max_tokens)
    return std::unexpected(context_length_exceeded(context, prompt, *asked, job.request.max_tokens_field));
  return std::min(asked.value_or(job.default_max_tokens.value_or(room)), room);
}

class GenerationRun : public std::enable_shared_from_this<GenerationRun> {
 public:
  GenerationRun(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                GenerationJob job, std::unique_ptr<AnswerWriter> writer);

  ApiResult<> submit_all();
  void begin();

 private:
  struct Choice {
    explicit Choice(const AnswerSyntax& syntax) : reader(syntax) {}
    ChoiceReader reader;
    bool begun = false;
    Time last_token{};
  };
  struct Prompt {
    RequestId id{};
    PromptLogprobs logprobs;
    bool logprobs_due = false;  // the answer begins with them, and they have not come
    std::vector<Event> held;    // events of other choices that came before them
    Usage usage;
    bool ended = false;
  };

  int choice_index(std::size_t prompt, const Event& event) const {
    return static_cast<int>(prompt) * job_.request.engine.choices + event.choice;
  }

  void on_event(std::size_t prompt, Event event);
  void apply(std::size_t prompt, Event event);
  void observe(Choice& choice, const Event& event);
  ChoicePart part_of(std::size_t prompt, Event& event);
  static AnswerDelta read_text(ChoiceReader& reader, const Event& event);
  void fail(const ApiError& error);
  void cancel_all();
  AnswerUsage total_usage() const;

  const std::shared_ptr<Exchange> exchange_;
  const ServedModel& served_;
  Metrics& metrics_;
  const GenerationJob job_;
  const std::unique_ptr<AnswerWriter> writer_;
  const Time started_ = now();
  std::vector<Prompt> prompts_;
  std::vector<Choice> choices_;  // [prompt][choice]
  bool over_ = false;            // answered, or nobody listens
  bool cancelled_ = false;
};

GenerationRun::GenerationRun(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                             GenerationJob job, std::unique_ptr<AnswerWriter> writer)
    : exchange_(std::move(exchange)),
      served_(served),
      metrics_(metrics),
      job_(std::move(job)),
      writer_(std::move(writer)),
      prompts_(job_.prompts.size()) {
  const std::size_t choices = job_.prompts.size() * static_cast<std::size_t>(job_.request.engine.choices);
  choices_.reserve(choices);
  for (std::size_t i = 0; i < choices; ++i) choices_.emplace_back(job_.syntax);
}

// ---- starting

ApiResult<> GenerationRun::submit_all() {
  std::vector<Request> requests;
  const std::uint64_t seed = job_.request.seed ? *job_.request.seed : served_.next_seed();
  for (const auto& tokens : job_.prompts) {
    Request& request = requests.emplace_back(job_.request.engine);
    LOCI_TRY(request.max_tokens,
             resolve_max_tokens(job_, static_cast<int>(tokens.size()), served_.engine.max_model_len()));
    request.prompt = tokens;
    apply_terms(job_.request.terms, job_.caller, exchange_->request().id, request);
    request.sampling.seed = seed;
    if (job_.syntax.dialect != nullptr) request.kept_special_tokens = served_.model.marker_tokens();
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    prompts_[i].logprobs_due = requests[i].prompt_logprobs.has_value();
    auto sink = [run = shared_from_this(), i](Event&& event) {
      run->exchange_->post(
          [run, i, event = std::move(event)]() mutable { run->on_event(i, std::move(event)); });
    };
    auto id = served_.engine.submit(std::move(requests[i]), std::move(sink));
    if (!id) {
      for (std::size_t later = i; later < prompts_.size(); ++later) prompts_[later].ended = true;
      cancel_all();
      return std::unexpected(ApiError(std::move(id).error()));
    }
    prompts_[i].id = *id;
  }
  return {};
}

void GenerationRun::begin() {
  exchange_->on_disconnect([weak = weak_from_this()] {
    if (const auto run = weak.lock()) run->cancel_all();
  });
  std::size_t prompt_tokens = 0;
  for (const auto& prompt : job_.prompts) prompt_tokens += prompt.size();
  writer_->begin(static_cast<int>(prompt_tokens));
  if (!job_.request.terms.timeout) return;
  exchange_->after(*job_.request.terms.timeout, [weak = weak_from_this()] {
    if (const auto run = weak.lock(); run && !run->over_)
      run->fail(timed_out(seconds(*run->job_.request.terms.timeout)));
  });
}

void GenerationRun::cancel_all() {
  over_ = true;
  if (std::exchange(cancelled_, true)) return;
  for (const Prompt& prompt : prompts_)
    if (!prompt.ended) served_.engine.cancel(prompt.id);
}

// ---- events

/// Holds back what must come after the prompt's log probabilities, which choice 0 brings.
void GenerationRun::on_event(std::size_t index, Event event) {
  Prompt& prompt = prompts_[index];
  if (prompt.logprobs_due && event.choice != 0 && !event.last) {
    prompt.held.push_back(std::move(event));
    return;
  }
  const bool brings_logprobs = std::exchange(prompt.logprobs_due, false);
  if (brings_logprobs) prompt.logprobs = std::move(event.prompt_logprobs);
  // The last event of a request ends its usage and may end the answer: what was held goes first then.
  const bool last = event.last;
  if (!last) apply(index, std::move(event));
  for (Event& held : std::exchange(prompt.held, {})) apply(index, std::move(held));
  if (last) apply(index, std::move(event));
}

void GenerationRun::apply(std::size_t index, Event event) {
  Prompt& prompt = prompts_[index];
  prompt.usage = event.usage;
  prompt.ended = event.last;
  observe(choices_[static_cast<std::size_t>(choice_index(index, event))], event);
  if (over_) return;
  if (event.finish == FinishReason::kError)
    return fail(ApiError(500, event.error.empty() ? "the engine could not go on" : event.error));
  writer_->add(part_of(index, event));
  if (!std::ranges::all_of(prompts_, &Prompt::ended)) return;
  over_ = true;
  writer_->end(total_usage());
}

void GenerationRun::observe(Choice& choice, const Event& event) {
  const Time time = event.at;
  if (!event.tokens.empty()) {
    if (choice.last_token == Time{}) {
      metrics_.first_token(time - started_);
    } else {
      metrics_.next_token(time - choice.last_token);
    }
    choice.last_token = time;
  }
  if (event.finish) metrics_.finished(*event.finish, time - started_);
}

ChoicePart GenerationRun::part_of(std::size_t prompt, Event& event) {
  ChoicePart part;
  part.index = choice_index(prompt, event);
  Choice& choice = choices_[static_cast<std::size_t>(part.index)];
  if (!std::exchange(choice.begun, true) && !prompts_[prompt].logprobs.empty())
    part.prompt_logprobs = &prompts_[prompt].logprobs;
  part.delta = read_text(choice.reader, event);
  if (job_.request.engine.logprobs) std::ranges::move(event.tokens, std::back_inserter(part.tokens));
  part.finish = event.finish;
  part.stop_reason = std::move(event.stop_reason);
  return part;
}

/// A whole hypothesis is read token by token too, so that those of reasoning are counted alike.
AnswerDelta GenerationRun::read_text(ChoiceReader& reader, const Event& event) {
  const bool last = event.finish.has_value();
  if (event.text_ends.empty()) return reader.read(event.text, static_cast<int>(event.tokens.size()), last);
  AnswerDelta delta;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < event.text_ends.size(); ++i) {
    const std::string_view text = std::string_view(event.text).substr(begin, event.text_ends[i] - begin);
    append(delta, reader.read(text, 1, last && i + 1 == event.text_ends.size()));
    begin = event.text_ends[i];
  }
  return delta;
}

void GenerationRun::fail(const ApiError& error) {
  cancel_all();
  writer_->fail(error);
}

AnswerUsage GenerationRun::total_usage() const {
  AnswerUsage total;
  for (const Prompt& prompt : prompts_) {
    total.tokens.prompt_tokens += prompt.usage.prompt_tokens;
    total.tokens.completion_tokens += prompt.usage.completion_tokens;
    total.tokens.cached_tokens += prompt.usage.cached_tokens;
  }
  for (const Choice& choice : choices_) total.reasoning_tokens += choice.reader.reasoning_tokens();
  return total;
}

}  // namespace

ApiResult<> start_generation(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                             GenerationJob job, std::unique_ptr<AnswerWriter> writer) {
  const auto run = std::make_shared<GenerationRun>(std::move(exchange), served, metrics, std::move(job),
                                                   std::move(writer));
  LOCI_TRY_VOID(run->submit_all());
  run->begin();
  return {};
}

}  // namespace loci
