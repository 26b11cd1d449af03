// Files made byte by byte, for the tests that need what no honest writer produces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loci {

using Bytes = std::vector<std::byte>;

class RawBytes {
 public:
  template <class T>
  RawBytes& put(T value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    return *this;
  }
  RawBytes& text(std::string_view characters) {
    const auto raw = std::as_bytes(std::span(characters));
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    return *this;
  }
  /// A GGUF string: 64-bit length, then the characters.
  RawBytes& string(std::string_view characters) {
    return put(std::uint64_t{characters.size()}).text(characters);
  }
  RawBytes& align(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_.push_back(std::byte{0});
    return *this;
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// Every cut of `whole` shorter than `needed` must be refused; a longer one may pass. Each cut gets an
/// allocation of its own size, so that AddressSanitizer sees a read past it.
inline void expect_cuts_refused(const Bytes& whole, std::size_t needed,
                                const std::function<bool(std::span<const std::byte>)>& accepts) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const bool accepted = accepts(cut);
    EXPECT_FALSE(accepted && size < needed) << "cut to " << size << " bytes";
  }
  EXPECT_TRUE(accepts(whole));
}

/// Parses `copies` copies of `whole` with one byte changed at random; only a sanitizer or a crash can fail
/// it.
inline void survive_corruption(const Bytes& whole, int copies,
                               const std::function<bool(std::span<const std::byte>)>& accepts) {
  std::mt19937 random(20240917);
  int refused = 0;
  for (int i = 0; i < copies; ++i) {
    Bytes broken = whole;
    broken[random() % broken.size()] ^= static_cast<std::byte>(1 + random() % 255);
    refused += accepts(broken) ? 0 : 1;
  }
  EXPECT_GT(refused, copies / 20);
}

}  // namespace loci
