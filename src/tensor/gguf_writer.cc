#include "tensor/gguf_writer.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fmt/ranges.h>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "tensor/error_context.h"
#include "tensor/formats/format.h"

namespace loci {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
void put(Bytes& out, T value) {
  const auto* raw = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), raw, raw + sizeof value);
}

void put_string(Bytes& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  const auto raw = std::as_bytes(std::span(text));
  out.insert(out.end(), raw.begin(), raw.end());
}

std::size_t align_up(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

template <class Narrow>
bool fits(std::int64_t value) {
  return std::in_range<Narrow>(value);
}
bool fits_float(double value) {
  if (!std::isfinite(value)) return true;
  return std::fabs(value) <= std::numeric_limits<float>::max() &&
         static_cast<double>(static_cast<float>(value)) == value;
}

GgufType narrowest(std::int64_t value) {
  if (fits<std::uint32_t>(value)) return GgufType::kUint32;
  if (fits<std::int32_t>(value)) return GgufType::kInt32;
  return value >= 0 ? GgufType::kUint64 : GgufType::kInt64;
}
GgufType narrowest(double value) {
  return fits_float(value) ? GgufType::kFloat32 : GgufType::kFloat64;
}
GgufType narrowest(bool) {
  return GgufType::kBool;
}
GgufType narrowest(std::string_view) {
  return GgufType::kString;
}
GgufType narrowest(const std::vector<std::int64_t>& values) {
  return std::ranges::all_of(values, fits<std::int32_t>) ? GgufType::kInt32 : GgufType::kInt64;
}
GgufType narrowest(const std::vector<double>& values) {
  return std::ranges::all_of(values, fits_float) ? GgufType::kFloat32 : GgufType::kFloat64;
}
GgufType narrowest(const std::vector<bool>&) {
  return GgufType::kBool;
}
GgufType narrowest(const std::vector<std::string_view>&) {
  return GgufType::kString;
}

void put_scalar(Bytes& out, GgufType type, std::int64_t value) {
  type == GgufType::kUint32 || type == GgufType::kInt32 ? put(out, static_cast<std::uint32_t>(value))
                                                        : put(out, value);
}
void put_scalar(Bytes& out, GgufType type, double value) {
  type == GgufType::kFloat32 ? put(out, static_cast<float>(value)) : put(out, value);
}
void put_scalar(Bytes& out, GgufType, bool value) {
  put(out, std::uint8_t{value});
}
void put_scalar(Bytes& out, GgufType, std::string_view value) {
  put_string(out, value);
}

template <class T>
void put_value(Bytes& out, const T& value) {
  const GgufType type = narrowest(value);
  put(out, type);
  put_scalar(out, type, value);
}
template <class T>
void put_value(Bytes& out, const std::vector<T>& values) {
  const GgufType type = narrowest(values);
  put(out, GgufType::kArray);
  put(out, type);
  put(out, std::uint64_t{values.size()});
  for (const T value : values) put_scalar(out, type, value);
}

std::unexpected<Error> file_error(const std::filesystem::path& path, const char* doing, int error) {
  return fail(ErrorCode::kIo, "{}: cannot {}: {}", path.string(), doing, std::strerror(error));
}

}  // namespace

GgufWriter::GgufWriter(std::size_t alignment) : alignment_(alignment) {
  LOCI_CHECK(std::has_single_bit(alignment));
  if (alignment != kGgufDefaultAlignment)
    set(kGgufAlignmentKey, GgufValue(static_cast<std::int64_t>(alignment)));
}

void GgufWriter::set(std::string_view key, const GgufValue& value) {
  Bytes encoded;
  std::visit([&](const auto& held) { put_value(encoded, held); }, value);
  set_encoded(key, encoded);
}

void GgufWriter::set_encoded(std::string_view key, std::span<const std::byte> type_and_value) {
  Bytes encoded(type_and_value.begin(), type_and_value.end());
  const auto existing = std::ranges::find(entries_, key, &Entry::key);
  if (existing != entries_.end())
    existing->encoded = std::move(encoded);
  else
    entries_.push_back({std::string(key), std::move(encoded)});
}

