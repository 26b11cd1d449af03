// A read position in untrusted bytes. No read goes past the end: what is missing is an error that says
// where the data stops. Little-endian, like the machines that Loci runs on.
#pragma once

#include <bit>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"

namespace loci {

static_assert(std::endian::native == std::endian::little, "model files are read without swapping bytes");

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  Result<std::span<const std::byte>> take(std::uint64_t count) {
    if (count > remaining())
      return fail(ErrorCode::kCorrupt, "{} bytes wanted at byte {}, the file ends at {}", count, position_,
                  bytes_.size());
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  template <class T>
  Result<T> read() {
    LOCI_TRY(const auto raw, take(sizeof(T)));
    T value;
    std::memcpy(&value, raw.data(), sizeof value);
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace loci
