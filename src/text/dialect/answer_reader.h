// Parsers of answers are coroutines that ask for one byte after the other, so that they read like parsers of
// a whole text while the text is still arriving: at the end of a piece the coroutine sleeps in `co_await
// in.next()`, and the next piece wakes it. As no parser ever sees where a piece ends, the result cannot
// depend on it.
//
// AnswerReader is a parser's whole world: the bytes come from it, and what they mean goes to it. It also
// holds back the text of a call until it is known to be one (`hold`, `begin_call`), at most kMaxHeld bytes.
#pragma once

#include <coroutine>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "text/dialect/dialect.h"

namespace loci::dialect {

class AnswerReader;

/// A coroutine whose first parameter is the reader; `co_await` runs it to its end and gives its value.
template <typename T>
class [[nodiscard]] Read {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Read(Handle handle) : handle_(handle) {}
  Read(Read&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Read& operator=(Read&&) = delete;
  ~Read() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> parent) noexcept;
  T await_resume() { return std::move(handle_.promise().value); }
  Handle handle() const { return handle_; }

 private:
  Handle handle_;
};

class AnswerReader {
 public:
  static constexpr int kEnd = -1;  // what next() and peek() give behind the last byte
  static constexpr std::size_t kMaxHeld =
      256 * 1024;                                 // bytes; text that is longer before it is a call is content
  static constexpr std::size_t kMaxSpace = 4096;  // bytes of white space held back before a call or a tag

  explicit AnswerReader(AnswerOptions options) : options_(std::move(options)) {}
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;

  const AnswerOptions& options() const { return options_; }

  struct ByteAwaiter {
    AnswerReader& in;
    bool consume;
    bool await_ready() const noexcept {
      return in.position_ < in.piece_.size() || in.ended_ || in.overfull();
    }
    void await_suspend(std::coroutine_handle<> self) const noexcept {
      in.current_ = self;
      in.waiting_ = true;
    }
    int await_resume() const { return in.byte(consume); }
  };
  /// The next byte, 0..255, or kEnd; also kEnd when more than kMaxHeld bytes are held.
  ByteAwaiter next() { return {*this, true}; }
  ByteAwaiter peek() { return {*this, false}; }

  // What the text means.
  void content(std::string_view text);
  void reasoning(std::string_view text);
  /// A thinking block begins or ends: white space at its edges, and before the content behind it, is dropped.
  void begin_reasoning();
  void end_reasoning();
  /// From here on what is read may turn out to be content, `tag` included, which has been read already.
  void hold(std::string_view tag);
  /// What is held is a call after all: its first delta.
  void begin_call(std::string_view name, std::string_view id = {});
  void arguments(std::string_view json);
  /// The call is complete. What follows is held again.
  void end_call();
  /// Inside a call, as far as its first delta.
  bool in_call() const { return in_call_; }
  /// What is held was markup.
  void drop_held() { held_.clear(); }
  /// What is held is content; nothing is held from here on.
  void release();
  /// Whether there has been content other than white space since the answer's begin, the last call or
  /// thinking block.
  bool in_prose() const { return in_prose_; }
  int calls() const { return calls_; }
  bool ended() const { return ended_; }

  // For the parser that owns the reader and the main coroutine.
  void start(std::coroutine_handle<> main) { current_ = main; }
  AnswerDelta run(std::string_view piece);
  AnswerDelta finish();

 private:
  template <typename T>
  friend class Read;

  bool overfull() const { return held_.size() >= kMaxHeld; }
  int byte(bool consume);
  void resume();

  AnswerOptions options_;
  std::string_view piece_;
  std::size_t position_ = 0;
  bool ended_ = false, waiting_ = false;
  std::coroutine_handle<> current_;

  AnswerDelta delta_;
  bool holding_ = false, in_call_ = false;
  std::string held_;
  int calls_ = 0;
  bool wrote_content_ = false, wrote_reasoning_ = false, in_prose_ = false, trims_ = false;
  bool new_block_ = false;     // the thinking block has no text yet
  std::string content_space_;  // white space whose fate what follows decides
  std::string reasoning_space_;
};

template <typename T>
struct Read<T>::promise_type {
  AnswerReader* reader;
  std::coroutine_handle<> parent{};
  T value{};

  template <typename... Arguments>
  explicit promise_type(AnswerReader& in, const Arguments&...) : reader(&in) {}

  Read get_return_object() { return Read(Handle::from_promise(*this)); }
  std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() noexcept {
    struct ToParent {
      bool await_ready() const noexcept { return false; }
      void await_suspend(Handle self) const noexcept {
        self.promise().reader->current_ = self.promise().parent;
      }
      void await_resume() const noexcept {}
    };
    return ToParent{};
  }
  void return_value(T result) { value = std::move(result); }
  void unhandled_exception() { throw; }
};

template <typename T>
void Read<T>::await_suspend(std::coroutine_handle<> parent) noexcept {
  handle_.promise().parent = parent;
  handle_.promise().reader->current_ = handle_;
}

bool is_space(int byte);

}  // namespace loci::dialect
