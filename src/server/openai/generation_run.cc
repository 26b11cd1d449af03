#include "server/openai/generation_run.h"

#include <chrono>

#include "server/openai/json_text.h"
#include "server/random_id.h"

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
  if (asked && *asked > room)
    return std::unexpected(context_length_exceeded(context, prompt, *asked, job.request.max_tokens_field));
  return asked.value_or(std::min(job.default_max_tokens.value_or(room), room));
}

class GenerationRun : public std::enable_shared_from_this<GenerationRun> {
 public:
  GenerationRun(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                GenerationJob job);

  ApiResult<> submit_all();
  void begin();

 private:
  struct Choice {
    ChoicePart part;     // whole answer: all so far; stream: what waits to be sent
    int characters = 0;  // already streamed
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

  Choice& choice_of(std::size_t prompt, const Event& event) {
    return choices_[prompt * static_cast<std::size_t>(job_.request.engine.choices) +
                    static_cast<std::size_t>(event.choice)];
  }
  bool wants_logprobs() const { return job_.request.engine.logprobs.has_value(); }

  void on_event(std::size_t prompt, Event event);
  void apply(std::size_t prompt, Event event);
  void observe(Choice& choice, const Event& event);
  void add_to(Choice& choice, std::size_t prompt, Event& event);
  void stream_choice(Choice& choice, bool finished);
  void end();
  void fail(const std::string& message);
  void cancel_all();
  Usage total_usage() const;

  std::string head(std::string_view object) const;
  void write_event(std::string_view choices, const Usage* usage);
  std::string whole_answer() const;

