// A bounded queue of messages from many threads to the one that owns the receiving end. The receiver takes
// all that is there at once, so that the lock is held for the time of a swap.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace loci {

template <class Message>
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  /// False, with the message untouched, if the mailbox is full.
  bool push(Message&& message) {
    {
      const std::lock_guard lock(mutex_);
      if (messages_.size() >= capacity_) return false;
      messages_.push_back(std::move(message));
    }
    arrived_.notify_one();
    return true;
  }

  /// Moves what is there into `out` (cleared first) without waiting.
  void take(std::vector<Message>& out) {
    out.clear();
    const std::lock_guard lock(mutex_);
    out.swap(messages_);
  }

  /// As take(), but waits until something is there or `until` has come.
  template <class TimePoint>
  void wait_and_take(std::vector<Message>& out, TimePoint until) {
    out.clear();
    std::unique_lock lock(mutex_);
    arrived_.wait_until(lock, until, [this] { return !messages_.empty(); });
    out.swap(messages_);
  }

  /// As take(), but waits until something is there.
  void wait_and_take(std::vector<Message>& out) {
    out.clear();
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !messages_.empty(); });
    out.swap(messages_);
  }

 private:
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Message> messages_;
};

}  // namespace loci
