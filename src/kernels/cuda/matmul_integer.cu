// Quantized weights times rows of bytes (MatmulArgs::quantized): exact dot products of 32 columns on tensor
// cores, then one multiply-add each in the order of the reference, whose bits these are.
//
// Few rows (decode): a sum is one chain over all blocks, but a short one, columns / 32. So eight warps read
// the weights, each blocks of its own, and leave dot products and scales in shared memory; behind a barrier a
// thread adds for each result what a round of blocks has brought.
//
// Many rows: 128 x 64 results for eight warps, 32 x 32 each, whose sums stay in registers.
#include "kernels/cuda/integer_panels.cuh"
#include "kernels/cuda/matmul.cuh"
#include "kernels/cuda/tensor_cores.cuh"

namespace loci::kernels::cuda {
namespace {

constexpr int kWarps = 8, kTileTokens = 8;

struct MatmulInteger {
  IntegerWeight weight;
  Global<const std::uint32_t> input;  // [block of 32][token] of QuantizedBlock, in words
  MatmulResults results;
  int tokens, panels, blocks;  // of 32 columns
};

/// What stands beside the codes of 32 columns of a token.
struct TokenScaling {
  float scale, sum;
};

constexpr int kWords = sizeof(QuantizedBlock) / sizeof(std::uint32_t), kScaleWord = kQuantizedColumns / 4;
static_assert(offsetof(QuantizedBlock, scale) == 4 * kScaleWord &&
              offsetof(QuantizedBlock, sum) == 4 * kScaleWord + 4);

__device__ std::ptrdiff_t first_word(const MatmulInteger& p, int block, int token) {
  return (static_cast<std::ptrdiff_t>(block) * p.tokens + token) * kWords;
}

__device__ TokenScaling token_scaling(const MatmulInteger& p, int block, int token) {
  if (token >= p.tokens) return {0, 0};
  const auto both = p.input.load<float2>(first_word(p, block, token) + kScaleWord);
  return {both.x, both.y};
}

/// Columns 4 m .. and 16 + 4 m .. of token `token`.
__device__ void token_codes(const MatmulInteger& p, int block, int token, std::uint32_t (&b)[2]) {
  b[0] = b[1] = 0;
  if (token >= p.tokens) return;
  const std::ptrdiff_t first = first_word(p, block, token) + lane() % 4;
  b[0] = p.input[first];
  b[1] = p.input[first + 4];
}

template <class Format>
__device__ float add_block(float sum, int dot, const RowScaling& weight, const TokenScaling& token) {
  sum = fmaf(static_cast<float>(dot), weight.scale * token.scale, sum);
  return Format::kMinimum ? fmaf(weight.minimum, token.sum, sum) : sum;
}

/// Row and token of sum i of a lane.
__device__ int row_of_sum(int i) {
  return lane() / 4 * 2 + i / 2;
}
__device__ int token_of_sum(int i) {
  return lane() % 4 * 2 + i % 2;
}

template <class Format>
constexpr int kParts = Format::kColumns / kQuantizedColumns;  // blocks of 32 in a stored one

// ---- few rows ----

template <class Format, int kTiles>
__global__ void __launch_bounds__(kWarps* kWarp) few_rows_kernel(MatmulInteger p) {
  constexpr int kTokens = kTiles * kTileTokens, kResults = kTokens * kPanelRows;
  constexpr int kBlocksAWarp = 4 / kTiles, kSlots = kWarps * kBlocksAWarp;
  LOCI_SHARED(int, dots, kSlots* kResults);  // [block][token][row]
  LOCI_SHARED(float, scales, kSlots* kPanelRows);
  LOCI_SHARED(float, minima, kSlots* kPanelRows);
  LOCI_SHARED(float, token_scales, kSlots* kTokens);
  LOCI_SHARED(float, token_sums, kSlots* kTokens);
  const int panel = block_x(), first_token = block_y() * kTokens;
  float totals[pieces(kResults, kWarps * kWarp)] = {};
  for (int first = 0; first < p.blocks; first += kSlots) {
    LOCI_UNROLL for (int i = 0; i < kBlocksAWarp; ++i) {
      const int slot = i * kWarps + warp(), block = first + slot;
      if (block >= p.blocks) continue;
      std::uint32_t a[4], b[2];
      Format::codes(p.weight, panel, block / kParts<Format>, block % kParts<Format>, a);
      LOCI_UNROLL for (int tile = 0; tile < kTiles; ++tile) {
        std::int32_t sums[4] = {};
        token_codes(p, block, first_token + tile * kTileTokens + lane() / 4, b);
        mma_int8(sums, a, b);
        for (int n = 0; n < 4; ++n)
          dots[slot * kResults + (tile * kTileTokens + token_of_sum(n)) * kPanelRows + row_of_sum(n)] =
              sums[n];
      }
      if (lane() < kPanelRows) {
        const RowScaling row =
            Format::scaling(p.weight, panel, block / kParts<Format>, block % kParts<Format>, lane());
        scales[slot * kPanelRows + lane()] = row.scale;
        minima[slot * kPanelRows + lane()] = row.minimum;
      }
      if (lane() < kTokens) {
        const TokenScaling token = token_scaling(p, block, first_token + lane());
        token_scales[slot * kTokens + lane()] = token.scale;
        token_sums[slot * kTokens + lane()] = token.sum;
      }
    }
    __syncthreads();
    for (int i = thread(), n = 0; i < kResults; i += kWarps * kWarp, ++n)
      for (int slot = 0; slot < kSlots && first + slot < p.blocks; ++slot) {
        const int row = slot * kPanelRows + i % kPanelRows, token = slot * kTokens + i / kPanelRows;
        totals[n] = add_block<Format>(totals[n], dots[slot * kResults + i], {scales[row], minima[row]},
                                      {token_scales[token], token_sums[token]});
      }
    __syncthreads();
  }
  for (int i = thread(), n = 0; i < kResults; i += kWarps * kWarp, ++n)
    p.results.write(first_token + i / kPanelRows, panel * kPanelRows + i % kPanelRows, totals[n]);
}

// ---- many rows ----

constexpr int kMostFewTokens = 32;
constexpr int kWarpPanels = 2, kWarpTiles = 4, kTilePanels = 4 * kWarpPanels,
              kTileColumns = 2 * kWarpTiles * kTileTokens;

template <class Format>
__global__ void __launch_bounds__(kWarps* kWarp) many_rows_kernel(MatmulInteger p) {
  const int first_panel = block_x() * kTilePanels + warp() / 2 * kWarpPanels;
  const int first_token = block_y() * kTileColumns + warp() % 2 * kWarpTiles * kTileTokens;
  float totals[kWarpPanels][kWarpTiles][4] = {};
  for (int block = 0; block < p.blocks; ++block) {
    std::uint32_t a[kWarpPanels][4] = {};
    RowScaling rows[kWarpPanels][2] = {};
    LOCI_UNROLL for (int i = 0; i < kWarpPanels; ++i) {
      const int panel = first_panel + i;
      if (panel >= p.panels) continue;
      Format::codes(p.weight, panel, block / kParts<Format>, block % kParts<Format>, a[i]);
      for (int row = 0; row < 2; ++row)
        rows[i][row] = Format::scaling(p.weight, panel, block / kParts<Format>, block % kParts<Format>,
                                       lane() / 4 * 2 + row);
    }
    LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile) {
      std::uint32_t b[2];
      const int token = first_token + tile * kTileTokens;
      token_codes(p, block, token + lane() / 4, b);
      const TokenScaling tokens[2] = {token_scaling(p, block, token + lane() % 4 * 2),
                                      token_scaling(p, block, token + lane() % 4 * 2 + 1)};
      LOCI_UNROLL for (int i = 0; i < kWarpPanels; ++i) {
        std::int32_t sums[4] = {};
        mma_int8(sums, a[i], b);
        LOCI_UNROLL for (int n = 0; n < 4; ++n) totals[i][tile][n] =
            add_block<Format>(totals[i][tile][n], sums[n], rows[i][n / 2], tokens[n % 2]);
      }
    }
  }
  LOCI_UNROLL for (int i = 0; i < kWarpPanels; ++i) LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile)
      LOCI_UNROLL for (int n = 0; n < 4; ++n)
          p.results.write(first_token + tile * kTileTokens + token_of_sum(n),
                          (first_panel + i) * kPanelRows + row_of_sum(n), totals[i][tile][n]);
}

