// How a block of 32 columns lies in the fragments of mma.m16n8k16: A is a panel of 16 rows of the weight, B
// eight tokens.
//
// Lane 4 g + m holds two rows of A and one column of B. Which row and which columns a place of a fragment
// stands for is free, as long as A and B agree, so it is what makes loads whole:
//
//   rows      places g and g + 8 are rows 2 g and 2 g + 1: of a pair of columns 8 bytes next to each other
//   columns   product s of 2 takes, for member m, the pairs of columns 4 m + 2 s and 4 m + 2 s + 1: so what a
//   lane needs
//             of a token's 32 columns are 16 bytes next to each other
//
// An output element is summed in one order, whatever the shape of the grid: chunks of kMatmulChunk columns
// ascending; in each, from 0, blocks of 32 columns ascending, of which the tensor core adds first product 0,
// then product 1.
#pragma once

#include "kernels/cuda/tensor_cores.cuh"

namespace loci::kernels::cuda {

constexpr int kBlockColumns = 32, kBlockPairs = kBlockColumns / 2;
constexpr int kChunkBlocks = 16;  // of kMatmulChunk
constexpr int kTileTokens = 8;

/// A lane's part of a panel: the words of pair 4 m + j, of rows 2 g and 2 g + 1.
struct PanelPart {
  uint2 words[4];
};

/// sums += the block's products with eight tokens; `tokens` are the pairs 4 m .. 4 m + 3 of token g.
__device__ inline void add_products(float (&sums)[4], const PanelPart& panel, const uint4& tokens) {
  const uint2(&w)[4] = panel.words;
  const std::uint32_t a0[4] = {w[0].x, w[0].y, w[1].x, w[1].y}, b0[2] = {tokens.x, tokens.y};
  const std::uint32_t a1[4] = {w[2].x, w[2].y, w[3].x, w[3].y}, b1[2] = {tokens.z, tokens.w};
  mma_bf16(sums, a0, b0);
  mma_bf16(sums, a1, b1);
}

/// Which row of the panel and which of the eight tokens sum i of a lane is of.
__device__ inline int row_of_sum(int i) {
  return lane() / 4 * 2 + i / 2;
}
__device__ inline int token_of_sum(int i) {
  return lane() % 4 * 2 + i % 2;
}

}  // namespace loci::kernels::cuda
