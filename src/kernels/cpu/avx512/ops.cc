// Every op instantiated for this instruction set.
#include "kernels/cpu/attention.inl.h"
#include "kernels/cpu/avx512/vec.h"
#include "kernels/cpu/matmul.inl.h"
#include "kernels/cpu/rms_norm.inl.h"
#include "kernels/cpu/rope.inl.h"
#include "kernels/cpu/silu_mul.inl.h"
#include "kernels/cpu/tables.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::avx512 {

const OpTable kOps{.name = "avx512",
                   .embed = ref::embed,
                   .rms_norm = kernels::rms_norm<Vec>,
                   .matmul = kernels::matmul<Vec>,
                   .rope = kernels::rope<Vec>,
                   .kv_write = ref::kv_write,
                   .attention = kernels::attention<Vec>,
                   .silu_mul = kernels::silu_mul<Vec>};

}  // namespace loci::kernels::avx512
