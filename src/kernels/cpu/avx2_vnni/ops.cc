// AVX2 with the dot products of bytes of AVX-VNNI.
#define LOCI_AVX2 avx2_vnni
#include "kernels/cpu/avx2/vec.h"
#include "kernels/cpu/op_table.inl.h"

namespace loci::kernels::avx2_vnni {

constinit const OpTable kOps = op_table<Vec>("avx2_vnni");

}  // namespace loci::kernels::avx2_vnni
