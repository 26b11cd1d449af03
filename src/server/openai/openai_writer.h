// Answers in OpenAI's two shapes, completions and chats: one object with choices, or a stream of chunks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/generation/answer_writer.h"
#include "server/http.h"
#include "server/served_model.h"

namespace loci {

/// What an answer depends on besides the engine's events.
struct OpenAiAnswer {
  std::shared_ptr<Exchange> exchange;
  const ServedModel& served;
  int choices = 1;             // of all prompts
  int choices_per_prompt = 1;  // n
  bool stream = false;
  bool include_usage = false;         // in a stream
  bool logprobs = false;              // the request asked for them
  bool show_prompt_logprobs = false;  // in vLLM's own field
  std::string_view service_tier{};    // how it is served, where the request asked for a tier
};

/// As the request wants it.
OpenAiAnswer openai_answer(std::shared_ptr<Exchange> exchange, const ServedModel& served,
                           const GenerationRequest& request, std::size_t prompts);

/// A prompt that comes back in front of the output.
struct EchoedPrompt {
  std::string text;
  std::vector<TokenId> tokens;
};

/// `echoes`: [prompts], or empty.
std::unique_ptr<AnswerWriter> completion_writer(OpenAiAnswer answer, std::vector<EchoedPrompt> echoes);
std::unique_ptr<AnswerWriter> chat_writer(OpenAiAnswer answer);

/// What the two have in common.
class OpenAiWriter : public AnswerWriter {
 public:
  struct Shape {
    std::string_view id_prefix;     // "cmpl-"
    std::string_view object;        // "text_completion"
    std::string_view chunk_object;  // of the chunks of a stream
  };
  OpenAiWriter(OpenAiAnswer answer, const Shape& shape);

  void begin(int prompt_tokens) final;
  void add(ChoicePart&& part) final;
  void end(const AnswerUsage& usage) final;
  void fail(const ApiError& error) final;

 protected:
  struct Choice {
    ChoicePart part;      // whole answer: all so far; stream: what has just come
    bool begins = true;   // with `part`
    bool called = false;  // a tool, before or in `part`
    int characters = 0;   // streamed before `part`
  };

  /// First chunk of a choice, before any text; none by default.
  virtual void append_opening(int index, std::string& out) const;
  virtual void append_whole(const Choice& choice, std::string& out) const = 0;
  virtual void append_usage(const AnswerUsage& usage, std::string& out) const = 0;
  /// The choice objects of the chunks for what has just come; none where no client could see it.
  virtual std::vector<std::string> chunks(Choice& choice) = 0;

  const OpenAiAnswer& answer() const { return answer_; }
  const Tokenizer& tokenizer() const { return answer_.served.model.tokenizer(); }

 private:
  std::string head(std::string_view object) const;
  void write_chunk(std::string_view choices, const AnswerUsage* usage);

  const OpenAiAnswer answer_;
  const Shape shape_;
  const std::string id_;
  const std::string chunk_head_;  // of a stream's chunks, up to the choices
  std::vector<Choice> choices_;
};

}  // namespace loci
