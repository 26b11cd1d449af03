// Global<T> and Shared<T> on a device: bare pointers. Extent and name are for the emulation
// (../emulation/views.h).
#pragma once

#include <cstddef>

namespace loci::kernels::cuda {

template <class T>
class Global {
 public:
  Global() = default;
  __host__ __device__ Global(T* data, std::size_t /*count*/, const char* /*name*/) : data_(data) {}
  __host__ __device__ Global(T* data, const char* /*name*/) : data_(data) {}

  __device__ explicit operator bool() const { return data_ != nullptr; }
  __device__ T& operator[](std::ptrdiff_t i) const { return data_[i]; }
  template <class V>
  __device__ V load(std::ptrdiff_t i) const {
    return *reinterpret_cast<const V*>(data_ + i);
  }
  template <class V>
  __device__ void store(std::ptrdiff_t i, const V& value) const {
    *reinterpret_cast<V*>(data_ + i) = value;
  }
  __device__ T* range(std::ptrdiff_t i, std::ptrdiff_t /*count*/) const { return data_ + i; }

 private:
  T* data_ = nullptr;
};

template <class T>
class Shared {
 public:
  __device__ explicit Shared(T* data) : data_(data) {}

  __device__ T& operator[](std::ptrdiff_t i) const { return data_[i]; }
  template <class V>
  __device__ V load(std::ptrdiff_t i) const {
    return *reinterpret_cast<const V*>(data_ + i);
  }
  template <class V>
  __device__ void store(std::ptrdiff_t i, const V& value) const {
    *reinterpret_cast<V*>(data_ + i) = value;
  }
  template <class U>
  __device__ Shared<U> cut(std::size_t first_byte, std::size_t /*count*/, const char* /*name*/) const {
    return Shared<U>(reinterpret_cast<U*>(reinterpret_cast<std::byte*>(data_) + first_byte));
  }
  __device__ T* at(std::ptrdiff_t i) const { return data_ + i; }

 private:
  T* data_;
};

__device__ inline Shared<std::byte> dynamic_shared() {
  extern __shared__ __align__(128) unsigned char dynamic_shared_bytes[];
  return Shared<std::byte>(reinterpret_cast<std::byte*>(dynamic_shared_bytes));
}

template <class T>
__device__ T atomic_add(const Global<T>& view, std::ptrdiff_t i, T value) {
  return atomicAdd(&view[i], value);
}
template <class T>
__device__ T atomic_add(const Shared<T>& view, std::ptrdiff_t i, T value) {
  return atomicAdd(view.at(i), value);
}

}  // namespace loci::kernels::cuda

#define LOCI_SHARED(type, name, count)   \
  __shared__ type name##_storage[count]; \
  const ::loci::kernels::cuda::Shared<type> name(name##_storage)
