// A thread widens a stored block. Rows of a step are few and spread over the table, so there is nothing to
// share.
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/ops.h"
#include "kernels/cuda/stored_block.cuh"

namespace loci::kernels::cuda {
namespace {

struct Embed {
  Panels table;
  Global<const std::uint32_t> column_order;
  Global<const TokenId> ids;
  Global<float> output;
  int columns;
};

template <class Block>
__global__ void embed_kernel(Embed p) {
  const int index = element(), token = block_x();
  if (index * Block::kElements >= p.columns) return;
  float numbers[Block::kElements];
  read_block<Block>(p.table, p.ids[token], index, numbers);
  for (int i = 0; i < Block::kElements; ++i) {
    const int packed = index * Block::kElements + i;
    if (packed >= p.columns) break;
    const auto column = p.column_order ? static_cast<std::ptrdiff_t>(p.column_order[packed]) : packed;
    p.output[static_cast<std::ptrdiff_t>(token) * p.columns + column] = numbers[i];
  }
}

template <class Block>
void embed_blocks(const EmbedArgs& args, Queue& queue) {
  const auto columns = static_cast<std::size_t>(args.table.columns);
  launch(queue, elementwise("embed", args.tokens, pieces(args.table.columns, Block::kElements)),
         embed_kernel<Block>,
         Embed{.table = panels_of<Block>(args.table),
               .column_order = {args.table.column_order, args.table.column_order == nullptr ? 0 : columns,
                                "column_order"},
               .ids = {args.ids, static_cast<std::size_t>(args.tokens), "ids"},
               .output = {args.output, static_cast<std::size_t>(args.tokens) * columns, "output"},
               .columns = args.table.columns});
}

}  // namespace

void embed(const EmbedArgs& args, Queue& queue) {
  switch (args.table.dtype) {
    case DType::kF32:
      return embed_blocks<BlockF32>(args, queue);
    case DType::kF16:
      return embed_blocks<BlockF16>(args, queue);
    case DType::kBF16:
      return embed_blocks<BlockBF16>(args, queue);
    case DType::kQ8_0:
      return embed_blocks<BlockQ8_0>(args, queue);
    case DType::kQ4_0:
      return embed_blocks<BlockQ4_0>(args, queue);
    case DType::kQ4_1:
      return embed_blocks<BlockQ4_1>(args, queue);
    case DType::kQ5_0:
      return embed_blocks<BlockQ5_0>(args, queue);
    case DType::kQ5_1:
      return embed_blocks<BlockQ5_1>(args, queue);
    case DType::kQ2_K:
      return embed_blocks<BlockQ2_K>(args, queue);
    case DType::kQ3_K:
      return embed_blocks<BlockQ3_K>(args, queue);
    case DType::kQ4_K:
      return embed_blocks<BlockQ4_K>(args, queue);
    case DType::kQ5_K:
      return embed_blocks<BlockQ5_K>(args, queue);
    case DType::kQ6_K:
      return embed_blocks<BlockQ6_K>(args, queue);
    case DType::kInt4:
      return embed_blocks<BlockInt4>(args, queue);
    case DType::kInt8:
      return embed_blocks<BlockInt8>(args, queue);
    case DType::kFp8:
      return embed_blocks<BlockFp8>(args, queue);
    case DType::kW8A8:
      return embed_blocks<BlockW8A8>(args, queue);
    default:
      return fail(queue, "embed", "no kernel for tables of this type");
  }
}

}  // namespace loci::kernels::cuda
