// Products of BF16 for a few rows, with vectors, in the order and with the bits of the tiles: of each block
// of 32 columns the even and the odd ones are summed apart. One row on tiles waits for a multiplication that
// takes as long as that of 16; vectors read the weights at the speed of the memory.
#include <cstring>

#include "base/check.h"
#include "kernels/cpu/amx/matmul.h"
#include "kernels/cpu/amx/vec.h"
#include "kernels/cpu/matmul_output.inl.h"

namespace loci::kernels::amx {
namespace {

constexpr int kPairs = kQuantizedColumns / 2;  // of a block
constexpr int kBlockBytes = kPairs * 64;       // of a panel
constexpr long kAheadBytes = 2048;             // as in matmul_stream.inl.h

/// Numbers that are not normal count as 0, on the way in and out, while this lives: as on tiles.
class ZerosForSubnormals {
 public:
  ZerosForSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | kFlushToZero | kDenormalsAreZero); }
  ZerosForSubnormals(const ZerosForSubnormals&) = delete;
  ZerosForSubnormals& operator=(const ZerosForSubnormals&) = delete;
  ~ZerosForSubnormals() { _mm_setcsr(before_); }

 private:
  static constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x40;
  unsigned before_;
};

/// The two numbers of each pair.
Vec even_of(Words pairs) {
  return Vec::from_bits(pairs << 16);
}
Vec odd_of(Words pairs) {
  return Vec::from_bits(pairs & static_cast<int>(0xFFFF0000u));
}

/// sums [kRows][kPanels] += a block of kPanels panels times the block of each row.
template <int kRows, int kPanels>
inline __attribute__((always_inline)) void add_block(const std::byte* const (&panels)[kPanels],
                                                     const RoundedBlock* rows, Vec (&sums)[kRows][kPanels]) {
  Vec even[kRows][kPanels], odd[kRows][kPanels];
  alignas(64) float inputs[kRows][2][kPairs];  // even columns, odd ones
  for (int t = 0; t < kRows; ++t) {
    const Words pairs = Words::load(reinterpret_cast<const std::byte*>(rows[t].numbers));
    even_of(pairs).store(inputs[t][0]);
    odd_of(pairs).store(inputs[t][1]);
    for (int p = 0; p < kPanels; ++p) even[t][p] = odd[t][p] = Vec::zero();
  }
#pragma GCC unroll 4
  for (int i = 0; i < kPairs; ++i)
#pragma GCC unroll 4
    for (int p = 0; p < kPanels; ++p) {
      __builtin_prefetch(panels[p] + 64 * i + kAheadBytes);
      const Words pairs = Words::load(panels[p] + 64 * i);
      const Vec even_column = even_of(pairs), odd_column = odd_of(pairs);
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
        even[t][p] = fma(even_column, Vec::splat(inputs[t][0][i]), even[t][p]);
        odd[t][p] = fma(odd_column, Vec::splat(inputs[t][1][i]), odd[t][p]);
      }
    }
  for (int t = 0; t < kRows; ++t)
    for (int p = 0; p < kPanels; ++p) sums[t][p] = sums[t][p] + (even[t][p] + odd[t][p]);
}

/// Panels [panel, panel + kPanels) times rows [0, kRows); sums [kRows][kPanels][16]. Never inlined: its
/// arithmetic stays between what sets the mode and what sets it back.
template <int kRows, int kPanels>
__attribute__((noinline)) void multiply(const MatmulArgs& args, int panel, float* sums) {
  const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
  const int blocks = args.weight.columns / kQuantizedColumns;
  const std::byte* panels[kPanels];
  for (int p = 0; p < kPanels; ++p) panels[p] = args.weight.data + offset(panel + p, panel_bytes);
  Vec totals[kRows][kPanels];
  for (auto& row : totals)
    for (Vec& total : row) total = Vec::zero();
  const RoundedBlock* rows = args.rounded;
  for (int b = 0; b < blocks; ++b, rows += args.tokens) {
    add_block<kRows, kPanels>(panels, rows, totals);
    for (const std::byte*& at : panels) at += kBlockBytes;
  }
  if (const long left = panel_bytes - offset(blocks, kBlockBytes); left > 0) {  // with zeros behind
    alignas(64) std::byte last[kPanels][kBlockBytes] = {};
    for (int p = 0; p < kPanels; ++p) {
      std::memcpy(last[p], panels[p], static_cast<std::size_t>(left));
      panels[p] = last[p];
    }
    add_block<kRows, kPanels>(panels, rows, totals);
  }
  for (int t = 0; t < kRows; ++t)
    for (int p = 0; p < kPanels; ++p) totals[t][p].store(sums + (t * kPanels + p) * kPanelRows);
}

template <int kRows, int kPanels>
void multiply_panels(const MatmulArgs& args, int panel) {
  alignas(64) float sums[kRows * kPanels * kPanelRows];
  {
    const ZerosForSubnormals mode;
    multiply<kRows, kPanels>(args, panel, sums);
  }
  for (int t = 0; t < kRows; ++t)
    for (int p = 0; p < kPanels; ++p)
      write_sums(args, panel + p, t, Vec::load(sums + (t * kPanels + p) * kPanelRows));
}

template <int kRows, int kPanels>
void multiply_rows(const MatmulArgs& args, WorkerPool& pool) {
  const int piece = piece_of(offset(args.weight.columns, 4L * kRows), kPanels);
  pool.for_each_chunk(args.weight.panels(), piece, [&](int begin, int end) {
    for (; begin + kPanels <= end; begin += kPanels) multiply_panels<kRows, kPanels>(args, begin);
    for (; begin < end; ++begin) multiply_panels<kRows, 1>(args, begin);
  });
}

}  // namespace

void matmul_bf16_few(const MatmulArgs& args, WorkerPool& pool) {
  static_assert(kFewBf16Rows == 4);
  LOCI_CHECK(args.weight.dtype == DType::kBF16 && args.weight.column_order == nullptr &&
             args.mode != MatmulOutput::kActivate);
  switch (args.tokens) {
    case 0:
      return;
    case 1:
      return multiply_rows<1, 4>(args, pool);
    case 2:
      return multiply_rows<2, 4>(args, pool);
    case 3:
      return multiply_rows<3, 2>(args, pool);
    default:
      return multiply_rows<4, 2>(args, pool);
  }
}

}  // namespace loci::kernels::amx
