#include "kernels/timed_ops.h"

#include <array>
#include <chrono>

namespace loci::kernels {
namespace {

OpTable inner;
std::array<OpTime, 11> times;

/// Calls one op of the inner table and adds the time to its row.
template <std::size_t kRow, auto kOp, class Args>
void measured(const Args& args, WorkerPool& pool) {
  const auto begin = std::chrono::steady_clock::now();
  (inner.*kOp)(args, pool);
  times[kRow].seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ++times[kRow].calls;
}

constexpr OpTable kTimed{.name = "timed",
                         .embed = measured<0, &OpTable::embed, EmbedArgs>,
                         .norm = measured<1, &OpTable::norm, NormArgs>,
                         .quantize = measured<2, &OpTable::quantize, QuantizeArgs>,
                         .matmul = measured<3, &OpTable::matmul, MatmulArgs>,
                         .rope = measured<4, &OpTable::rope, RopeArgs>,
                         .kv_write = measured<5, &OpTable::kv_write, KvWriteArgs>,
                         .attention = measured<6, &OpTable::attention, AttentionArgs>,
                         .activate = measured<7, &OpTable::activate, ActivateArgs>,
                         .scale = measured<8, &OpTable::scale, ScaleArgs>,
                         .add = measured<9, &OpTable::add, AddArgs>};

}  // namespace

const OpTable& timed(const OpTable& ops) {
  static OpTable table;
  table = kTimed;
  if (ops.round != nullptr) table.round = measured<10, &OpTable::round, RoundArgs>;
  inner = ops;
  reset_op_times();
  return table;
}

std::span<const OpTime> op_times() {
  return times;
}

void reset_op_times() {
  constexpr const char* kNames[] = {"embed",     "norm",     "quantize", "matmul", "rope", "kv_write",
                                    "attention", "activate", "scale",    "add",    "round"};
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = {kNames[i], 0, 0};
}

}  // namespace loci::kernels