Result<> GgufWriter::add(std::string name, DType dtype, std::vector<std::size_t> shape, Fill fill) {
  const auto same_name = [&](const PendingTensor& other) { return other.tensor.name == name; };
  if (std::ranges::any_of(tensors_, same_name))
    return fail(ErrorCode::kInvalidArgument, "tensor {} is there already", printable(name));
  if (shape.size() > kGgufMaxDimensions || std::ranges::count(shape, std::size_t{0}) != 0)
    return fail(ErrorCode::kInvalidArgument, "tensor {}: GGUF has no shape [{}]", printable(name),
                fmt::join(shape, ", "));
  if (!format_of(dtype).ggml_type)
    return fail(ErrorCode::kInvalidArgument, "tensor {}: GGUF has no type {}", printable(name),
                traits(dtype).name);
  LOCI_TRY(const auto size, in_part("tensor", name, tensor_bytes(dtype, shape)));
  Tensor tensor{.name = std::move(name), .dtype = dtype, .shape = std::move(shape), .bytes = {}};
  tensors_.push_back({std::move(tensor), size, data_bytes_, std::move(fill)});
  data_bytes_ = align_up(data_bytes_ + size, alignment_);
  return {};
}

Result<> GgufWriter::add(const Tensor& tensor) {
  return add(tensor.name, tensor.dtype, tensor.shape, [bytes = tensor.bytes](std::span<std::byte> out) {
    LOCI_CHECK(bytes.size() == out.size());
    std::ranges::copy(bytes, out.begin());
  });
}

Bytes GgufWriter::header() const {
  Bytes out;
  for (const char c : kGgufMagic) put(out, c);
  put(out, std::uint32_t{3});
  put(out, std::uint64_t{tensors_.size()});
  put(out, std::uint64_t{entries_.size()});
  for (const Entry& entry : entries_) {
    put_string(out, entry.key);
    out.insert(out.end(), entry.encoded.begin(), entry.encoded.end());
  }
  for (const PendingTensor& pending : tensors_) {
    const auto& shape = pending.tensor.shape;
    put_string(out, pending.tensor.name);
    put(out, static_cast<std::uint32_t>(shape.size()));
    for (auto extent = shape.rbegin(); extent != shape.rend(); ++extent) put(out, std::uint64_t{*extent});
    put(out, *format_of(pending.tensor.dtype).ggml_type);
    put(out, std::uint64_t{pending.offset});
  }
  out.resize(align_up(out.size(), alignment_));
  return out;
}

Result<> GgufWriter::emit(const Sink& sink) const {
  LOCI_TRY_VOID(sink(header()));
  Bytes buffer;
  for (const PendingTensor& pending : tensors_) {
    buffer.assign(align_up(pending.size, alignment_), std::byte{0});
    LOCI_TRY_VOID(pending.fill(std::span(buffer).first(pending.size)));
    LOCI_TRY_VOID(sink(buffer));
  }
  return {};
}

Bytes GgufWriter::image() const {
  Bytes whole;
  const auto result = emit([&](std::span<const std::byte> part) -> Result<> {
    whole.insert(whole.end(), part.begin(), part.end());
    return {};
  });
  LOCI_CHECK(result.has_value());
  return whole;
}

Result<> GgufWriter::write(const std::filesystem::path& path) const {
  std::filesystem::path part = path;
  part += ".part";
  const auto close = [](std::FILE* file) { std::fclose(file); };
  std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(part.c_str(), "wb"), close);
  if (!file) return file_error(part, "create", errno);
  auto written = emit([&](std::span<const std::byte> bytes) -> Result<> {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
      return file_error(part, "write", errno);
    return {};
  });
  if (written && std::fclose(file.release()) != 0) written = file_error(part, "write", errno);
  std::error_code error;
  if (written) std::filesystem::rename(part, path, error);
  if (error) written = file_error(path, "rename to", error.value());
  if (!written) std::filesystem::remove(part, error);
  return written;
}

}  // namespace loci
