#include "kernels/cpu/avx2/vec.h"
#include "kernels/cpu/op_table.inl.h"

namespace loci::kernels::avx2 {

constinit const OpTable kOps = op_table<Vec>("avx2");

}  // namespace loci::kernels::avx2
