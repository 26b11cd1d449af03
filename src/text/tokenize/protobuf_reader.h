// Protocol Buffers' wire format, read without trust: fields one after the other, every length compared with
// the bytes that are there. https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace loci {

struct ProtobufField {
  enum class Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  std::uint32_t number = 0;
  Wire wire = Wire::kVarint;
  std::uint64_t integer = 0;  // of kVarint and the fixed ones
  std::string_view bytes;     // of kBytes: a string or a message, within the reader's bytes

  /// The value as the type that the schema gives the field; kCorrupt where it came as something else.
  Result<std::string_view> as_bytes() const;
  Result<float> as_float() const;
  Result<std::int32_t> as_int32() const;
  Result<bool> as_bool() const;
};

class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view bytes) : bytes_(bytes) {}

  /// The next field; none at the end. kCorrupt naming the byte where the encoding is broken.
  Result<std::optional<ProtobufField>> next();

 private:
  Result<std::uint64_t> varint();
  Result<std::string_view> take(std::uint64_t count);

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace loci