  const std::shared_ptr<Exchange> exchange_;
  const ServedModel& served_;
  Metrics& metrics_;
  const GenerationJob job_;
  const ChoiceStyle style_;
  const Time started_ = now();
  const std::string id_;
  const std::string chunk_head_;  // of a stream's chunks, up to the choices
  std::vector<Prompt> prompts_;
  std::vector<Choice> choices_;  // [prompt][choice]
  std::string buffer_;           // of the chunk at hand
  bool over_ = false;            // answered, or nobody listens
  bool cancelled_ = false;
};

GenerationRun::GenerationRun(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                             GenerationJob job)
    : exchange_(std::move(exchange)),
      served_(served),
      metrics_(metrics),
      job_(std::move(job)),
      style_{&served.model.tokenizer(), wants_logprobs(), job_.request.stream},
      id_(std::string(job_.shape->id_prefix) + random_hex_id()),
      chunk_head_(head(job_.shape->chunk_object)),
      prompts_(job_.prompts.size()),
      choices_(job_.prompts.size() * static_cast<std::size_t>(job_.request.engine.choices)) {
  for (std::size_t i = 0; i < choices_.size(); ++i) choices_[i].part.index = static_cast<int>(i);
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
    request.sampling.seed = seed;
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
  if (!job_.request.stream) return;
  exchange_->begin_stream({.status = 200,
                           .headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                                       {"Cache-Control", "no-cache"},
                                       {"X-Accel-Buffering", "no"}},
                           .body = {},
                           .close = false});
  if (job_.shape->append_opening == nullptr) return;
  for (const Choice& choice : choices_) {
    std::string opening;
    job_.shape->append_opening(choice.part.index, opening);
    write_event(opening, nullptr);
  }
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
  Choice& choice = choice_of(index, event);
  observe(choice, event);
  if (over_) return;
  if (event.finish == FinishReason::kError) return fail(event.error);
  add_to(choice, index, event);
  if (job_.request.stream) stream_choice(choice, event.finish.has_value());
  if (std::ranges::all_of(prompts_, &Prompt::ended)) end();
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

void GenerationRun::add_to(Choice& choice, std::size_t prompt, Event& event) {
  ChoicePart& part = choice.part;
  if (!choice.begun) {
    choice.begun = true;
    if (!job_.echoes.empty()) part.echo = &job_.echoes[prompt];
    if (!prompts_[prompt].logprobs.empty()) part.prompt_logprobs = &prompts_[prompt].logprobs;
    part.show_prompt_logprobs = job_.show_prompt_logprobs;
  }
  part.text += event.text;
  if (wants_logprobs()) std::ranges::move(event.tokens, std::back_inserter(part.tokens));
  if (event.finish) {
    part.finish = event.finish;
    part.stop_reason = std::move(event.stop_reason);
  }
}

/// Sends what has come, unless it is nothing that a client could see.
void GenerationRun::stream_choice(Choice& choice, bool finished) {
  ChoicePart& part = choice.part;
  if (part.text.empty() && part.tokens.empty() && part.echo == nullptr && !finished) return;
  part.text_offset = choice.characters;
  buffer_.clear();
  job_.shape->append_choice(part, style_, buffer_);
  write_event(buffer_, nullptr);
  if (part.echo != nullptr) choice.characters += characters_in(part.echo->text);
  for (const OutputToken& token : part.tokens)
    choice.characters += token_characters(*style_.tokenizer, token.token);
  part.text.clear();
  part.tokens.clear();
  part.echo = nullptr;
}

void GenerationRun::end() {
  over_ = true;
  if (!job_.request.stream) {
    exchange_->respond(json_response(whole_answer()));
    return;
  }
  if (job_.request.include_usage) {
    const Usage usage = total_usage();
    write_event("", &usage);
  }
  exchange_->write("data: [DONE]\n\n");
  exchange_->end_stream();
}

void GenerationRun::fail(const std::string& message) {
  cancel_all();
  const ApiError error(500, message.empty() ? "the engine could not go on" : message);
  if (!job_.request.stream) {
    exchange_->respond(error_response(error));
    return;
  }
  exchange_->write("data: " + error_json(error) + "\n\n");
  exchange_->write("data: [DONE]\n\n");
  exchange_->end_stream();
}

Usage GenerationRun::total_usage() const {
  Usage total;
  for (const Prompt& prompt : prompts_) {
    total.prompt_tokens += prompt.usage.prompt_tokens;
    total.completion_tokens += prompt.usage.completion_tokens;
    total.cached_tokens += prompt.usage.cached_tokens;
  }
  return total;
}

// ---- writing

/// {"id": ..., ..., "choices": [
std::string GenerationRun::head(std::string_view object) const {
  std::string out = "{\"id\":";
  append_json_string(id_, out);
  out += ",\"object\":";
  append_json_string(object, out);
  const auto created =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  fmt::format_to(std::back_inserter(out), ",\"created\":{},\"model\":", created.count());
  append_json_string(served_.name(), out);
  out += ",\"choices\":[";
  return out;
}

void GenerationRun::write_event(std::string_view choices, const Usage* usage) {
  std::string event = "data: ";
  event += chunk_head_;
  event += choices;
  event += ']';
  if (job_.request.include_usage) {
    event += ",\"usage\":";
    if (usage != nullptr) {
      append_usage(*usage, event);
    } else {
      event += "null";
    }
  }
  event += "}\n\n";
  exchange_->write(event);
}

std::string GenerationRun::whole_answer() const {
  std::string out = head(job_.shape->object);
  for (const Choice& choice : choices_) {
    if (choice.part.index > 0) out += ',';
    job_.shape->append_choice(choice.part, style_, out);
  }
  out += "],\"usage\":";
  append_usage(total_usage(), out);
  out += '}';
  return out;
}

}  // namespace

ApiResult<> start_generation(std::shared_ptr<Exchange> exchange, const ServedModel& served, Metrics& metrics,
                             GenerationJob job) {
  const auto run = std::make_shared<GenerationRun>(std::move(exchange), served, metrics, std::move(job));
  LOCI_TRY_VOID(run->submit_all());
  run->begin();
  return {};
}

}  // namespace loci
