// Fibers that run on the calling thread, one at a time: each has a stack of its own and runs until it waits
// or ends. Switches are announced to AddressSanitizer where the program is compiled with it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace loci::kernels::cuda::emulation {

class Fibers {
 public:
  /// body(i) is what fiber i < count runs; no exception may leave it.
  Fibers(int count, std::function<void(int)> body);
  ~Fibers();  // all have ended
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  /// Lets fiber i go on until it waits or ends.
  void resume(int i);
  /// Of the running fiber: back to whoever resumed it.
  void wait();
  bool ended(int i) const;

 private:
  struct Fiber;
  struct Scheduler;
  std::function<void(int)> body_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  int running_ = -1;
};

}  // namespace loci::kernels::cuda::emulation
