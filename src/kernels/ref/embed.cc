// Copies and widens: nothing here is worth a vector, so every ISA uses this one.
#include "kernels/ref/ref.h"

namespace loci::kernels::ref {

void embed(const EmbedArgs& args, WorkerPool& pool) {
  pool.for_each_chunk(args.tokens, 4, [&](int begin, int end) {
    for (int t = begin; t < end; ++t)
      unpack_row(args.table, args.ids[t], args.output + static_cast<std::ptrdiff_t>(t) * args.table.columns);
  });
}

}  // namespace loci::kernels::ref
