#include "tensor/gguf.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <type_traits>

#include "tensor/byte_cursor.h"
#include "tensor/error_context.h"
#include "tensor/formats/format.h"
#include "tensor/gguf_encoded.h"
#include "tensor/gguf_types.h"

namespace loci {
namespace {

// What the shortest entry takes in a file; bounds the counts in the header by the bytes that are there.
constexpr std::size_t kMinKeyValueBytes = 8 + 4 + 1;        // key length, type, one-byte value
constexpr std::size_t kMinTensorInfoBytes = 8 + 4 + 4 + 8;  // name length, dimensions, type, offset
constexpr std::size_t kMaxKeyBytes = 65535;                 // of the specification

struct Extent {
  std::size_t begin, end, tensor;
};

}  // namespace

/// One pass over the file in its own order: header, metadata, tensor infos, and then the data that they point
/// at.
struct GgufParser {
  explicit GgufParser(std::span<const std::byte> image) : bytes(image), cursor(image) {}

  std::span<const std::byte> bytes;
  ByteCursor cursor;
  GgufFile file;
  std::uint64_t tensor_count = 0, key_value_count = 0;
  std::vector<std::uint64_t> offsets;  // [tensor], within the data section
  std::set<std::string_view> names;
  EncodedMetadata encoded;

  Result<> parse() {
    LOCI_TRY_VOID(header());
    for (std::uint64_t i = 0; i < key_value_count; ++i) LOCI_TRY_VOID(key_value(i));
    LOCI_TRY_VOID(alignment());
    for (std::uint64_t i = 0; i < tensor_count; ++i) LOCI_TRY_VOID(tensor_info(i));
    return place_tensors();
  }

  Result<> header() {
    LOCI_TRY(const auto magic, in_part("header field", "magic", string_bytes(kGgufMagic.size())));
    if (magic != kGgufMagic)
      return fail(ErrorCode::kCorrupt, "not a GGUF file: it starts with {}", printable(magic));
    LOCI_TRY(const auto version, in_part("header field", "version", cursor.read<std::uint32_t>()));
    if (version != 0 && (version & 0xFFFF) == 0)
      return fail(ErrorCode::kUnsupported, "big-endian GGUF is not supported");
    if (version != 2 && version != 3)
      return fail(ErrorCode::kUnsupported, "GGUF version {} is not supported (2 and 3 are)", version);
    file.version = static_cast<int>(version);
    LOCI_TRY(tensor_count, in_part("header field", "tensor_count", count(kMinTensorInfoBytes)));
    LOCI_TRY(key_value_count, in_part("header field", "metadata_kv_count", count(kMinKeyValueBytes)));
    return {};
  }

  /// A number of entries of at least `entry_bytes` each that the rest of the file has room for.
  Result<std::uint64_t> count(std::size_t entry_bytes) {
    LOCI_TRY(const auto entries, cursor.read<std::uint64_t>());
    if (entries > cursor.remaining() / entry_bytes)
      return fail(ErrorCode::kCorrupt, "{} entries cannot lie in the remaining {} bytes", entries,
                  cursor.remaining());
    return entries;
  }

  Result<std::string_view> string_bytes(std::uint64_t length) {
    LOCI_TRY(const auto raw, cursor.take(length));
    return std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size());
  }

  Result<std::string_view> string() {
    LOCI_TRY(const auto length, cursor.read<std::uint64_t>());
    return string_bytes(length);
  }

  Result<> key_value(std::uint64_t index) {
    LOCI_TRY(const auto key, in_part("metadata key", fmt::format("#{}", index), string()));
    if (key.empty() || key.size() > kMaxKeyBytes)
      return fail(ErrorCode::kCorrupt, "metadata key #{}: its name has {} bytes (1 to {} are legal)", index,
                  key.size(), kMaxKeyBytes);
    const std::size_t begin = cursor.position();
    LOCI_TRY(auto value, in_part("metadata key", key, typed_value()));
    encoded.emplace(key, bytes.subspan(begin, cursor.position() - begin));
    if (!file.metadata.values_.emplace(key, std::move(value)).second)
      return in_part("metadata key", key, fail(ErrorCode::kCorrupt, "appears twice"));
    return {};
  }

