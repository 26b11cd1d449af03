// A packed matrix of random weights, several times behind each other: as much memory as it takes that reading
// one copy after the other finds nothing in a cache.
#pragma once

#include <cstddef>

#include "base/arena.h"
#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/packed_matrix.h"

namespace loci::cli {

class WeightCopies {
 public:
  /// As many copies of a [rows][columns] matrix as `bytes` hold, at least one. Only its first 64 rows are
  /// random, the others repeat them: making weights takes longer than reading them.
  static Result<WeightCopies> make(DType dtype, int rows, int columns, std::size_t bytes, WorkerPool& pool);

  /// The next copy, round and round.
  kernels::PackedMatrix next();
  std::size_t matrix_bytes() const { return matrix_bytes_; }

 private:
  Arena arena_;
  kernels::PackedMatrix matrix_;
  std::size_t matrix_bytes_ = 0, copies_ = 1, used_ = 0;
};

}  // namespace loci::cli
