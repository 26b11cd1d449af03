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
  ActivatedResults activated;
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

template <int kTiles>
struct FewRows {
  static constexpr int kTokens = kTiles * kTileTokens, kResults = kTokens * kPanelRows;  // [token][row]
  static constexpr int kBlocksAWarp = 4 / kTiles, kSlots = kWarps * kBlocksAWarp;
  using Totals = float[pieces(kResults, kWarps* kWarp)];  // result thread() + n * threads

  Shared<int> dots;  // [slot][token][row]
  Shared<float> scales, minima, token_scales, token_sums;
};

/// The sums of a panel, by all threads.
template <class Format, int kTiles>
__device__ void sum_panel(const MatmulInteger& p, const FewRows<kTiles>& memory, int panel, int first_token,
                          typename FewRows<kTiles>::Totals& totals) {
  using Rows = FewRows<kTiles>;
  constexpr int kTokens = Rows::kTokens, kResults = Rows::kResults, kSlots = Rows::kSlots;
  const auto& [dots, scales, minima, token_scales, token_sums] = memory;
  for (int first = 0; first < p.blocks; first += kSlots) {
    LOCI_UNROLL for (int i = 0; i < Rows::kBlocksAWarp; ++i) {
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
}

/// With kActivate a block of threads has four panels, so that it has 32 features whole.
template <class Format, int kTiles, bool kActivate>
__global__ void __launch_bounds__(kWarps* kWarp) few_rows_kernel(MatmulInteger p) {
  using Rows = FewRows<kTiles>;
  constexpr int kTokens = Rows::kTokens, kResults = Rows::kResults, kPanels = kActivate ? 4 : 1;
  LOCI_SHARED(int, dots, Rows::kSlots* kResults);
  LOCI_SHARED(float, scales, Rows::kSlots* kPanelRows);
  LOCI_SHARED(float, minima, Rows::kSlots* kPanelRows);
  LOCI_SHARED(float, token_scales, Rows::kSlots* kTokens);
  LOCI_SHARED(float, token_sums, Rows::kSlots* kTokens);
  LOCI_SHARED(float, results, kActivate ? kPanels* kResults : 1);  // [panel][token][row]
  const Rows memory{dots, scales, minima, token_scales, token_sums};
  const int first_token = block_y() * kTokens;
  for (int k = 0; k < kPanels && block_x() * kPanels + k < p.panels; ++k) {
    const int panel = block_x() * kPanels + k;
    typename Rows::Totals totals = {};
    sum_panel<Format, kTiles>(p, memory, panel, first_token, totals);
    for (int i = thread(), n = 0; i < kResults; i += kWarps * kWarp, ++n) {
      const int row = panel * kPanelRows + i % kPanelRows;
      if constexpr (kActivate)
        results[k * kResults + i] = row < p.results.rows ? p.results.with_bias(row, totals[n]) : 0.0f;
      else
        p.results.write(first_token + i / kPanelRows, row, totals[n]);
    }
  }
  if constexpr (kActivate) {
    __syncthreads();
    const int step = p.activated.gated ? 2 : 1, features = kPanels / step * kPanelRows;  // of this block
    for (int i = thread(); i < kTokens * features; i += kWarps * kWarp) {
      const int token = i / features, feature = i % features, all = block_x() * features + feature;
      if (first_token + token >= p.tokens || all >= p.activated.features) continue;
      const int at = feature / kPanelRows * step * kResults + token * kPanelRows + feature % kPanelRows;
      const float x = results[at], u = p.activated.gated ? static_cast<float>(results[at + kResults]) : 0.0f;
      p.activated.write(first_token + token, all, p.activated.activated(x, u));
    }
  }
}

// ---- many rows ----

constexpr int kMostFewTokens = 32;
constexpr int kWarpPanels = 2, kWarpTiles = 4, kTilePanels = 4 * kWarpPanels,
              kTileColumns = 2 * kWarpTiles * kTileTokens;

/// Activates the sums of a warp. For bytes, whose 32 features two warps have, they meet in shared memory.
__device__ void activate_sums(const MatmulInteger& p, int first_panel, int first_token,
                              const float (&totals)[kWarpPanels][kWarpTiles][4]) {
  const int step = p.activated.gated ? 2 : 1, features = kTilePanels / step * kPanelRows;  // of this block
  const int tile_feature = block_x() * features, tile_token = block_y() * kTileColumns;
  const auto staged = dynamic_shared().cut<float>(
      0, p.activated.bytes ? static_cast<std::size_t>(features * kTileColumns) : 0, "activated");
  LOCI_UNROLL for (int i = 0; i < kWarpPanels; ++i) {
    if (i % step != 0) continue;
    LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile) LOCI_UNROLL for (int n = 0; n < 4; ++n) {
      const int row = (first_panel + i) * kPanelRows + row_of_sum(n);
      const int feature = (first_panel + i) / step * kPanelRows + row_of_sum(n);
      const int token = first_token + tile * kTileTokens + token_of_sum(n);
      if (feature >= p.activated.features || token >= p.tokens) continue;
      const float x = p.results.with_bias(row, totals[i][tile][n]);
      float u = 0;
      if (p.activated.gated) u = p.results.with_bias(row + kPanelRows, totals[kWarpPanels - 1][tile][n]);
      const float value = p.activated.activated(x, u);
      if (p.activated.bytes)
        staged[(token - tile_token) * features + feature - tile_feature] = value;
      else
        p.activated.write(token, feature, value);
    }
  }
  if (!p.activated.bytes) return;
  __syncthreads();
  for (int i = thread(); i < kTileColumns * features;
       i += kWarps * kWarp) {  // a warp: 32 features of a token
    const int token = tile_token + i / features, feature = tile_feature + i % features;
    if (token < p.tokens && feature < p.activated.features) p.activated.write(token, feature, staged[i]);
  }
}

template <class Format, bool kActivate>
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
  if constexpr (kActivate) {
    activate_sums(p, first_panel, first_token, totals);
  } else {
    LOCI_UNROLL for (int i = 0; i < kWarpPanels; ++i)
        LOCI_UNROLL for (int tile = 0; tile < kWarpTiles; ++tile) LOCI_UNROLL for (int n = 0; n < 4; ++n)
            p.results.write(first_token + tile * kTileTokens + token_of_sum(n),
                            (first_panel + i) * kPanelRows + row_of_sum(n), totals[i][tile][n]);
  }
}

