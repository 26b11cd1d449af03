// Virtual time: what happens next, ordered by (time, number of its making), so that equal runs are equal to
// the last event.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/check.h"
#include "base/time.h"

namespace loci::sim {

inline Duration to_duration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

class EventQueue {
 public:
  using Action = std::function<void()>;

  Time now() const { return now_; }
  bool empty() const { return heap_.empty(); }
  std::uint64_t ran() const { return ran_; }

  /// Runs `action` at `at`, or now if that is past, behind all that was asked for the same time before.
  void at(Time at, Action action) {
    heap_.push_back({std::max(at, now_), made_++, std::move(action)});
    std::ranges::push_heap(heap_, Later{});
  }
  void in(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  /// The next event, and its time becomes now.
  void run_one() {
    LOCI_CHECK(!heap_.empty());
    std::ranges::pop_heap(heap_, Later{});
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.at;
    ++ran_;
    event.action();
  }

 private:
  struct Event {
    Time at;
    std::uint64_t number;
    Action action;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.at != b.at ? a.at > b.at : a.number > b.number;
    }
  };

  Time now_{};
  std::uint64_t made_ = 0, ran_ = 0;
  std::vector<Event> heap_;
};

}  // namespace loci::sim