  Result<GgufValue> typed_value() {
    LOCI_TRY(const auto type, cursor.read<GgufType>());
    if (type != GgufType::kArray) return value(type, std::nullopt);
    LOCI_TRY(const auto element, cursor.read<GgufType>());
    if (element == GgufType::kArray)
      return fail(ErrorCode::kUnsupported, "an array of arrays is not supported");
    const std::size_t element_bytes = gguf_type_bytes(element);
    if (element_bytes == 0)
      return fail(ErrorCode::kCorrupt, "array element type {} does not exist",
                  static_cast<std::uint32_t>(element));
    LOCI_TRY(const auto elements, count(element_bytes));
    return value(element, elements);
  }

  /// The value of a scalar, or of an array where `elements` is given.
  Result<GgufValue> value(GgufType type, std::optional<std::uint64_t> elements) {
    switch (type) {
      case GgufType::kUint8:
        return numbers<std::uint8_t, std::int64_t>(elements);
      case GgufType::kInt8:
        return numbers<std::int8_t, std::int64_t>(elements);
      case GgufType::kUint16:
        return numbers<std::uint16_t, std::int64_t>(elements);
      case GgufType::kInt16:
        return numbers<std::int16_t, std::int64_t>(elements);
      case GgufType::kUint32:
        return numbers<std::uint32_t, std::int64_t>(elements);
      case GgufType::kInt32:
        return numbers<std::int32_t, std::int64_t>(elements);
      case GgufType::kUint64:
        return numbers<std::uint64_t, std::int64_t>(elements);
      case GgufType::kInt64:
        return numbers<std::int64_t, std::int64_t>(elements);
      case GgufType::kFloat32:
        return numbers<float, double>(elements);
      case GgufType::kFloat64:
        return numbers<double, double>(elements);
      case GgufType::kBool:
        return collect<bool>(elements, [this] { return boolean(); });
      case GgufType::kString:
        return collect<std::string_view>(elements, [this] { return string(); });
      case GgufType::kArray:
        break;
    }
    return fail(ErrorCode::kCorrupt, "value type {} does not exist", static_cast<std::uint32_t>(type));
  }

  template <class Stored, class Kept>
  Result<GgufValue> numbers(std::optional<std::uint64_t> elements) {
    return collect<Kept>(elements, [this]() -> Result<Kept> {
      LOCI_TRY(const auto stored, cursor.read<Stored>());
      if constexpr (std::is_same_v<Stored, std::uint64_t>)
        if (stored > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
          return fail(ErrorCode::kUnsupported, "the value {} is above 2^63 - 1", stored);
      return static_cast<Kept>(stored);
    });
  }

  Result<bool> boolean() {
    LOCI_TRY(const auto stored, cursor.read<std::uint8_t>());
    if (stored > 1) return fail(ErrorCode::kCorrupt, "the byte {} is not a bool", stored);
    return stored == 1;
  }

  /// One value, or a vector of them, from `read_one`. The caller has checked that the file has room for the
  /// vector.
  template <class Kept, class ReadOne>
  static Result<GgufValue> collect(std::optional<std::uint64_t> elements, ReadOne read_one) {
    if (!elements) {
      LOCI_TRY(const Kept single, read_one());
      return GgufValue(single);
    }
    std::vector<Kept> kept;
    kept.reserve(*elements);
    for (std::uint64_t i = 0; i < *elements; ++i) {
      LOCI_TRY(const Kept element, read_one());
      kept.push_back(element);
    }
    return GgufValue(std::move(kept));
  }

  Result<> alignment() {
    LOCI_TRY(const auto stored, file.metadata.get_or<std::int64_t>(kGgufAlignmentKey, kGgufDefaultAlignment));
    if (stored <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(stored)))
      return in_part("metadata key", kGgufAlignmentKey,
                     fail(ErrorCode::kCorrupt, "{} is not a power of two", stored));
    file.alignment = static_cast<std::size_t>(stored);
    return {};
  }

  Result<> tensor_info(std::uint64_t index) {
    LOCI_TRY(const auto name, in_part("tensor", fmt::format("#{}", index), string()));
    if (!names.insert(name).second)
      return in_part("tensor", name, fail(ErrorCode::kCorrupt, "appears twice"));
    return in_part("tensor", name, tensor_fields(name));
  }