template <class Format, int kTiles, bool kActivate>
void few_rows(const MatmulInteger& p, Queue& queue) {
  launch(queue,
         {.name = "matmul of few rows",
          .blocks_x = pieces(p.panels, kActivate ? 4 : 1),
          .blocks_y = pieces(p.tokens, kTiles * kTileTokens),
          .threads = kWarps * kWarp},
         few_rows_kernel<Format, kTiles, kActivate>, p);
}

template <class Format, bool kActivate>
void multiply_as(const MatmulInteger& p, bool to_bytes, Queue& queue) {
  if (p.tokens <= kTileTokens) return few_rows<Format, 1, kActivate>(p, queue);
  if (p.tokens <= 2 * kTileTokens) return few_rows<Format, 2, kActivate>(p, queue);
  if (p.tokens <= kMostFewTokens) return few_rows<Format, 4, kActivate>(p, queue);
  launch(queue,
         {.name = "matmul of many rows",
          .blocks_x = pieces(p.panels, kTilePanels),
          .blocks_y = pieces(p.tokens, kTileColumns),
          .threads = kWarps * kWarp,
          .shared_bytes = to_bytes ? sizeof(float) * kTilePanels * kPanelRows * kTileColumns : 0},
         many_rows_kernel<Format, kActivate>, p);
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
      .activated = activated_results_of(args),
      .tokens = args.tokens,
      .panels = panels,
      .blocks = blocks};
  if (args.mode == MatmulOutput::kActivate) return multiply_as<Format, true>(p, args.bytes != nullptr, queue);
  multiply_as<Format, false>(p, false, queue);
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
