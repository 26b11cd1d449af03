// The calls that `loci bench kernels` measures: every op of kernels/ops.h with the arguments of a model of a
// few billion parameters. Each can be made in a small size too, on which implementations are compared.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/ops.h"
#include "kernels/roofline.h"

namespace loci::cli {

/// An op with arguments of its own. What it computes is a function of how it was made.
class KernelCase {
 public:
  virtual ~KernelCase() = default;
  /// Calls the op. Successive calls take other copies of weights or KV, so that no cache holds them.
  virtual void run(const kernels::OpTable& ops, WorkerPool& pool) = 0;
  /// What the last run() wrote.
  virtual std::vector<float> result() const = 0;
  /// What a call takes at least.
  virtual kernels::Work work() const = 0;
};

struct CaseSize {
  bool small = false;        // for comparing, not for timing
  std::size_t stream_bytes;  // memory over which weights and KV are spread
};

struct NamedCase {
  std::string name;      // "matmul/Q8_0/tokens:1"; the part before the first slash is the op
  double error_allowed;  // of the result beside the reference's, relative root mean square
  std::function<Result<std::unique_ptr<KernelCase>>(const CaseSize&, WorkerPool&)> make;
};

/// All of them, by op and format.
std::vector<NamedCase> kernel_cases();

// The parts of kernel_cases().
void add_matmul_cases(std::vector<NamedCase>& cases);
void add_attention_cases(std::vector<NamedCase>& cases);    // and kv_write
void add_elementwise_cases(std::vector<NamedCase>& cases);  // embed, norm, rope, activate, scale, add

/// Bits equal, or nearly: rounding that an implementation may choose.
inline constexpr double kSameNumbers = 1e-5;
/// Sums of products that may be rounded to 8 or 16 bits first.
inline constexpr double kSameWithin16Bits = 1e-2;

/// Normal random numbers.
std::vector<float> random_floats(std::size_t count, std::uint64_t seed);

}  // namespace loci::cli
