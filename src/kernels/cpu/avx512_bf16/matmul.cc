// Products of BF16 with vdpbf16ps: a lane owns an output and adds a pair of columns at a time, the inputs'
// pair broadcast from memory. Sums stay in registers over all columns, whatever the number of rows: a few
// rows by four panels, read once at the speed of the memory; or twelve rows by two panels, which come out of
// the second-level cache for the next rows. Twelve by two are 24 sums of 32 registers, which hide the
// latency.
#include "base/check.h"
#include "kernels/cpu/avx512_bf16/vec.h"
#include "kernels/cpu/matmul_output.inl.h"
#include "kernels/cpu/round.inl.h"
#include "kernels/cpu/tables.h"

namespace loci::kernels::avx512_bf16 {
namespace {

constexpr int kPairs = kQuantizedColumns / 2;  // of a block
constexpr int kPairBytes = 64;                 // of a panel
constexpr int kFewRows = 4, kFewPanels = 4;
constexpr int kManyRows = 12, kManyPanels = 2;
constexpr int kAheadBytes = 2048;  // as in matmul_stream.inl.h

/// Panels [panel, panel + kPanels) times rows [first, first + kRows).
template <int kRows, int kPanels>
void multiply(const MatmulArgs& args, int panel, int first) {
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const std::byte* weights = args.weight.data + offset(panel, panel_bytes);
  const RoundedBlock* inputs = args.rounded + first;
  const int pairs = (args.weight.columns + 1) / 2;
  __m512 sums[kRows][kPanels] = {};
  for (int begin = 0; begin < pairs; begin += kPairs, inputs += args.tokens) {
    const int count = pairs - begin < kPairs ? pairs - begin : kPairs;
    for (int i = 0; i < count; ++i, weights += kPairBytes) {
      __m512bh columns[kPanels];
#pragma GCC unroll 4
      for (int p = 0; p < kPanels; ++p) {
        if constexpr (kRows <= kFewRows) __builtin_prefetch(weights + p * panel_bytes + kAheadBytes);
        columns[p] = __builtin_bit_cast(__m512bh, _mm512_loadu_si512(weights + p * panel_bytes));
      }
#pragma GCC unroll 16
      for (int t = 0; t < kRows; ++t) {
        const Vec::Words pair = Vec::Words::splat(inputs[t].numbers + 2 * i);
#pragma GCC unroll 4
        for (int p = 0; p < kPanels; ++p)
          sums[t][p] = _mm512_dpbf16_ps(sums[t][p], columns[p], __builtin_bit_cast(__m512bh, pair.lanes));
      }
    }
  }
  for (int t = 0; t < kRows; ++t)
    for (int p = 0; p < kPanels; ++p) write_sums(args, panel + p, first + t, Vec{sums[t][p]});
}

/// Rows [first, tokens): kRows at a time, then what is left at once.
template <int kRows, int kPanels>
void multiply_rows(const MatmulArgs& args, int panel, int first) {
  for (; first + kRows <= args.tokens; first += kRows) multiply<kRows, kPanels>(args, panel, first);
  if constexpr (kRows > 1)
    if (first < args.tokens) multiply_rows<kRows - 1, kPanels>(args, panel, first);
}

template <int kRows, int kPanels>
void multiply_panels(const MatmulArgs& args, int begin, int end) {
  for (; begin + kPanels <= end; begin += kPanels) multiply_rows<kRows, kPanels>(args, begin, 0);
  for (; begin < end; ++begin) multiply_rows<kRows, 1>(args, begin, 0);
}

void multiply_pairs(const MatmulArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.weight.dtype == DType::kBF16 && args.weight.column_order == nullptr &&
             args.mode != MatmulOutput::kActivate);
  const bool few = args.tokens <= kFewRows;
  const int piece = piece_of(offset(args.weight.columns, 2L * args.tokens), few ? kFewPanels : kManyPanels);
  pool.for_each_chunk(args.weight.panels(), piece, [&](int begin, int end) {
    few ? multiply_panels<kFewRows, kFewPanels>(args, begin, end)
        : multiply_panels<kManyRows, kManyPanels>(args, begin, end);
  });
}

}  // namespace

void round(const RoundArgs& args, WorkerPool& pool) {
  kernels::round<Vec>(args, pool);
}

void matmul(const MatmulArgs& args, WorkerPool& pool) {
  args.rounded != nullptr ? multiply_pairs(args, pool) : avx512::kOps.matmul(args, pool);
}

}  // namespace loci::kernels::avx512_bf16
