// A fixed set of threads that run loops together. The calling thread is one of them.
//
// Workers spin for a short while after a loop, because the next one follows within microseconds while a model
// runs, and sleep when none does: an idle pool costs no CPU. One thread at a time may call for_each_chunk.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>

namespace loci {

class WorkerPool {
 public:
  /// `threads` >= 1 counts the caller: WorkerPool(1) starts no thread.
  explicit WorkerPool(int threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  int size() const;

  /// Calls body(begin, end) on disjoint pieces of [0, count), each at most `chunk` long, until all is done.
  /// Which thread runs which piece is not defined, so a result must not depend on it.
  using Body = void (*)(void* context, int begin, int end);
  void run(int count, int chunk, Body body, void* context);

  template <class F>
  void for_each_chunk(int count, int chunk, F&& body) {
    run(
        count, chunk,
        [](void* context, int begin, int end) {
          (*static_cast<std::remove_reference_t<F>*>(context))(begin, end);
        },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace loci
