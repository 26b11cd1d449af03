// Products of W8A8 and rows of bytes with one scale a row, on AMX: a block is 64 columns, sums are integers,
// exact in any order.
#include "base/check.h"
#include "kernels/cpu/amx/matmul.h"
#include "kernels/cpu/amx/tile_products.inl.h"
#include "kernels/cpu/amx/vec.h"
#include "kernels/cpu/matmul_output.inl.h"
#include "kernels/scaled_address.h"
#include "tensor/formats/w8a8.h"

namespace loci::kernels::amx {
namespace {

/// Sums become results on their way out: see PanelSums.
struct ScaledSums {
  const std::int32_t (*sums)[kPanelRows];  // [panel][row][16]
  int begin, rows;
  const RowScale* scales;   // of the rows
  const std::byte* panels;  // from `begin` on; their scales stand in front
  long panel_bytes;

  Vec at(int panel, int row) const {
    const RowScale& scale = scales[row];
    const long p = panel - begin;
    const Words dots = Words::load(reinterpret_cast<const std::byte*>(sums[offset(p, rows) + row]));
    const Vec weight_scale = Vec::load(reinterpret_cast<const float*>(panels + offset(p, panel_bytes)));
    return Vec::from_words(dots + Words::splat(&scale.offset)) * (weight_scale * Vec::splat(scale.scale));
  }
};

struct ScaledProduct {
  using Block = ScaledBlock;
  using Sum = std::int32_t;
  static constexpr int kColumns = kScaledColumns, kHeaderBytes = kPanelRows * sizeof(float);
  // 16 KB of two panels, and as much of the rows that pass by, stay in 48 KB.
  static constexpr int kChunkBlocks = 8;
  static constexpr bool kAsksForRows = false;

  template <int kSums, int kA, int kB>
  static void dot() {
    dot_bytes_unsigned<kSums, kA, kB>();
  }
  static const Block* rows(const MatmulArgs& args, int row) {
    const int blocks = (args.weight.columns + kColumns - 1) / kColumns;
    return args.scaled.blocks + scaled_at(row, 0, args.tokens, blocks);
  }
  static long stride(const MatmulArgs& args, int row) { return scaled_stride(row, args.tokens); }
  static void finish(const MatmulArgs& args, const Piece& piece, const std::int32_t (*sums)[kPanelRows]) {
    const long panel_bytes = static_cast<long>(args.weight.panel_bytes());
    const std::byte* panels = args.weight.data + offset(piece.begin, panel_bytes);
    finish_panels<Vec>(
        args, piece.end, piece.first,
        ScaledSums{sums, piece.begin, piece.count, args.scaled.scales + piece.first, panels, panel_bytes});
  }
};

}  // namespace

void matmul_scaled(const MatmulArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.weight.dtype == DType::kW8A8 && args.weight.columns <= static_cast<int>(kMostW8A8Columns));
  multiply_in_tiles<ScaledProduct>(args, pool);
}

}  // namespace loci::kernels::amx
