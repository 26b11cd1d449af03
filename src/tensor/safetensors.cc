#include "tensor/safetensors.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/json.h"
#include "tensor/byte_cursor.h"
#include "tensor/error_context.h"

namespace loci {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // of the reference implementation
// What files hold as weights or beside them; DType has safetensors' names for these.
constexpr std::array kStoredTypes{DType::kF32, DType::kF16,  DType::kBF16,   DType::kF64,
                                  DType::kI8,  DType::kI16,  DType::kI32,    DType::kI64,
                                  DType::kU8,  DType::kBool, DType::kF8_E4M3};
constexpr std::string_view kMetadataKey = "__metadata__";

struct Entry {
  Tensor tensor;
  std::size_t begin, end;  // within the buffer
};

Result<json::object> parse_header(ByteCursor& cursor) {
  LOCI_TRY(const auto length, cursor.read<std::uint64_t>());
  if (length > kMaxHeaderBytes)
    return fail(ErrorCode::kCorrupt, "{} bytes long (at most {} are legal)", length, kMaxHeaderBytes);
  LOCI_TRY(const auto raw, cursor.take(length));
  LOCI_TRY(auto header, parse_json({reinterpret_cast<const char*>(raw.data()), raw.size()}));
  if (!header.is_object()) return fail(ErrorCode::kCorrupt, "not a JSON object");
  return std::move(header.as_object());
}

Result<std::size_t> as_size(const json::value& value, std::string_view field) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::size_t>(value.get_int64());
  return fail(ErrorCode::kCorrupt, "'{}' holds something that is not a size", field);
}

Result<std::vector<std::size_t>> size_array(const json::object& info, std::string_view field) {
  const json::value* value = find_field(info, field);
  if (value == nullptr || !value->is_array()) return fail(ErrorCode::kCorrupt, "'{}' is not an array", field);
  std::vector<std::size_t> sizes;
  sizes.reserve(value->get_array().size());
  for (const json::value& element : value->get_array()) {
    LOCI_TRY(const auto size, as_size(element, field));
    sizes.push_back(size);
  }
  return sizes;
}

Result<DType> stored_dtype(const json::object& info) {
  const json::value* value = find_field(info, "dtype");
  if (value == nullptr || !value->is_string()) return fail(ErrorCode::kCorrupt, "'dtype' is not a string");
  const std::string_view name = value->get_string();
  for (const DType dtype : kStoredTypes)
    if (traits(dtype).name == name) return dtype;
  return fail(ErrorCode::kUnsupported, "dtype {} is not supported", printable(name));
}

Result<Entry> parse_entry(std::string_view name, const json::value& value,
                          std::span<const std::byte> buffer) {
  const json::object* info = value.if_object();
  if (info == nullptr) return fail(ErrorCode::kCorrupt, "not a JSON object");
  LOCI_TRY(const auto dtype, stored_dtype(*info));
  LOCI_TRY(auto shape, size_array(*info, "shape"));
  LOCI_TRY(const auto offsets, size_array(*info, "data_offsets"));
  if (offsets.size() != 2)
    return fail(ErrorCode::kCorrupt, "'data_offsets' has {} elements, not 2", offsets.size());
  const std::size_t begin = offsets[0], end = offsets[1];
  if (begin > end || end > buffer.size())
    return fail(ErrorCode::kCorrupt, "'data_offsets' {} to {} do not lie in the buffer of {} bytes", begin,
                end, buffer.size());
  LOCI_TRY(const auto bytes, tensor_bytes(dtype, shape));
  if (bytes != end - begin)
    return fail(ErrorCode::kCorrupt, "type and shape take {} bytes, 'data_offsets' {}", bytes, end - begin);
  Tensor tensor{.name = std::string(name),
                .dtype = dtype,
                .shape = std::move(shape),
                .bytes = buffer.subspan(begin, bytes)};
  return Entry{std::move(tensor), begin, end};
}

/// The reference demands that the tensors tile the buffer: no byte of it may hold anything else.
Result<> check_tiling(const std::vector<Entry>& entries, std::size_t buffer_bytes) {
  std::size_t covered = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != covered)
      return in_part(
          "tensor", entry.tensor.name,
          fail(ErrorCode::kCorrupt, "begins at byte {} of the buffer, where the tensor before it {} {}",
               entry.begin, entry.begin < covered ? "reaches up to" : "ends already at", covered));
    covered = entry.end;
  }
  if (covered != buffer_bytes)
    return fail(ErrorCode::kCorrupt, "the tensors end at byte {} of the buffer, the file at {}", covered,
                buffer_bytes);
  return {};
}

}  // namespace

Result<std::vector<Tensor>> parse_safetensors(std::span<const std::byte> bytes) {
  ByteCursor cursor(bytes);
  LOCI_TRY(const auto header, in_part("safetensors", "header", parse_header(cursor)));
  const auto buffer = bytes.subspan(cursor.position());
  std::vector<Entry> entries;
  entries.reserve(header.size());
  for (const auto& field : header) {
    if (field.key() == kMetadataKey) continue;
    const std::string_view name = field.key();
    LOCI_TRY(auto entry, in_part("tensor", name, parse_entry(name, field.value(), buffer)));
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, {}, [](const Entry& e) { return std::tie(e.begin, e.end, e.tensor.name); });
  LOCI_TRY_VOID(check_tiling(entries, buffer.size()));
  std::vector<Tensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) tensors.push_back(std::move(entry.tensor));
  return tensors;
}

}  // namespace loci
