// Products of BF16 on AMX: a block is 32 columns, sums are floats.
#include "base/check.h"
#include "kernels/cpu/amx/matmul.h"
#include "kernels/cpu/amx/tile_products.inl.h"
#include "kernels/cpu/amx/vec.h"
#include "kernels/cpu/matmul_output.inl.h"
#include "kernels/cpu/round.inl.h"

namespace loci::kernels::amx {
namespace {

struct Bf16Product {
  using Block = RoundedBlock;
  using Sum = float;
  static constexpr int kColumns = kQuantizedColumns, kHeaderBytes = 0;
  static constexpr int kChunkBlocks = 16;
  static constexpr bool kAsksForRows = true;

  template <int kSums, int kA, int kB>
  static void dot() {
    dot_bf16<kSums, kA, kB>();
  }
  static const Block* rows(const MatmulArgs& args, int row) { return args.rounded + row; }
  static long stride(const MatmulArgs& args, int) { return args.tokens; }
  static void finish(const MatmulArgs& args, const Piece& piece, const float (*sums)[kPanelRows]) {
    finish_panels<Vec>(args, piece.end, piece.first,
                       PanelSums<Vec>{sums[0], piece.begin, piece.begin, 1, piece.count});
  }
};

}  // namespace

void round(const RoundArgs& args, WorkerPool& pool) {
  kernels::round<Vec>(args, pool);
}

void matmul_bf16(const MatmulArgs& args, WorkerPool& pool) {
  LOCI_CHECK(args.weight.dtype == DType::kBF16 && args.weight.column_order == nullptr &&
             args.mode != MatmulOutput::kActivate);
  multiply_in_tiles<Bf16Product>(args, pool);
}

}  // namespace loci::kernels::amx
