// Which implementation runs: one table of the ISAs, widest first.
#include "kernels/cpu/tables.h"
#include "kernels/ops.h"
#include "kernels/ref/ref.h"

namespace loci::kernels {
namespace {

constexpr OpTable kReferenceOps{.name = "ref",
                                .embed = ref::embed,
                                .norm = ref::norm,
                                .quantize = ref::quantize,
                                .matmul = ref::matmul,
                                .rope = ref::rope,
                                .kv_write = ref::kv_write,
                                .attention = ref::attention,
                                .activate = ref::activate,
                                .scale = ref::scale,
                                .add = ref::add};

struct Entry {
  Isa isa;
  const OpTable* ops;
  bool (*present)();
};

#if defined(__x86_64__)
// The flags of layer.cmake, one for one. __builtin_cpu_supports also asks whether the system saves the
// registers.
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
#endif

constexpr Entry kEntries[] = {
#if defined(__x86_64__)
    {Isa::kAvx512, &avx512::kOps, has_avx512},
    {Isa::kAvx2, &avx2::kOps, has_avx2},
#endif
    {Isa::kReference, &kReferenceOps, [] { return true; }},
};

}  // namespace

Isa best_isa() {
  for (const Entry& entry : kEntries)
    if (entry.present()) return entry.isa;
  return Isa::kReference;
}

const OpTable* ops_for(Isa isa) {
  for (const Entry& entry : kEntries)
    if (entry.isa == isa) return entry.present() ? entry.ops : nullptr;
  return nullptr;
}

}  // namespace loci::kernels
