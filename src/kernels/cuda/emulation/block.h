// One block of a grid while it runs: its threads are fibers, which change places only where they wait, in an
// order drawn from a seed. Everything that a GPU would let pass or answer with wrong numbers ends the grid
// with a line that names kernel, block and thread. One block an OS thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <source_location>
#include <string>
#include <vector>

#include "kernels/cuda/emulation/clocks.h"
#include "kernels/cuda/emulation/fibers.h"
#include "kernels/cuda/emulation/shared_array.h"

namespace loci::kernels::cuda::emulation {

using Where = std::source_location;

struct Index3 {
  unsigned x = 0, y = 0, z = 0;
};

/// Goes through a kernel's frames when the grid is given up; nothing but run_grid() catches it.
struct GivenUp {};

/// What the lanes of a warp bring to an instruction that they execute together.
struct Meeting {
  static constexpr std::size_t kBytes = 64;
  const char* instruction;
  std::uint32_t mask;
  Where where;
  std::uint32_t arrived = 0, left = 0;  // lanes
  alignas(16) std::array<std::array<std::byte, kBytes>, kLanesOfWarp> brought;
};

/// Bytes on their way to shared memory (cp.async); the rest is filled with zeros.
struct AsyncCopy {
  SharedArray* array;
  std::size_t at, bytes;
  const void* source;
  std::size_t source_bytes;
};

class Block {
 public:
  struct Shape {
    const char* kernel;
    Index3 grid, index;
    int threads;
    std::size_t dynamic_shared_bytes;
  };
  Block(const Shape& shape, std::uint64_t seed);

  /// Runs kernel() in every thread. The error, or an empty string.
  std::string run(const std::function<void()>& kernel);

  /// The block that runs on this OS thread.
  static Block& current();
  int thread() const { return thread_; }

  /// Ends the grid: the running thread did `what`.
  [[noreturn]] void report(const std::string& what);

  void sync_threads(Where where);
  void sync_warp(std::uint32_t mask, Where where);
  /// Waits until all lanes of `mask` are there; then every one of them reads what they brought and calls
  /// leave().
  Meeting& meet(const char* instruction, std::uint32_t mask, const void* brings, std::size_t bytes,
                Where where);
  void leave(Meeting& meeting);

  SharedArray& shared_array(const void* key, std::size_t bytes);
  SharedArray& dynamic_shared() { return dynamic_shared_; }
  /// Of element `name`[`index`], which is bytes [first, first + bytes) of the array.
  void access(SharedArray& array, Access kind, std::size_t first, std::size_t bytes, const char* name,
              std::ptrdiff_t index);

  void copy_async(const AsyncCopy& copy, const char* name, std::ptrdiff_t index);
  void commit_copies();
  void wait_for_copies(int groups_left);

 private:
  enum class State { kRuns, kAtBarrier, kAtMeeting, kEnded };
  struct Thread {
    State state = State::kRuns;
    Where where;                                // it waits
    const char* instruction = "";               // likewise
    std::deque<std::vector<AsyncCopy>> copies;  // groups; the last one is not committed
  };

  void body(int thread, const std::function<void()>& kernel);
  void wait();
  void choose_threads(std::vector<int>& order);
  bool release_barrier();
  void diagnose();
  std::string place_of(int thread) const;
  void note_error(int thread, const std::string& what);
  void give_up(Fibers& fibers);
  void end_copies(std::vector<AsyncCopy>& group);

  Shape shape_;
  std::mt19937_64 random_;
  Clocks clocks_;
  std::vector<Thread> threads_;
  std::vector<std::vector<std::unique_ptr<Meeting>>> meetings_;  // of each warp
  std::vector<std::unique_ptr<SharedArray>> shared_;
  SharedArray dynamic_shared_;
  Fibers* fibers_ = nullptr;
  int thread_ = 0;
  bool given_up_ = false;
  std::string error_;
};

}  // namespace loci::kernels::cuda::emulation
