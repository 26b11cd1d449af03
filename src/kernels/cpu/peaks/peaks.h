// Loops that do nothing but multiply, from registers: what the processor can do at most. One file an
// extension, compiled with its flags; roofline.cc asks whether the processor has it.
#pragma once

namespace loci::kernels {

/// Each runs `rounds` rounds of k*Operations operations.
namespace peaks_avx2 {
inline constexpr double kFmaOperations = 12 * 16;      // chains of 8 multiply-adds
inline constexpr double kMaddubsOperations = 12 * 64;  // chains of 32
void fma(long rounds);
void maddubs(long rounds);
}  // namespace peaks_avx2

namespace peaks_avx_vnni {
inline constexpr double kOperations = 12 * 64;
void dpbusd(long rounds);
}  // namespace peaks_avx_vnni

namespace peaks_avx512 {
inline constexpr double kFmaOperations = 24 * 32;
inline constexpr double kMaddubsOperations = 24 * 128;
void fma(long rounds);
void maddubs(long rounds);
}  // namespace peaks_avx512

namespace peaks_avx512_vnni {
inline constexpr double kOperations = 24 * 128;
void dpbusd(long rounds);
}  // namespace peaks_avx512_vnni

namespace peaks_amx {
inline constexpr double kInt8Operations = 4 * 16 * 16 * 64 * 2.0;  // tiles of 16 x 16 x 64
inline constexpr double kBf16Operations = 4 * 16 * 16 * 32 * 2.0;
void tdpbssd(long rounds);
void tdpbf16ps(long rounds);
}  // namespace peaks_amx

namespace peaks_avx512_bf16 {
inline constexpr double kOperations = 24 * 64;
void dpbf16(long rounds);
}  // namespace peaks_avx512_bf16

}  // namespace loci::kernels
