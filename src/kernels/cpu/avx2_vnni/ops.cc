// Every op instantiated for AVX2 with the dot products of bytes of AVX-VNNI.
#define LOCI_AVX2 avx2_vnni
#include "kernels/cpu/activate.inl.h"
#include "kernels/cpu/attention.inl.h"
#include "kernels/cpu/avx2/vec.h"
#include "kernels/cpu/elementwise.inl.h"
#include "kernels/cpu/matmul.inl.h"
#include "kernels/cpu/norm.inl.h"
#include "kernels/cpu/quantize.inl.h"
#include "kernels/cpu/rope.inl.h"
#include "kernels/cpu/tables.h"
#include "kernels/ref/ref.h"

namespace loci::kernels::avx2_vnni {

const OpTable kOps{.name = "avx2_vnni",
                   .embed = ref::embed,
                   .norm = kernels::norm<Vec>,
                   .quantize = kernels::quantize<Vec>,
                   .matmul = kernels::matmul<Vec>,
                   .rope = kernels::rope<Vec>,
                   .kv_write = ref::kv_write,
                   .attention = kernels::attention<Vec>,
                   .activate = kernels::activate<Vec>,
                   .scale = kernels::scale<Vec>,
                   .add = kernels::add<Vec>};

}  // namespace loci::kernels::avx2_vnni
