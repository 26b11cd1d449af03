// Kernels with a mistake each, and what the emulation has to say about it. Every one has a twin without the
// mistake.
#pragma once

#include "kernels/cuda/async_copy.cuh"
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/tensor_cores.cuh"

namespace loci::kernels::cuda::testing {

/// Reverses a row through shared memory.
template <bool kBarrier>
__global__ void reverse(Global<float> numbers, int count) {
  LOCI_SHARED(float, staged, 64);
  if (thread() < count) staged[thread()] = numbers[thread()];
  if (kBarrier) __syncthreads();
  if (thread() < count) numbers[thread()] = staged[count - 1 - thread()];
}

/// A second row goes where the first may still be read.
template <bool kBarrier>
__global__ void reuse(Global<float> numbers) {
  LOCI_SHARED(float, staged, 64);
  staged[thread()] = numbers[thread()];
  __syncthreads();
  const float other = staged[63 - thread()];
  if (kBarrier) __syncthreads();
  staged[thread()] = other;
  numbers[thread()] = staged[thread()];
}

/// Two threads write the same place.
template <bool kApart>
__global__ void write_twice(Global<float> numbers) {
  LOCI_SHARED(float, staged, 64);
  staged[kApart ? thread() : thread() / 2] = 1.0f;
  numbers[thread()] = 1;
}

/// Neighbours change places inside a warp, for which __syncwarp is enough.
template <bool kAcrossWarps>
__global__ void neighbours(Global<float> numbers) {
  LOCI_SHARED(float, staged, 64);
  staged[thread()] = numbers[thread()];
  __syncwarp();
  numbers[thread()] = staged[kAcrossWarps ? (thread() + 1) % 64 : thread() ^ 1];
}

/// Doubles `count` numbers, with a test that lets one too many pass, or not.
template <int kTooMany>
__global__ void twice(Global<float> numbers, int count) {
  const int i = block_x() * threads() + thread();
  if (i < count + kTooMany) numbers[i] = numbers[i] * 2;
}

/// A loop that runs over the end of shared memory.
template <int kTooMany>
__global__ void fill_shared(Global<float> numbers) {
  LOCI_SHARED(float, staged, 40);
  for (int i = thread(); i < 40 + kTooMany; i += threads()) staged[i] = 0.0f;
  numbers[0] = 0;
}

/// The sum of a warp, with steps that may lead out of it.
template <int kFirstStep>
__global__ void sum_lanes(Global<float> numbers) {
  float x = numbers[thread()];
  for (int bits = kFirstStep; bits > 0; bits /= 2) x += __shfl_xor_sync(kAllLanes, x, bits);
  numbers[thread()] = x;
}
/// The same for the first half of the warp, whose mask says more or just that.
template <unsigned kMask>
__global__ void sum_half(Global<float> numbers) {
  if (thread() >= 16) return;
  float x = numbers[thread()];
  for (int bits = 8; bits > 0; bits /= 2) x += __shfl_xor_sync(kMask, x, bits);
  numbers[thread()] = x;
}

/// Threads leave before a barrier, or meet at different ones.
template <bool kAll>
__global__ void leave_early(Global<float> numbers, int count) {
  if (!kAll && thread() >= count) return;
  __syncthreads();
  if (thread() < count) numbers[thread()] = 0;
}
__global__ inline void two_barriers(Global<float> numbers) {
  if (thread() < 32)
    __syncthreads();
  else
    __syncthreads();
  numbers[thread()] = 0;
}

/// Reads what only half of the threads have written.
template <bool kAll>
__global__ void read_unwritten(Global<float> numbers) {
  LOCI_SHARED(float, staged, 64);
  if (kAll || thread() < 32) staged[thread()] = 1.0f;
  __syncthreads();
  numbers[thread()] = staged[thread()];
}

enum class Wait { kNone, kWithoutCommit, kOnlyOwn, kRight };
template <Wait kWait>
__global__ void copy_in(Global<const float> from, Global<float> numbers) {
  LOCI_SHARED(float, staged, 64);
  cp_async<4>(staged, thread(), from, thread());
  if (kWait != Wait::kWithoutCommit) cp_async_commit();
  if (kWait != Wait::kNone) cp_async_wait<0>();
  if (kWait != Wait::kOnlyOwn) __syncthreads();
  numbers[thread()] = staged[63 - thread()];
}

/// Two stages: while one is summed, the next comes.
template <int kLeft>
__global__ void pipeline(Global<const float> from, Global<float> numbers, int stages) {
  LOCI_SHARED(float, staged, 128);
  float sum = 0;
  cp_async<4>(staged, thread(), from, thread());
  cp_async_commit();
  for (int s = 0; s < stages; ++s) {
    if (s + 1 < stages) cp_async<4>(staged, (s + 1) % 2 * 64 + thread(), from, (s + 1) * 64 + thread());
    cp_async_commit();
    cp_async_wait<kLeft>();
    __syncthreads();
    sum += staged[s % 2 * 64 + (thread() + 7) % 64];
    __syncthreads();
  }
  numbers[thread()] = sum;
}

/// One lane of a warp is missing at a product of matrices.
template <int kLanes>
__global__ void multiply(Global<float> numbers) {
  if (thread() >= kLanes) return;
  float sums[4] = {};
  const std::uint32_t ones = 0x3F803F80u, a[4] = {ones, ones, ones, ones}, b[2] = {ones, ones};
  mma_bf16(sums, a, b);
  numbers[thread()] = sums[0];
}

/// Depends on which block comes first.
__global__ inline void race(Global<float> numbers) {
  if (thread() == 0) numbers[0] = static_cast<float>(block_x());
}

/// Counts in shared memory, atomically or not.
template <bool kAtomic>
__global__ void count(Global<int> numbers) {
  LOCI_SHARED(int, counter, 1);
  if (thread() == 0) counter[0] = 0;
  __syncthreads();
  if (kAtomic)
    atomic_add(counter, 0, 1);
  else
    counter[0] += 1;
  __syncthreads();
  numbers[thread()] = counter[0];
}

/// A vector that is not aligned, or is.
template <int kFirst>
__global__ void load_vector(Global<float> numbers) {
  numbers[0] = numbers.load<float4>(kFirst).x;
}

}  // namespace loci::kernels::cuda::testing
