// The pieces of a loop, each claimed by one thread. On a machine whose memory lies in several nodes every
// node has a share of them, contiguous and in all loops at the same place: its threads take that first and
// then help the others. So what a loop over a matrix's panels has touched first (packing them) lies with the
// threads that read it in every later loop over the same panels. With one node this is one counter.
//
// open() only while nobody claims. Claims are free of locks.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/check.h"

namespace loci {

/// Of `pieces` pieces [begin, end), those of node `node`: as many as its part of the threads.
struct PieceShare {
  int begin, end;
};
inline PieceShare share_of_node(int pieces, std::span<const int> threads_of_node, std::size_t node) {
  std::int64_t before = 0, all = 0;
  for (std::size_t i = 0; i < threads_of_node.size(); ++i) {
    before += i < node ? threads_of_node[i] : 0;
    all += threads_of_node[i];
  }
  const auto bound = [&](std::int64_t threads) { return static_cast<int>(pieces * threads / all); };
  return {bound(before), bound(before + threads_of_node[node])};
}

class PieceQueues {
 public:
  static constexpr std::size_t kMaxNodes = 16;

  /// At least one node, each with at least one thread.
  explicit PieceQueues(std::span<const int> threads_of_node) : nodes_(threads_of_node.size()) {
    LOCI_CHECK(nodes_ >= 1 && nodes_ <= kMaxNodes);
    for (std::size_t i = 0; i < nodes_; ++i) {
      LOCI_CHECK(threads_of_node[i] >= 1);
      threads_of_node_[i] = threads_of_node[i];
    }
  }

  void open(int pieces) {
    for (std::size_t i = 0; i < nodes_; ++i) {
      const PieceShare share = share_of_node(pieces, std::span(threads_of_node_).first(nodes_), i);
      queues_[i].next.store(share.begin, std::memory_order_relaxed);
      queues_[i].end = share.end;
    }
  }

  /// Calls run(piece) for each piece that this thread gets, until none is left.
  template <class F>
  void claim_all(std::size_t home, F&& run) {
    for (std::size_t i = 0; i < nodes_; ++i) {
      Queue& queue = queues_[(home + i) % nodes_];
      for (;;) {
        const int piece = queue.next.fetch_add(1, std::memory_order_relaxed);
        if (piece >= queue.end) break;
        run(piece);
      }
    }
  }

 private:
  struct alignas(64) Queue {
    std::atomic<int> next{0};
    int end = 0;
  };
  std::size_t nodes_;
  std::array<int, kMaxNodes> threads_of_node_{};
  std::array<Queue, kMaxNodes> queues_;
};

}  // namespace loci
