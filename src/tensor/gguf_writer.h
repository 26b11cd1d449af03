// Writes GGUF v3. The data of a tensor is asked for when its turn to be written has come, so that a file
// larger than memory can be made one tensor at a time. Owns the encoded metadata; not the tensors' bytes.
#pragma once

#include <concepts>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "tensor/gguf.h"
#include "tensor/gguf_types.h"
#include "tensor/tensor.h"

namespace loci {

class GgufWriter {
 public:
  /// Fills the tensor's bytes, exactly tensor_bytes(dtype, shape) of them. Called once a write. What it calls
  /// may return a Result<>, whose error ends the write.
  class Fill {
   public:
    template <class F>
      requires(std::invocable<F&, std::span<std::byte>> && !std::same_as<F, Fill>)
    Fill(F fill)
        : call_([fill = std::move(fill)](std::span<std::byte> bytes) mutable -> Result<> {
            if constexpr (std::is_void_v<std::invoke_result_t<F&, std::span<std::byte>>>) {
              fill(bytes);
              return {};
            } else {
              return fill(bytes);
            }
          }) {}
    Result<> operator()(std::span<std::byte> bytes) const { return call_(bytes); }

   private:
    std::function<Result<>(std::span<std::byte>)> call_;
  };

  /// `alignment`: a power of two; written as general.alignment where it is not the default of 32.
  explicit GgufWriter(std::size_t alignment = kGgufDefaultAlignment);

  /// Sets a metadata key, or replaces its value in place. Keys are written in the order in which they came;
  /// the value is copied. It gets the type that llama.cpp's readers expect: an integer becomes uint32, int32
  /// where it is negative, uint64 or int64 beyond; a float float32 unless that loses bits; arrays of integers
  /// int32 where all fit.
  void set(std::string_view key, const GgufValue& value);
  void set(std::string_view key, std::string_view text) { set(key, GgufValue(text)); }
  /// A value as another file has it, with that file's type: encoded_gguf_metadata().
  void set_encoded(std::string_view key, std::span<const std::byte> type_and_value);
  void set(std::string_view key, const char* text) { set(key, GgufValue(std::string_view(text))); }

  /// Declares the next tensor. kInvalidArgument where the name is taken, the shape has an extent of 0 or more
  /// than 4 of them; tensor_bytes()'s errors.
  Result<> add(std::string name, DType dtype, std::vector<std::size_t> shape, Fill fill);
  /// A tensor with its bytes, which must live until the last write.
  Result<> add(const Tensor& tensor);

  /// Of the tensors, with their padding: the file without its header.
  std::size_t data_bytes() const { return data_bytes_; }

  /// The whole file in memory; no tensor's Fill may fail.
  std::vector<std::byte> image() const;
  /// Writes "PATH.part" and renames it, so that PATH is never half a file. Memory: one tensor. An error (a
  /// Fill's, kIo) leaves neither.
  Result<> write(const std::filesystem::path& path) const;

 private:
  struct Entry {
    std::string key;
    std::vector<std::byte> encoded;  // type and value
  };
  struct PendingTensor {
    Tensor tensor;  // bytes: empty where `fill` makes them
    std::size_t size, offset;
    Fill fill;
  };
  using Sink = std::function<Result<>(std::span<const std::byte>)>;

  std::vector<std::byte> header() const;
  Result<> emit(const Sink& sink) const;

  std::size_t alignment_;
  std::vector<Entry> entries_;
  std::vector<PendingTensor> tensors_;
  std::size_t data_bytes_ = 0;  // end of the last tensor, padded
};

}  // namespace loci
