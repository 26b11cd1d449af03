// What this machine can do at most: bytes read from memory and operations, each a second, measured. The floor
// of a piece of work is the time that it takes at these limits; achieved / floor says how good a kernel is.
//
// A multiply-add counts as two operations. Figures are medians of several runs on all threads of the pool.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/worker_pool.h"
#include "kernels/ops.h"
#include "tensor/dtype.h"

namespace loci::kernels {

/// What is multiplied; sums are float32, or int32 of int8.
enum class Operands { kFloat32, kBFloat16, kInt8 };
inline constexpr Operands kAllOperands[] = {Operands::kFloat32, Operands::kBFloat16, Operands::kInt8};

std::string_view operands_name(Operands operands);  // "fp32", "bf16", "int8"

/// The narrowest operands that lose nothing of weights of this type: int8 for blocks of integer codes,
/// BF16 for 16-bit and 8-bit floats.
Operands operands_for(DType weights);

/// Speed of one kind of instruction that keeps all multipliers busy from registers.
struct Peak {
  Operands operands;
  Isa isa;                       // the op table that may use it
  std::string_view extension;    // of the processor: "avx512_vnni"
  std::string_view instruction;  // "vpdpbusd"
  double operations_per_second;
};

struct Roofline {
  int threads = 1;
  double read_bytes_per_second = 0;
  std::vector<Peak> peaks;

  /// The best that `isa` and the narrower ones offer, float32 among it, to which every number can be widened:
  /// a processor may have no instruction for `operands`, or a slow one (BF16 on Intel's Xeons, whose BF16
  /// is in AMX). 0 where nothing was measured.
  double peak(Operands operands, Isa isa) const;
};

struct Work {
  double operations = 0;
  double bytes = 0;  // that must come from memory
  Operands operands = Operands::kFloat32;
};

/// The longer of the two times: operations at the peak, bytes at the bandwidth. A limit of 0 is none.
double floor_seconds(const Work& work, const Roofline& roofline, Isa isa);

struct RooflineOptions {
  double seconds = 0.3;        // spent on each figure, about
  std::size_t read_bytes = 0;  // of the buffer; 0: default_read_bytes()
};

/// Three times the last-level cache, between 1 and 4 GiB, but at most a quarter of the memory that is free.
std::size_t default_read_bytes();

/// Where the buffer cannot be had: kResourceExhausted.
Result<double> measure_read_bandwidth(WorkerPool& pool, const RooflineOptions& options);
/// Of every instruction in cpu/peaks that this processor has.
std::vector<Peak> measure_peaks(WorkerPool& pool, const RooflineOptions& options);
Result<Roofline> measure_roofline(WorkerPool& pool, const RooflineOptions& options);

}  // namespace loci::kernels
