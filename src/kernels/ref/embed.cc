// Copies and widens: nothing here is worth a vector, so every ISA uses this one.
#include <vector>

#include "kernels/ref/ref.h"

namespace loci::kernels::ref {
namespace {

/// A row whose columns are packed in an order of their own, put back.
void unpack_sorted_row(const PackedMatrix& table, int row, float* destination) {
  std::vector<float> packed(static_cast<std::size_t>(table.columns));
  unpack_row(table, row, packed.data());
  for (std::size_t c = 0; c < packed.size(); ++c) destination[table.column_order[c]] = packed[c];
}

}  // namespace

void embed(const EmbedArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 4, [&](int begin, int end) {
    for (int t = begin; t < end; ++t) {
      float* output = args.output + static_cast<std::ptrdiff_t>(t) * args.table.columns;
      if (args.table.column_order == nullptr)
        unpack_row(args.table, args.ids[t], output);
      else
        unpack_sorted_row(args.table, args.ids[t], output);
    }
  });
}

}  // namespace loci::kernels::ref
