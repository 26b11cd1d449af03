// How many items make a piece of work that is worth handing to another thread.
#pragma once

namespace loci::kernels {

/// Waking a spinning worker costs about a microsecond, in which a core does some ten thousand simple
/// operations.
static constexpr long kSmallestPiece = 32768;

/// Items a piece, when each costs about `operations`; a multiple of `step`.
static inline int piece_of(long operations, int step = 1) {
  const long items = operations > 0 ? kSmallestPiece / operations : kSmallestPiece;
  return static_cast<int>(items < step ? step : items / step * step);
}

/// A tensor's row or column as a distance in memory.
static inline long offset(long row, long stride) {
  return row * stride;
}

}  // namespace loci::kernels
