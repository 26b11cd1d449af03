#include "kernels/cpu/avx512/vec.h"
#include "kernels/cpu/op_table.inl.h"

namespace loci::kernels::avx512 {

constinit const OpTable kOps = op_table<Vec>("avx512");

}  // namespace loci::kernels::avx512
