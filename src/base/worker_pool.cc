// How a loop runs. `gate_` is one word: the number of the loop, whether it is open, and how many workers are
// inside. A worker enters an open loop by adding itself (compare and exchange), claims pieces
// (base/piece_queues.h), and leaves by subtracting itself. The caller claims pieces too; when none is left it
// closes the gate and waits for those inside.
//
// So nobody waits for a worker that never woke up: on a busy machine a loop costs what the caller alone would
// need. The plain fields of the loop are written only while the gate is closed and empty, and read only from
// inside.
//
// A worker falls asleep by counting itself in `sleepers_`, reading `bell_` and then looking at the gate once
// more; the caller opens the gate, then looks at `sleepers_`, then rings. Sequential consistency of these
// four steps means that either the caller sees the sleeper or the sleeper sees the open gate: no wake-up is
// lost.
#include "base/worker_pool.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <pthread.h>
#include <sched.h>
#include <span>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/memory_nodes.h"
#include "base/piece_queues.h"
#include "base/processors.h"

namespace loci {
namespace {

constexpr std::uint64_t kOneInside = 1;
constexpr std::uint64_t kInsideMask = 0xFFFF;
constexpr std::uint64_t kOpen = 0x10000;
constexpr std::uint64_t kOneLoop = 0x20000;

constexpr int kSpins = 1000;  // pauses before a worker sleeps: 20 to 50 us
constexpr int kSpinsBeforeYield =
    4000;  // pauses before the caller lets others run: a worker inside may be descheduled

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// A wish: where the system refuses, the thread runs wherever it is put.
void pin_this_thread(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/// Where the threads of a pool run.
struct Placement {
  std::vector<int> cpus;           // [thread]; empty: wherever the system puts them
  std::vector<std::size_t> homes;  // [thread]: its memory node
  std::vector<int> threads_of_node;
};

Placement place_threads(std::size_t threads) {
  Placement placement{
      processors_for_threads(), std::vector<std::size_t>(threads, 0), {static_cast<int>(threads)}};
  if (threads > placement.cpus.size()) return placement.cpus.clear(), placement;
  placement.cpus.resize(threads);
  const std::vector<int> nodes = nodes_of_processors(placement.cpus, "/sys/devices/system/cpu");
  const auto count = static_cast<std::size_t>(*std::ranges::max_element(nodes)) + 1;
  if (count > PieceQueues::kMaxNodes) return placement;
  placement.homes.assign(nodes.begin(), nodes.end());
  placement.threads_of_node.assign(count, 0);
  for (const std::size_t home : placement.homes) ++placement.threads_of_node[home];
  return placement;
}

}  // namespace

struct WorkerPool::State {
  explicit State(std::span<const int> threads_of_node) : queues(threads_of_node) {}

  alignas(64) std::atomic<std::uint64_t> gate{0};
  PieceQueues queues;
  alignas(64) std::atomic<int> sleepers{0};
  std::atomic<std::uint32_t> bell{0};
  std::atomic<bool> stopping{false};

  alignas(64) int count = 0;
  int chunk = 1;
  Body body = nullptr;
  void* context = nullptr;

  std::vector<std::thread> workers;

  void claim_pieces(std::size_t home);
  bool try_enter(std::uint64_t& last_loop);
  void sleep(std::uint64_t last_loop);
  void work(std::size_t home);
  void ring();
};

void WorkerPool::State::claim_pieces(std::size_t home) {
  queues.claim_all(home, [this](int piece) {
    const int begin = piece * chunk;
    body(context, begin, count - begin < chunk ? count : begin + chunk);
  });
}

/// Enters the loop that is open, if it is not the one that this worker has already seen to its end.
bool WorkerPool::State::try_enter(std::uint64_t& last_loop) {
  std::uint64_t seen = gate.load(std::memory_order_acquire);
  while ((seen & kOpen) != 0 && seen / kOneLoop != last_loop) {
    if (!gate.compare_exchange_weak(seen, seen + kOneInside, std::memory_order_acq_rel,
                                    std::memory_order_acquire))
      continue;
    last_loop = seen / kOneLoop;
    return true;
  }
  return false;
}

void WorkerPool::State::sleep(std::uint64_t last_loop) {
  sleepers.fetch_add(1, std::memory_order_seq_cst);
  const std::uint32_t heard = bell.load(std::memory_order_seq_cst);
  const std::uint64_t seen = gate.load(std::memory_order_seq_cst);
  const bool nothing_to_do = (seen & kOpen) == 0 || seen / kOneLoop == last_loop;
  if (nothing_to_do && !stopping.load(std::memory_order_seq_cst)) bell.wait(heard, std::memory_order_seq_cst);
  sleepers.fetch_sub(1, std::memory_order_seq_cst);
}

void WorkerPool::State::work(std::size_t home) {
  std::uint64_t last_loop = 0;
  int spins = 0;
  while (!stopping.load(std::memory_order_relaxed)) {
    if (try_enter(last_loop)) {
      claim_pieces(home);
      gate.fetch_sub(kOneInside, std::memory_order_release);
      spins = 0;
    } else if (++spins < kSpins) {
      pause();
    } else {
      sleep(last_loop);
      spins = 0;
    }
  }
}

void WorkerPool::State::ring() {
  bell.fetch_add(1, std::memory_order_seq_cst);
  bell.notify_all();
}

WorkerPool::WorkerPool(int threads) {
  LOCI_CHECK(threads >= 1 && static_cast<std::uint64_t>(threads) <= kInsideMask);
  const Placement placement = place_threads(static_cast<std::size_t>(threads));
  state_ = std::make_unique<State>(placement.threads_of_node);
  state_->workers.reserve(static_cast<std::size_t>(threads) - 1);
  for (std::size_t i = 1; i < static_cast<std::size_t>(threads); ++i) {
    const int cpu = placement.cpus.empty() ? -1 : placement.cpus[i];
    state_->workers.emplace_back([state = state_.get(), cpu, home = placement.homes[i]] {
      if (cpu >= 0) pin_this_thread(cpu);
      state->work(home);
    });
  }
}

WorkerPool::~WorkerPool() {
  state_->stopping.store(true, std::memory_order_seq_cst);
  state_->ring();
  for (std::thread& worker : state_->workers) worker.join();
}

int WorkerPool::size() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void WorkerPool::run(int count, int chunk, Body body, void* context) {
  LOCI_CHECK(count >= 0 && chunk >= 1);
  State& state = *state_;
  if (state.workers.empty() || count <= chunk) {
    for (int begin = 0; begin < count;) {
      const int end = count - begin < chunk ? count : begin + chunk;
      body(context, begin, end);
      begin = end;
    }
    return;
  }
  const std::uint64_t closed = state.gate.load(std::memory_order_relaxed);
  LOCI_CHECK((closed & (kOpen | kInsideMask)) == 0);  // one loop at a time
  state.count = count;
  state.chunk = chunk;
  state.body = body;
  state.context = context;
  state.queues.open((count - 1) / chunk + 1);
  state.gate.store(closed + kOneLoop + kOpen, std::memory_order_seq_cst);
  if (state.sleepers.load(std::memory_order_seq_cst) != 0) state.ring();

  state.claim_pieces(0);  // the caller counts as a thread of the first node
  state.gate.fetch_sub(kOpen, std::memory_order_acq_rel);
  for (int spins = 0; (state.gate.load(std::memory_order_acquire) & kInsideMask) != 0; ++spins)
    if (spins < kSpinsBeforeYield) {
      pause();
    } else {
      std::this_thread::yield();
    }
}

}  // namespace loci
