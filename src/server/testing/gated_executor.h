// An executor whose steps a test holds up, lets go and makes fail.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "server/testing/scripted_executor.h"

namespace loci::testing {

class GatedExecutor final : public Executor {
 public:
  explicit GatedExecutor(const LoadedModel& model) : inner_(model) { inner_.say("fine"); }

  /// Steps wait from now on.
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  /// They go on; the first of them fails if `fail` says why.
  void let_go(const char* fail = nullptr) {
    const std::lock_guard lock(mutex_);
    held_ = false;
    fail_ = fail;
    changed_.notify_all();
  }

  StepResult run(const Batch& batch) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !held_; });
      if (const char* why = std::exchange(fail_, nullptr)) throw std::runtime_error(why);
    }
    return inner_.run(batch);
  }

 private:
  ScriptedExecutor inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  const char* fail_ = nullptr;
};

}  // namespace loci::testing
