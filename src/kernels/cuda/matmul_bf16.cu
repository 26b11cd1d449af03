// BF16 weights times rows of BF16 on tensor cores. matmul_bf16.cuh has the order of the sums, which both
// kernels keep.
//
// Few rows (decode): the weight is read once and that is all the time it takes. Eight warps share a panel,
// each a chunk of its columns: for a matrix of 4096 x 4096 that makes 2048 warps, 15 a multiprocessor of 132,
// each with 1 KiB for every block of columns on its way. The weights go from memory to the fragments without
// a stop.
//
// Many rows: a tile of 128 x 128 results for eight warps, 32 x 64 each: of a block of 32 columns 8 KiB of
// weights and 8 KiB of rows for 2 * 128 * 128 * 32 operations, 64 a byte. Four stages of that (64 KiB) are on
// their way by cp.async. The sums of a chunk and the totals take 64 registers each.
#include "kernels/cuda/async_copy.cuh"
#include "kernels/cuda/matmul.cuh"
#include "kernels/cuda/matmul_bf16.cuh"

namespace loci::kernels::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kMostFewTokens = 32;

struct MatmulBf16 {
  Global<const uint2> weight;  // [panel][pair][8]: two rows of a pair each
  Global<const uint4> input;   // [block][token][4]: four pairs each
  MatmulResults results;
  int tokens, panels, pairs, blocks;
};

// ---- few rows ----

__device__ PanelPart load_panel(const MatmulBf16& p, int panel, int block) {
  PanelPart part{};
  LOCI_UNROLL for (int j = 0; j < 4; ++j) {
    const int pair = block * kBlockPairs + lane() % 4 * 4 + j;
    if (pair < p.pairs)
      part.words[j] = p.weight[(static_cast<std::ptrdiff_t>(panel) * p.pairs + pair) * 8 + lane() / 4];
  }
  return part;
}

template <int kTiles>
__global__ void __launch_bounds__(kWarps* kWarp) few_rows_kernel(MatmulBf16 p) {
  constexpr int kResults = kTiles * kTileTokens * kPanelRows;
  LOCI_SHARED(float, chunks, kWarps* kResults);  // [warp][token][row]
  const int panel = block_x(), first_token = block_y() * kTiles * kTileTokens;
  const int chunk_count = pieces(p.blocks, kChunkBlocks);
  float totals[pieces(kResults, kWarps * kWarp)] = {};
  for (int first = 0; first < chunk_count; first += kWarps) {
    const int begin = (first + warp()) * kChunkBlocks, end = min(begin + kChunkBlocks, p.blocks);
    float sums[kTiles][4] = {};
    LOCI_UNROLL_BY_4 for (int block = begin; block < end; ++block) {
      const PanelPart part = load_panel(p, panel, block);
      LOCI_UNROLL for (int tile = 0; tile < kTiles; ++tile) {
        const int token = first_token + tile * kTileTokens + lane() / 4;
        uint4 pairs{};
        if (token < p.tokens)
          pairs = p.input[(static_cast<std::ptrdiff_t>(block) * p.tokens + token) * 4 + lane() % 4];
        add_products(sums[tile], part, pairs);
      }
    }
    LOCI_UNROLL for (int tile = 0; tile < kTiles; ++tile) LOCI_UNROLL for (int i = 0; i < 4; ++i) {
      const int token = tile * kTileTokens + token_of_sum(i);
      chunks[warp() * kResults + token * kPanelRows + row_of_sum(i)] = sums[tile][i];
    }
    __syncthreads();
    for (int i = thread(), n = 0; i < kResults; i += kWarps * kWarp, ++n)
      for (int w = 0; w < kWarps && first + w < chunk_count; ++w)
        totals[n] = totals[n] + chunks[w * kResults + i];
    __syncthreads();
  }
  for (int i = thread(), n = 0; i < kResults; i += kWarps * kWarp, ++n)
    p.results.write(first_token + i / kPanelRows, panel * kPanelRows + i % kPanelRows, totals[n]);
}

// ---- many rows ----

constexpr int kTilePanels = 8, kTileRows = 128, kStages = 4;
constexpr int kPanelVectors = kBlockPairs * 4;                              // of 16 bytes: a panel's block
constexpr int kStageVectors = kTilePanels * kPanelVectors + kTileRows * 4;  // panels, then tokens
constexpr int kWarpPanels = 2, kWarpTiles = 8;                              // of 4 x 2 warps
static_assert(kMatmulChunk == kChunkBlocks * kBlockColumns);

/// Where vector `i` of a panel's block stands in shared memory: lanes that read together are 4 pairs apart,
/// 256 bytes, and would meet in the same banks.
__device__ int swizzled(int i) {
  return i ^ (i / 16 % 4) << 1;
}

__device__ void copy_stage(const MatmulBf16& p, const Shared<uint4>& stage, int first_panel, int first_token,
                           int block) {
  for (int i = thread(); i < kTilePanels * kPanelVectors; i += kWarps * kWarp) {
    const int panel = first_panel + i / kPanelVectors, in_panel = i % kPanelVectors;
    const int pair = block * kBlockPairs + in_panel / 4;
    const bool there = panel < p.panels && pair < p.pairs;
    const std::ptrdiff_t from = (static_cast<std::ptrdiff_t>(panel) * p.pairs + pair) * 8 + in_panel % 4 * 2;
    cp_async<16>(stage, i - in_panel + swizzled(in_panel), p.weight, there ? from : 0, there ? 16 : 0);
  }
  for (int i = thread(); i < kTileRows * 4; i += kWarps * kWarp) {
    const int token = first_token + i / 4;
    const bool there = token < p.tokens;
    const std::ptrdiff_t from = (static_cast<std::ptrdiff_t>(block) * p.tokens + token) * 4 + i % 4;
    cp_async<16>(stage, kTilePanels * kPanelVectors + i, p.input, there ? from : 0, there ? 16 : 0);
  }
}

