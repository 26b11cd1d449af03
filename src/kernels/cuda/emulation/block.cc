#include "kernels/cuda/emulation/block.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <string_view>

#include "base/check.h"
#include "kernels/cuda/emulation/index.h"

namespace loci::kernels::cuda::emulation {
namespace {

thread_local Block* current_block = nullptr;

std::string at(const Where& where) {
  std::string_view file = where.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return fmt::format("{}:{}", file, where.line());
}
bool same_place(const Where& a, const Where& b) {
  return a.line() == b.line() && std::string_view(a.file_name()) == b.file_name();
}

}  // namespace

Block::Block(const Shape& shape, std::uint64_t seed)
    : shape_(shape),
      random_(seed),
      clocks_(shape.threads),
      threads_(static_cast<std::size_t>(shape.threads)),
      meetings_(static_cast<std::size_t>((shape.threads + kLanesOfWarp - 1) / kLanesOfWarp)),
      dynamic_shared_(nullptr, shape.dynamic_shared_bytes) {}

Block& Block::current() {
  LOCI_CHECK(current_block != nullptr);
  return *current_block;
}

std::string Block::run(const std::function<void()>& kernel) {
  current_block = this;
  blockIdx = shape_.index;
  gridDim = shape_.grid;
  blockDim = {static_cast<unsigned>(shape_.threads), 1, 1};
  {
    Fibers fibers(shape_.threads, [&](int thread) { body(thread, kernel); });
    fibers_ = &fibers;
    std::vector<int> order;
    for (;;) {
      choose_threads(order);
      if (order.empty()) {
        if (std::ranges::all_of(threads_, [](const Thread& t) { return t.state == State::kEnded; })) break;
        if (release_barrier()) continue;
        diagnose();
      }
      for (const int i : order) {
        if (given_up_) break;
        thread_ = i;
        threadIdx = {static_cast<unsigned>(i), 0, 0};
        fibers.resume(i);
      }
      if (given_up_) give_up(fibers);
    }
    fibers_ = nullptr;
  }
  current_block = nullptr;
  return error_;
}

void Block::body(int thread, const std::function<void()>& kernel) {
  try {
    if (!given_up_) kernel();
  } catch (const GivenUp&) {
  }
  threads_[static_cast<std::size_t>(thread)].state = State::kEnded;
}

void Block::choose_threads(std::vector<int>& order) {
  order.clear();
  for (int i = 0; i < shape_.threads; ++i)
    if (threads_[static_cast<std::size_t>(i)].state == State::kRuns) order.push_back(i);
  std::ranges::shuffle(order, random_);
}

void Block::wait() {
  fibers_->wait();
  if (given_up_) throw GivenUp{};
}

void Block::give_up(Fibers& fibers) {
  for (int i = 0; i < shape_.threads; ++i)
    if (!fibers.ended(i)) {
      thread_ = i;
      fibers.resume(i);
    }
}

std::string Block::place_of(int thread) const {
  return fmt::format("{}: block {},{} thread {}", shape_.kernel, shape_.index.x, shape_.index.y, thread);
}

void Block::note_error(int thread, const std::string& what) {
  if (error_.empty()) error_ = fmt::format("{}: {}", place_of(thread), what);
  given_up_ = true;
}

void Block::report(const std::string& what) {
  note_error(thread_, what);
  throw GivenUp{};
}

void Block::sync_threads(Where where) {
  Thread& thread = threads_[static_cast<std::size_t>(thread_)];
  for (int i = 0; i < shape_.threads; ++i) {
    const Thread& other = threads_[static_cast<std::size_t>(i)];
    if (other.state == State::kAtBarrier && !same_place(other.where, where))
      report(fmt::format("waits at __syncthreads in {}, thread {} at the one in {}", at(where), i,
                         at(other.where)));
  }
  thread.state = State::kAtBarrier;
  thread.where = where;
  thread.instruction = "__syncthreads";
  wait();
}

bool Block::release_barrier() {
  if (!std::ranges::all_of(threads_, [](const Thread& t) { return t.state == State::kAtBarrier; }))
    return false;
  clocks_.block_barrier();
  for (Thread& thread : threads_) thread.state = State::kRuns;
  return true;
}

/// Nobody can go on: whoever waits, waits for one that waits elsewhere or has left.
void Block::diagnose() {
  int waits = 0;
  while (threads_[static_cast<std::size_t>(waits)].state == State::kEnded) ++waits;
  const Thread& thread = threads_[static_cast<std::size_t>(waits)];
  int missing = -1;
  if (thread.state == State::kAtBarrier) {
    missing = static_cast<int>(
        std::ranges::find_if(threads_, [](const Thread& t) { return t.state != State::kAtBarrier; }) -
        threads_.begin());
  } else {
    const int warp = waits / kLanesOfWarp;
    for (const auto& meeting : meetings_[static_cast<std::size_t>(warp)])
      if ((meeting->arrived >> waits % kLanesOfWarp & 1u) != 0 && meeting->arrived != meeting->mask)
        missing = warp * kLanesOfWarp + std::countr_zero(meeting->mask & ~meeting->arrived);
  }
  std::string does = "does not exist";
  if (missing >= 0 && missing < shape_.threads) {
    const Thread& other = threads_[static_cast<std::size_t>(missing)];
    does = other.state == State::kEnded
               ? "has left the kernel"
               : fmt::format("waits at {} in {}", other.instruction, at(other.where));
  }
  note_error(waits, fmt::format("waits at {} in {} for thread {}, which {}", thread.instruction,
                                at(thread.where), missing, does));
}

Meeting& Block::meet(const char* instruction, std::uint32_t mask, const void* brings, std::size_t bytes,
                     Where where) {
  const int lane = thread_ % kLanesOfWarp;
  const std::uint32_t own = 1u << lane;
  if ((mask & own) == 0)
    report(
        fmt::format("{} in {}: its lane {} is not in the mask {:#010x}", instruction, at(where), lane, mask));
  auto& open = meetings_[static_cast<std::size_t>(thread_ / kLanesOfWarp)];
  auto found = std::ranges::find_if(open, [&](const auto& m) {
    return m->mask == mask && m->arrived != m->mask && (m->arrived & own) == 0;
  });
  if (found == open.end())
    found = open.insert(found, std::make_unique<Meeting>(Meeting{instruction, mask, where, 0, 0, {}}));
  Meeting& meeting = **found;
  if (std::string_view(meeting.instruction) != instruction || !same_place(meeting.where, where))
    report(fmt::format("executes {} in {}, other lanes of its mask {} in {}", instruction, at(where),
                       meeting.instruction, at(meeting.where)));
  LOCI_CHECK(bytes <= Meeting::kBytes);
  if (bytes > 0) std::memcpy(meeting.brought[static_cast<std::size_t>(lane)].data(), brings, bytes);
  meeting.arrived |= own;
  if (meeting.arrived == mask) {
    for (int i = 0; i < kLanesOfWarp; ++i)
      if ((mask >> i & 1u) != 0)
        threads_[static_cast<std::size_t>(thread_ / kLanesOfWarp * kLanesOfWarp + i)].state = State::kRuns;
    return meeting;
  }
  Thread& thread = threads_[static_cast<std::size_t>(thread_)];
  thread.state = State::kAtMeeting;
  thread.where = where;
  thread.instruction = instruction;
  wait();
  return meeting;
}

void Block::leave(Meeting& meeting) {
  meeting.left |= 1u << thread_ % kLanesOfWarp;
  if (meeting.left == meeting.mask)
    std::erase_if(meetings_[static_cast<std::size_t>(thread_ / kLanesOfWarp)],
                  [&](const auto& m) { return m.get() == &meeting; });
}

void Block::sync_warp(std::uint32_t mask, Where where) {
  Meeting& meeting = meet("__syncwarp", mask, nullptr, 0, where);
  if (meeting.left == 0) clocks_.warp_barrier(thread_ / kLanesOfWarp, mask);  // the first to go on
  leave(meeting);
}

SharedArray& Block::shared_array(const void* key, std::size_t bytes) {
  for (const auto& array : shared_)
    if (array->key() == key) return *array;
  constexpr std::size_t kMostStaticBytes = 48 * 1024;
  std::size_t all = bytes;
  for (const auto& array : shared_) all += array->size();
  if (all > kMostStaticBytes) report(fmt::format("declares {} bytes of shared memory, 49152 are there", all));
  return *shared_.emplace_back(std::make_unique<SharedArray>(key, bytes));
}

void Block::access(SharedArray& array, Access kind, std::size_t first, std::size_t bytes, const char* name,
                   std::ptrdiff_t index) {
  const std::string trouble = array.access(kind, first, bytes, thread_, clocks_);
  if (trouble.empty()) return;
  report(fmt::format("{} {}[{}], {}", kind == Access::kRead ? "reads" : "writes", name, index, trouble));
}

void Block::copy_async(const AsyncCopy& copy, const char* name, std::ptrdiff_t index) {
  const std::string trouble = copy.array->begin_copy(copy.at, copy.bytes, thread_, clocks_);
  if (!trouble.empty()) report(fmt::format("copies to {}[{}], {}", name, index, trouble));
  auto& groups = threads_[static_cast<std::size_t>(thread_)].copies;
  if (groups.empty()) groups.emplace_back();
  groups.back().push_back(copy);
}

void Block::commit_copies() {
  auto& groups = threads_[static_cast<std::size_t>(thread_)].copies;
  if (groups.empty()) groups.emplace_back();
  groups.emplace_back();
}

void Block::end_copies(std::vector<AsyncCopy>& group) {
  for (const AsyncCopy& copy : group) {
    std::byte* to = copy.array->data() + copy.at;
    if (copy.source_bytes > 0) std::memcpy(to, copy.source, copy.source_bytes);
    std::memset(to + copy.source_bytes, 0, copy.bytes - copy.source_bytes);
    copy.array->end_copy(copy.at, copy.bytes, thread_, clocks_);
  }
}

void Block::wait_for_copies(int groups_left) {
  auto& groups = threads_[static_cast<std::size_t>(thread_)].copies;
  while (groups.size() > static_cast<std::size_t>(groups_left) + 1) {
    end_copies(groups.front());
    groups.pop_front();
  }
}

}  // namespace loci::kernels::cuda::emulation
