#include "kernels/cpu/amx/tiles.h"
#include "kernels/cpu/peaks/chains.inl.h"
#include "kernels/cpu/peaks/peaks.h"

namespace loci::kernels::peaks_amx {
namespace {

/// Four tiles of sums, out of two by two: one alone would wait for its own latency of 52 cycles.
template <class Step>
void run_tiles(long rounds, const void* numbers, Step step) {
  amx::TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) shapes.set(tile, amx::kTileRows, amx::kTileBytes);
  const amx::TileSession session(shapes);
  amx::load_tile<4>(numbers, 0), amx::load_tile<5>(numbers, 0);
  amx::load_tile<6>(numbers, 0), amx::load_tile<7>(numbers, 0);
  for (long i = 0; i < rounds; ++i) step();
}

}  // namespace

void tdpbssd(long rounds) {
  run_tiles(rounds, kCodes, [] {
    amx::dot_bytes<0, 4, 6>(), amx::dot_bytes<1, 4, 7>();
    amx::dot_bytes<2, 5, 6>(), amx::dot_bytes<3, 5, 7>();
  });
}

void tdpbf16ps(long rounds) {
  alignas(64) static constexpr unsigned short kNumbers[32] = {
      // 0.37, -0.81, 0.53, -0.29
      0x3EBD, 0xBF4F, 0x3F08, 0xBE94, 0x3EBD, 0xBF4F, 0x3F08, 0xBE94, 0x3EBD, 0xBF4F, 0x3F08,
      0xBE94, 0x3EBD, 0xBF4F, 0x3F08, 0xBE94, 0x3EBD, 0xBF4F, 0x3F08, 0xBE94, 0x3EBD, 0xBF4F,
      0x3F08, 0xBE94, 0x3EBD, 0xBF4F, 0x3F08, 0xBE94, 0x3EBD, 0xBF4F, 0x3F08, 0xBE94};
  run_tiles(rounds, kNumbers, [] {
    amx::dot_bf16<0, 4, 6>(), amx::dot_bf16<1, 4, 7>();
    amx::dot_bf16<2, 5, 6>(), amx::dot_bf16<3, 5, 7>();
  });
}

}  // namespace loci::kernels::peaks_amx
