#include "text/tokenize/protobuf_reader.h"

#include <bit>
#include <cstring>

namespace loci {
namespace {

std::unexpected<Error> wrong_type(std::uint32_t number, std::string_view wanted) {
  return fail(ErrorCode::kCorrupt, "field {}: not {}", number, wanted);
}

}  // namespace

Result<std::string_view> ProtobufField::as_bytes() const {
  if (wire != Wire::kBytes) return wrong_type(number, "bytes");
  return bytes;
}

Result<float> ProtobufField::as_float() const {
  if (wire != Wire::kFixed32) return wrong_type(number, "a float");
  return std::bit_cast<float>(static_cast<std::uint32_t>(integer));
}

Result<std::int32_t> ProtobufField::as_int32() const {
  if (wire != Wire::kVarint) return wrong_type(number, "an integer");
  const auto value = static_cast<std::int64_t>(integer);  // negative ones are sign-extended to 64 bits
  if (value < INT32_MIN || value > INT32_MAX) return wrong_type(number, "an integer of 32 bits");
  return static_cast<std::int32_t>(value);
}

Result<bool> ProtobufField::as_bool() const {
  if (wire != Wire::kVarint) return wrong_type(number, "true or false");
  return integer != 0;
}

Result<std::uint64_t> ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at_ == bytes_.size()) return fail(ErrorCode::kCorrupt, "byte {}: cut short", at_);
    const auto byte = static_cast<unsigned char>(bytes_[at_++]);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  return fail(ErrorCode::kCorrupt, "byte {}: an integer of more than 64 bits", at_);
}

Result<std::string_view> ProtobufReader::take(std::uint64_t count) {
  if (count > bytes_.size() - at_)
    return fail(ErrorCode::kCorrupt, "byte {}: {} bytes wanted, {} are there", at_, count,
                bytes_.size() - at_);
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

Result<std::optional<ProtobufField>> ProtobufReader::next() {
  if (at_ == bytes_.size()) return std::nullopt;
  using Wire = ProtobufField::Wire;
  const std::size_t begin = at_;
  LOCI_TRY(const std::uint64_t tag, varint());
  ProtobufField field;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.wire = static_cast<Wire>(tag & 7);
  if (field.number == 0 || tag >> 32 != 0) return fail(ErrorCode::kCorrupt, "byte {}: no field", begin);
  if (field.wire == Wire::kVarint) {
    LOCI_TRY(field.integer, varint());
  } else if (field.wire == Wire::kBytes) {
    LOCI_TRY(const std::uint64_t length, varint());
    LOCI_TRY(field.bytes, take(length));
  } else if (field.wire == Wire::kFixed32 || field.wire == Wire::kFixed64) {
    LOCI_TRY(const std::string_view raw, take(field.wire == Wire::kFixed32 ? 4 : 8));
    std::memcpy(&field.integer, raw.data(), raw.size());
  } else {
    return fail(ErrorCode::kCorrupt, "byte {}: wire type {}", begin, tag & 7);
  }
  return field;
}

}  // namespace loci
