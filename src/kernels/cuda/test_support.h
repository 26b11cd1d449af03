// What the tests of the kernels share: arrays in the memory of the device, and queues.
#pragma once

#include <cstring>
#include <gtest/gtest.h>
#include <span>
#include <string>
#include <vector>

#include "kernels/cuda/emulation/grid.h"
#include "kernels/cuda/emulation/library.h"
#include "kernels/cuda/emulation/memory.h"
#include "kernels/test_support.h"

namespace loci::kernels::cuda::testing {

using kernels::testing::Random;
using kernels::testing::same_bits;

/// An allocation of its own, with not a byte to spare.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t count)
      : count_(count), data_(static_cast<T*>(emulation::allocate(count * sizeof(T)))) {}
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) {
    if (!values.empty()) std::memcpy(data_, values.data(), values.size_bytes());
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(std::span<const T>(values)) {}
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { emulation::release(data_); }

  T* get() { return data_; }
  std::span<T> view() { return {data_, count_}; }
  std::vector<T> values() const { return {data_, data_ + count_}; }

 private:
  std::size_t count_;
  T* data_;
};

/// In which orders blocks and threads run.
inline constexpr unsigned kSeeds[] = {0, 1, 2};

/// Runs `work(queue)` and expects no error.
template <class Work>
void run(Work work, unsigned seed = 0) {
  Queue queue;
  emulation::set_seed(seed);
  work(queue);
  ASSERT_STREQ(queue.error, "");
}

}  // namespace loci::kernels::cuda::testing
