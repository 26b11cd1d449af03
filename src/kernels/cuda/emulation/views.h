// Global<T> and Shared<T> of the emulation: views that carry their extent and name, and check every access.
// What they are on a device is in ../nvcc/views.cuh.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/cuda/emulation/block.h"
#include "kernels/cuda/emulation/memory.h"

namespace loci::kernels::cuda {
namespace emulation {

/// Reports an access that its view does not allow.
[[noreturn]] void report_bounds(const char* name, std::ptrdiff_t index, std::size_t count,
                                bool device_memory);
[[noreturn]] void report_alignment(const char* name, std::ptrdiff_t index, std::size_t bytes);

}  // namespace emulation

/// `count` numbers in the memory of the device. An element is a plain reference, of what is only read a copy:
/// the memory may have been written as another type.
template <class T>
class Global {
 public:
  Global() = default;
  Global(T* data, std::size_t count, const char* name)
      : data_(data),
        count_(count),
        name_(name),
        device_memory_(count == 0 || emulation::extent_from(data) >= count * sizeof(T)) {}
  /// All of the allocation from `data` on: where the arguments of an op do not say how much it is.
  Global(T* data, const char* name) : Global(data, emulation::extent_from(data) / sizeof(T), name) {}

  explicit operator bool() const { return data_ != nullptr; }
  auto operator[](std::ptrdiff_t i) const
      -> std::conditional_t<std::is_const_v<T>, std::remove_const_t<T>, T&> {
    check(i, 1);
    if constexpr (std::is_const_v<T>) {
      std::remove_const_t<T> value;
      std::memcpy(&value, data_ + i, sizeof value);
      return value;
    } else {
      return data_[i];
    }
  }
  /// A V that begins at element i, aligned as a V.
  template <class V>
  V load(std::ptrdiff_t i) const {
    check_vector<V>(i);
    V value;
    std::memcpy(&value, data_ + i, sizeof value);
    return value;
  }
  template <class V>
  void store(std::ptrdiff_t i, const V& value) const {
    check_vector<V>(i);
    std::memcpy(data_ + i, &value, sizeof value);
  }
  /// Elements [i, i + count).
  T* range(std::ptrdiff_t i, std::ptrdiff_t count) const {
    check(i, count);
    return data_ + i;
  }

 private:
  void check(std::ptrdiff_t i, std::ptrdiff_t count) const {
    if (i < 0 || i + count > static_cast<std::ptrdiff_t>(count_) || !device_memory_)
      emulation::report_bounds(name_, i < 0 ? i : i + count - 1, count_, device_memory_);
  }
  template <class V>
  void check_vector(std::ptrdiff_t i) const {
    static_assert(sizeof(V) % sizeof(T) == 0);
    check(i, sizeof(V) / sizeof(T));
    if (reinterpret_cast<std::uintptr_t>(data_ + i) % sizeof(V) != 0)
      emulation::report_alignment(name_, i, sizeof(V));
  }

  T* data_ = nullptr;
  std::size_t count_ = 0;
  const char* name_ = "";
  bool device_memory_ = false;
};

template <class T>
class Shared;

/// An element of shared memory: reading and writing it are noted.
template <class T>
class SharedElement {
 public:
  SharedElement(const Shared<T>& view, std::ptrdiff_t index) : view_(view), index_(index) {}
  operator T() const { return view_.template load<T>(index_); }
  T operator=(T value) const {
    view_.template store<T>(index_, value);
    return value;
  }
  T operator=(const SharedElement& other) const { return *this = static_cast<T>(other); }
  T operator+=(T value) const { return *this = static_cast<T>(*this) + value; }

 private:
  const Shared<T>& view_;
  std::ptrdiff_t index_;
};

/// `count` numbers in the shared memory of the running block.
template <class T>
class Shared {
 public:
  Shared(emulation::SharedArray& array, std::size_t first_byte, std::size_t count, const char* name)
      : array_(&array), first_(first_byte), count_(count), name_(name) {}

  SharedElement<T> operator[](std::ptrdiff_t i) const { return {*this, i}; }
  template <class V>
  V load(std::ptrdiff_t i) const {
    V value;
    std::memcpy(&value, at<V>(emulation::Access::kRead, i), sizeof value);
    return value;
  }
  template <class V>
  void store(std::ptrdiff_t i, const V& value) const {
    std::memcpy(at<V>(emulation::Access::kWrite, i), &value, sizeof value);
  }
  /// A view of `count` elements of another type from byte `first_byte` on.
  template <class U>
  Shared<U> cut(std::size_t first_byte, std::size_t count, const char* name) const {
    if (first_byte + count * sizeof(U) > count_ * sizeof(T))
      emulation::report_bounds(
          name_, static_cast<std::ptrdiff_t>((first_byte + count * sizeof(U)) / sizeof(T)), count_, true);
    return {*array_, first_ + first_byte, count, name};
  }

  // For the instructions below.
  T atomic_add(std::ptrdiff_t i, T value) const {
    std::byte* place = at<T>(emulation::Access::kAtomic, i);
    T before;
    std::memcpy(&before, place, sizeof before);
    const T after = before + value;
    std::memcpy(place, &after, sizeof after);
    return before;
  }
  void copy_async(std::ptrdiff_t i, std::size_t bytes, const void* source, std::size_t source_bytes) const {
    check(i, bytes);
    emulation::Block::current().copy_async({array_, byte_of(i), bytes, source, source_bytes}, name_, i);
  }

 private:
  std::size_t byte_of(std::ptrdiff_t i) const { return first_ + static_cast<std::size_t>(i) * sizeof(T); }
  void check(std::ptrdiff_t i, std::size_t bytes) const {
    const auto count = static_cast<std::ptrdiff_t>(bytes / sizeof(T));
    if (i < 0 || i + count > static_cast<std::ptrdiff_t>(count_))
      emulation::report_bounds(name_, i < 0 ? i : i + count - 1, count_, true);
    if (byte_of(i) % bytes != 0) emulation::report_alignment(name_, i, bytes);
  }
  template <class V>
  std::byte* at(emulation::Access access, std::ptrdiff_t i) const {
    static_assert(sizeof(V) % sizeof(T) == 0);
    check(i, sizeof(V));
    emulation::Block::current().access(*array_, access, byte_of(i), sizeof(V), name_, i);
    return array_->data() + byte_of(i);
  }

  emulation::SharedArray* array_;
  std::size_t first_, count_;
  const char* name_;
};

template <class T>
Shared<T> shared_array(const void* key, std::size_t count, const char* name) {
  return {emulation::Block::current().shared_array(key, count * sizeof(T)), 0, count, name};
}
inline Shared<std::byte> dynamic_shared() {
  emulation::SharedArray& array = emulation::Block::current().dynamic_shared();
  return {array, 0, array.size(), "dynamic shared memory"};
}

}  // namespace loci::kernels::cuda

/// An array in shared memory, declared in a kernel: `name` is a Shared<type> of `count` elements.
#define LOCI_SHARED(type, name, count)             \
  static const char name##_key = 0;                \
  const ::loci::kernels::cuda::Shared<type> name = \
      ::loci::kernels::cuda::shared_array<type>(&name##_key, count, #name)
