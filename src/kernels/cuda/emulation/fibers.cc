#include "kernels/cuda/emulation/fibers.h"

#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <sys/mman.h>
#include <utility>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define LOCI_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCI_ADDRESS_SANITIZER
#endif
#endif
#ifdef LOCI_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace loci::kernels::cuda::emulation {
namespace {

/// In front of a switch to the stack that begins at `bottom`. `kept` takes what the sanitizer holds for the
/// stack that is left; nullptr: it will not be entered again.
void announce_switch([[maybe_unused]] void** kept, [[maybe_unused]] const void* bottom,
                     [[maybe_unused]] std::size_t bytes) {
#ifdef LOCI_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(kept, bottom, bytes);
#endif
}
/// Behind a switch, on the stack that was entered; the last two take the bounds of the one that was left.
void announce_arrival([[maybe_unused]] void* kept, [[maybe_unused]] const void** bottom,
                      [[maybe_unused]] std::size_t* bytes) {
#ifdef LOCI_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(kept, bottom, bytes);
#endif
}

/// A stack with a page below it that nobody may touch. The system gives it pages when they are used.
class Stack {
 public:
  static constexpr std::size_t kBytes = 256 * 1024, kGuard = 4096;
  Stack()
      : memory_(mmap(nullptr, kGuard + kBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    LOCI_CHECK(memory_ != MAP_FAILED);
    LOCI_CHECK(mprotect(memory_, kGuard, PROT_NONE) == 0);
  }
  Stack(Stack&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  ~Stack() {
    if (memory_ != nullptr) munmap(memory_, kGuard + kBytes);
  }
  void* bottom() const { return static_cast<std::byte*>(memory_) + kGuard; }
  void* top() const { return static_cast<std::byte*>(bottom()) + kBytes; }

 private:
  void* memory_;
};

/// Stacks outlive the fibers: a grid has many blocks, each with as many threads.
std::vector<Stack>& spare_stacks() {
  static thread_local std::vector<Stack> stacks;
  return stacks;
}
Stack take_stack() {
  std::vector<Stack>& spare = spare_stacks();
  if (spare.empty()) return Stack();
  Stack stack = std::move(spare.back());
  spare.pop_back();
  return stack;
}

struct KeepStack {
  using traits_type = boost::context::stack_traits;
  boost::context::stack_context allocate() { return {}; }
  void deallocate(boost::context::stack_context&) {}
};

}  // namespace

struct Fibers::Scheduler {
  boost::context::fiber context;
  void* kept = nullptr;
  const void* bottom = nullptr;
  std::size_t bytes = 0;
};

struct Fibers::Fiber {
  Stack stack = take_stack();
  boost::context::fiber context;
  void* kept = nullptr;
  bool ended = false;
};

Fibers::Fibers(int count, std::function<void(int)> body)
    : body_(std::move(body)), scheduler_(std::make_unique<Scheduler>()) {
  for (int i = 0; i < count; ++i) {
    fibers_.push_back(std::make_unique<Fiber>());
    Fiber& fiber = *fibers_.back();
    boost::context::stack_context stack;
    stack.sp = fiber.stack.top();
    stack.size = Stack::kBytes;
    fiber.context =
        boost::context::fiber(std::allocator_arg, boost::context::preallocated(stack.sp, stack.size, stack),
                              KeepStack{}, [this, i](boost::context::fiber&& scheduler) {
                                scheduler_->context = std::move(scheduler);
                                announce_arrival(nullptr, &scheduler_->bottom, &scheduler_->bytes);
                                body_(i);
                                fibers_[static_cast<std::size_t>(i)]->ended = true;
                                announce_switch(nullptr, scheduler_->bottom, scheduler_->bytes);
                                return std::move(scheduler_->context);
                              });
  }
}

Fibers::~Fibers() {
  for (const auto& fiber : fibers_) {
    LOCI_CHECK(fiber->ended);
    spare_stacks().push_back(std::move(fiber->stack));
  }
}

void Fibers::resume(int i) {
  Fiber& fiber = *fibers_[static_cast<std::size_t>(i)];
  running_ = i;
  announce_switch(&scheduler_->kept, fiber.stack.bottom(), Stack::kBytes);
  fiber.context = std::move(fiber.context).resume();
  announce_arrival(scheduler_->kept, nullptr, nullptr);
}

void Fibers::wait() {
  Fiber& fiber = *fibers_[static_cast<std::size_t>(running_)];
  announce_switch(&fiber.kept, scheduler_->bottom, scheduler_->bytes);
  scheduler_->context = std::move(scheduler_->context).resume();
  announce_arrival(fiber.kept, &scheduler_->bottom, &scheduler_->bytes);
}

bool Fibers::ended(int i) const {
  return fibers_[static_cast<std::size_t>(i)]->ended;
}

}  // namespace loci::kernels::cuda::emulation