  Result<> tensor_fields(std::string_view name) {
    LOCI_TRY(auto shape, tensor_shape());
    LOCI_TRY(const auto type, cursor.read<std::uint32_t>());
    LOCI_TRY(const auto offset, cursor.read<std::uint64_t>());
    const auto dtype = dtype_from_ggml_type(type);
    if (!dtype)
      return ggml_type_name(type).empty()
                 ? fail(ErrorCode::kUnsupported, "type {} does not exist", type)
                 : fail(ErrorCode::kUnsupported, "type {} is not supported", ggml_type_name(type));
    if (offset % file.alignment != 0)
      return fail(ErrorCode::kCorrupt, "offset {} is not a multiple of the alignment {}", offset,
                  file.alignment);
    file.tensors.push_back(
        {.name = std::string(name), .dtype = *dtype, .shape = std::move(shape), .bytes = {}});
    offsets.push_back(offset);
    return {};
  }

  /// The file has the innermost extent first, a Tensor the outermost.
  Result<std::vector<std::size_t>> tensor_shape() {
    LOCI_TRY(const auto dimensions, cursor.read<std::uint32_t>());
    if (dimensions > kGgufMaxDimensions)
      return fail(ErrorCode::kCorrupt, "{} dimensions (at most {} are legal)", dimensions,
                  kGgufMaxDimensions);
    std::vector<std::size_t> shape(dimensions);
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      LOCI_TRY(const auto extent, cursor.read<std::uint64_t>());
      if (extent == 0) return fail(ErrorCode::kCorrupt, "dimension {} is 0", i);
      shape[dimensions - 1 - i] = extent;
    }
    return shape;
  }

  /// Gives every tensor its window. The data section starts at the first aligned byte after the last tensor
  /// info.
  Result<> place_tensors() {
    const std::size_t padding = -cursor.position() & (file.alignment - 1);
    const std::size_t data_begin = cursor.position() + std::min(padding, cursor.remaining());
    const auto data = bytes.subspan(data_begin);
    std::vector<Extent> extents;
    extents.reserve(file.tensors.size());
    for (std::size_t i = 0; i < file.tensors.size(); ++i) {
      Tensor& tensor = file.tensors[i];
      LOCI_TRY(tensor.bytes, in_part("tensor", tensor.name, window(tensor, offsets[i], data)));
      extents.push_back({offsets[i], offsets[i] + tensor.bytes.size(), i});
    }
    return refuse_overlaps(extents);
  }

  Result<std::span<const std::byte>> window(const Tensor& tensor, std::uint64_t offset,
                                            std::span<const std::byte> data) const {
    LOCI_TRY(const auto size, tensor_bytes(tensor.dtype, tensor.shape));
    if (offset > data.size() || size > data.size() - offset)
      return fail(ErrorCode::kCorrupt,
                  "{} bytes at offset {} do not lie in the data section of {} bytes (bytes {} to {})", size,
                  offset, data.size(), bytes.size() - data.size(), bytes.size());
    return data.subspan(offset, size);
  }

  Result<> refuse_overlaps(std::vector<Extent>& extents) const {
    std::ranges::sort(extents, {}, &Extent::begin);
    for (std::size_t i = 1; i < extents.size(); ++i) {
      const Extent &left = extents[i - 1], &right = extents[i];
      if (left.end > right.begin)
        return in_part(
            "tensor", file.tensors[right.tensor].name,
            fail(ErrorCode::kCorrupt, "overlaps tensor {}", printable(file.tensors[left.tensor].name)));
    }
    return {};
  }
};

Result<GgufFile> parse_gguf(std::span<const std::byte> bytes) {
  GgufParser parser(bytes);
  LOCI_TRY_VOID(parser.parse());
  return std::move(parser.file);
}

Result<EncodedMetadata> encoded_gguf_metadata(std::span<const std::byte> image) {
  GgufParser parser(image);
  LOCI_TRY_VOID(parser.parse());
  return std::move(parser.encoded);
}

}  // namespace loci
