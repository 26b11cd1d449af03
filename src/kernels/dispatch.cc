// Which implementation runs: one table of the ISAs, widest first.
#include <sys/syscall.h>
#include <unistd.h>

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
  const OpTable& (*ops)();
  bool (*present)();
};

#if defined(__x86_64__)
/// avx512 with products and attention that multiply BF16.
OpTable with_bf16(const char* name, decltype(OpTable::matmul) matmul, decltype(OpTable::attention) attention,
                  decltype(OpTable::round) round) {
  OpTable table = avx512::kOps;
  table.name = name;
  table.matmul = matmul;
  table.attention = attention;
  table.round = round;
  table.bf16_dots = true;
  return table;
}

const OpTable& avx512_bf16_ops() {
  static const OpTable ops =
      with_bf16("avx512_bf16", avx512_bf16::matmul, avx512_bf16::attention, avx512_bf16::round);
  return ops;
}
const OpTable& amx_ops() {
  static const OpTable ops = with_bf16("amx", amx::matmul, amx::attention, amx::round);
  return ops;
}

// The flags of layer.cmake, one for one. __builtin_cpu_supports also asks whether the system saves the
// registers.
bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}
bool has_avx512_bf16() {
  return has_avx512() && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vbmi");
}
/// Whether vdpbf16ps does more than two fused multiply-adds of floats in its time. AMD's do (twice as much
/// since Zen 4); Intel's, up to Sapphire Rapids, half as much (108 to 235 GFLOP/s a core, measured).
bool has_quick_bf16() {
  return __builtin_cpu_is("amd") != 0;
}
/// Linux gives a process the registers of AMX when it asks for them (Documentation/arch/x86/xstate.rst); all
/// its threads have them then.
bool has_amx() {
  static const bool allowed = [] {
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return has_avx512_bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") &&
           __builtin_cpu_supports("amx-bf16") &&
           ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return allowed;
}
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
#endif

constexpr Entry kEntries[] = {
#if defined(__x86_64__)
    {Isa::kAmx, amx_ops, has_amx},
    {Isa::kAvx512Bf16, avx512_bf16_ops, has_avx512_bf16},
    {Isa::kAvx512, [] -> const OpTable& { return avx512::kOps; }, has_avx512},
    {Isa::kAvx2Vnni, [] -> const OpTable& { return avx2_vnni::kOps; },
     [] { return has_avx2() && __builtin_cpu_supports("avxvnni"); }},
    {Isa::kAvx2, [] -> const OpTable& { return avx2::kOps; }, has_avx2},
#endif
    {Isa::kReference, [] -> const OpTable& { return kReferenceOps; }, [] { return true; }},
};

}  // namespace

Isa best_isa() {
  for (const Entry& entry : kEntries)
    if (entry.present() && (entry.isa != Isa::kAvx512Bf16 || has_quick_bf16())) return entry.isa;
  return Isa::kReference;
}

const OpTable* ops_for(Isa isa) {
  for (const Entry& entry : kEntries)
    if (entry.isa == isa) return entry.present() ? &entry.ops() : nullptr;
  return nullptr;
}

}  // namespace loci::kernels