__device__ void multiply_stage(const Shared<uint4>& stage, float (&sums)[kWarpPanels][kWarpTiles][4]) {
  const int member = lane() % 4, group = lane() / 4;
  const auto halves = stage.cut<uint2>(0, kStageVectors * 2, "stage");
  PanelPart parts[kWarpPanels];
  LOCI_UNROLL for (int panel = 0; panel < kWarpPanels; ++panel) LOCI_UNROLL for (int j = 0; j < 4; ++j) {
    const int vector = swizzled((member * 4 + j) * 4 + group / 2);
    const int first = (warp() / 2 * kWarpPanels + panel) * kPanelVectors;
    parts[panel].words[j] = halves[(first + vector) * 2 + group % 2];
  }
  LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile) {
    const int token = (warp() % 2 * kWarpTiles + tile) * kTileTokens + group;
    const uint4 pairs = stage[kTilePanels * kPanelVectors + token * 4 + member];
    LOCI_UNROLL for (int panel = 0; panel < kWarpPanels; ++panel)
        add_products(sums[panel][tile], parts[panel], pairs);
  }
}

__global__ void __launch_bounds__(kWarps* kWarp) many_rows_kernel(MatmulBf16 p) {
  const Shared<std::byte> memory = dynamic_shared();
  const auto stage = [&](int block) {
    return memory.cut<uint4>(static_cast<std::size_t>(block % kStages) * kStageVectors * sizeof(uint4),
                             kStageVectors, "stage");
  };
  const int first_panel = block_x() * kTilePanels, first_token = block_y() * kTileRows;
  float sums[kWarpPanels][kWarpTiles][4] = {}, totals[kWarpPanels][kWarpTiles][4] = {};
  for (int block = 0; block < kStages - 1; ++block) {
    if (block < p.blocks) copy_stage(p, stage(block), first_panel, first_token, block);
    cp_async_commit();
  }
  for (int block = 0; block < p.blocks; ++block) {
    cp_async_wait<kStages - 2>();
    __syncthreads();  // all have this block, and are done with the one before, whose place is taken next
    if (block + kStages - 1 < p.blocks)
      copy_stage(p, stage(block + kStages - 1), first_panel, first_token, block + kStages - 1);
    cp_async_commit();
    multiply_stage(stage(block), sums);
    if ((block + 1) % kChunkBlocks != 0 && block + 1 != p.blocks) continue;
    LOCI_UNROLL for (int panel = 0; panel < kWarpPanels; ++panel)
        LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile) LOCI_UNROLL for (int i = 0; i < 4; ++i) {
      totals[panel][tile][i] = totals[panel][tile][i] + sums[panel][tile][i];
      sums[panel][tile][i] = 0;
    }
  }
  LOCI_UNROLL for (int panel = 0; panel < kWarpPanels; ++panel)
      LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile) LOCI_UNROLL for (int i = 0; i < 4; ++i) {
    const int row = (first_panel + warp() / 2 * kWarpPanels + panel) * kPanelRows + row_of_sum(i);
    const int token = first_token + (warp() % 2 * kWarpTiles + tile) * kTileTokens + token_of_sum(i);
    p.results.write(token, row, totals[panel][tile][i]);
  }
}

template <int kTiles>
void few_rows(const MatmulBf16& p, Queue& queue) {
  launch(queue,
         {.name = "matmul of few rows",
          .blocks_x = p.panels,
          .blocks_y = pieces(p.tokens, kTiles * kTileTokens),
          .threads = kWarps * kWarp},
         few_rows_kernel<kTiles>, p);
}

}  // namespace

void matmul_bf16(const MatmulArgs& args, Queue& queue) {
  const int panels = pieces(args.weight.rows, kPanelRows), pairs = pieces(args.weight.columns, 2),
            blocks = pieces(args.weight.columns, kBlockColumns);
  const std::size_t weights = static_cast<std::size_t>(panels) * static_cast<std::size_t>(pairs) * 8;
  const std::size_t inputs = static_cast<std::size_t>(blocks) * static_cast<std::size_t>(args.tokens) * 4;
  const MatmulBf16 p{.weight = {reinterpret_cast<const uint2*>(args.weight.data), weights, "weight"},
                     .input = {reinterpret_cast<const uint4*>(args.rounded), inputs, "rounded"},
                     .results = results_of(args),
                     .tokens = args.tokens,
                     .panels = panels,
                     .pairs = pairs,
                     .blocks = blocks};
  if (args.tokens <= kTileTokens) return few_rows<1>(p, queue);
  if (args.tokens <= 2 * kTileTokens) return few_rows<2>(p, queue);
  if (args.tokens <= kMostFewTokens) return few_rows<4>(p, queue);
  launch(queue,
         {.name = "matmul of many rows",
          .blocks_x = pieces(p.panels, kTilePanels),
          .blocks_y = pieces(p.tokens, kTileRows),
          .threads = kWarps * kWarp,
          .shared_bytes = kStages * kStageVectors * sizeof(uint4)},
         many_rows_kernel, p);
}

}  // namespace loci::kernels::cuda