template <class Format, int kTiles>
void few_rows(const MatmulInteger& p, Queue& queue) {
  launch(queue,
         {.name = "matmul of few rows",
          .blocks_x = p.panels,
          .blocks_y = pieces(p.tokens, kTiles * kTileTokens),
          .threads = kWarps * kWarp},
         few_rows_kernel<Format, kTiles>, p);
}

template <class Format>
void multiply(const MatmulArgs& args, Queue& queue) {
  const int panels = pieces(args.weight.rows, kPanelRows), stored = args.weight.columns / Format::kColumns;
  const int blocks = stored * kParts<Format>;
  const std::size_t bytes = static_cast<std::size_t>(panels) * static_cast<std::size_t>(stored) *
                            static_cast<std::size_t>(kPanelRows * Format::kBytes);
  const std::size_t inputs = static_cast<std::size_t>(blocks) * static_cast<std::size_t>(args.tokens);
  const MatmulInteger p{
      .weight = {.data = {args.weight.data, bytes, "weight"}, .blocks = stored},
      .input = {reinterpret_cast<const std::uint32_t*>(args.quantized), inputs * kWords, "quantized"},
      .results = results_of(args),
      .tokens = args.tokens,
      .panels = panels,
      .blocks = blocks};
  if (args.tokens <= kTileTokens) return few_rows<Format, 1>(p, queue);
  if (args.tokens <= 2 * kTileTokens) return few_rows<Format, 2>(p, queue);
  if (args.tokens <= kMostFewTokens) return few_rows<Format, 4>(p, queue);
  launch(queue,
         {.name = "matmul of many rows",
          .blocks_x = pieces(panels, kTilePanels),
          .blocks_y = pieces(args.tokens, kTileColumns),
          .threads = kWarps * kWarp},
         many_rows_kernel<Format>, p);
}

}  // namespace

void matmul_integer(const MatmulArgs& args, Queue& queue) {
  switch (args.weight.dtype) {
    case DType::kQ8_0:
      return multiply<PanelsQ8_0>(args, queue);
    case DType::kQ4_0:
      return multiply<PanelsQ4_0>(args, queue);
    case DType::kQ4_1:
      return multiply<PanelsQ4_1>(args, queue);
    case DType::kQ4_K:
      return multiply<PanelsQ4_K>(args, queue);
    default:
      return fail(queue, "matmul", "no integer kernel for weights of this type");
  }
}

}  // namespace loci::kernels::cuda
