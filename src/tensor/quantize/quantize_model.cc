#include "tensor/quantize/quantize_model.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "tensor/error_context.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"
#include "tensor/gguf_encoded.h"

namespace loci {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kChunkElements = std::size_t{1} << 16;  // of one piece of work
constexpr float kAlwaysFits = 60000;                          // in binary16, so in every format

bool has_lost(DType dtype) {
  return !is_float(dtype) && dtype != DType::kF64;
}

/// What is wrong with `row`, which became `stored`: the column, or kNone.
std::size_t first_bad(std::span<const float> row, DType to, const std::byte* stored) {
  float largest = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (!std::isfinite(row[c])) return c;
    largest = std::max(largest, std::fabs(row[c]));
  }
  if (largest < kAlwaysFits) return kNone;
  // What a scale cannot hold comes back as an infinity or, where the search gave up, as nothing.
  std::vector<float> back(row.size());
  dequantize_row(to, stored, back.size(), back.data());
  for (std::size_t c = 0; c < row.size(); ++c)
    if (!std::isfinite(back[c]) || (std::fabs(row[c]) == largest && std::fabs(back[c]) < largest / 2))
      return c;
  return kNone;
}

/// Makes one tensor's bytes.
class TensorConverter {
 public:
  TensorConverter(const Checkpoint& checkpoint, const SourceTensor& source, DType to, WorkerPool& pool)
      : checkpoint_(checkpoint), source_(source), to_(to), pool_(pool) {}

  Result<> fill(std::span<std::byte> out) const {
    LOCI_TRY(const TensorBytes stored, checkpoint_.read(*source_.stored, pool_));
    auto filled = fill_from(stored.bytes, out);
    checkpoint_.release(*source_.stored);
    return in_part("tensor", source_.name, std::move(filled));
  }

 private:
  std::size_t columns() const { return source_.stored->columns(); }
  std::size_t rows() const { return source_.rows.empty() ? source_.stored->rows() : source_.rows.size(); }
  std::size_t stored_row(std::size_t r) const { return source_.rows.empty() ? r : source_.rows[r]; }

  Result<> fill_from(std::span<const std::byte> stored, std::span<std::byte> out) const {
    const DType from = source_.stored->dtype;
    const std::size_t from_bytes = row_bytes(from, columns()), to_bytes = row_bytes(to_, columns());
    const bool same = from == to_ && source_.add == 0;
    std::atomic<std::size_t> bad_row = kNone;
    const auto convert = [&](int begin, int end) {
      std::vector<float> values(same ? 0 : columns());
      for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
        const std::byte* row = stored.data() + stored_row(r) * from_bytes;
        std::byte* to = out.data() + r * to_bytes;
        if (same)
          std::copy_n(row, to_bytes, to);
        else if (convert_row(row, values, to) != kNone)
          note_smallest(bad_row, r);
      }
    };
    const std::size_t chunk =
        std::clamp<std::size_t>(kChunkElements / std::max<std::size_t>(columns(), 1), 1, 1024);
    pool_.for_each_chunk(static_cast<int>(rows()), static_cast<int>(chunk), convert);
    if (bad_row == kNone) return {};
    std::vector<float> values(columns());
    const std::size_t column = convert_row(stored.data() + stored_row(bad_row) * from_bytes, values,
                                           out.data() + bad_row * to_bytes);
    return refusal(bad_row, column, values[column]);
  }

  /// The column that cannot be converted, or kNone.
  std::size_t convert_row(const std::byte* row, std::vector<float>& values, std::byte* to) const {
    dequantize_row(source_.stored->dtype, row, values.size(), values.data());
    if (source_.add != 0)
      for (float& value : values) value += source_.add;
    quantize_row(to_, values.data(), values.size(), to);
    return first_bad(values, to_, to);
  }

  Result<> refusal(std::size_t row, std::size_t column, float value) const {
    if (!std::isfinite(value))
      return fail(ErrorCode::kCorrupt, "element {} of row {} is {}", column, row, value);
    return fail(ErrorCode::kCorrupt, "element {} of row {} is {}, more than a scale of {} can hold", column,
                row, value, traits(to_).name);
  }

  static void note_smallest(std::atomic<std::size_t>& smallest, std::size_t candidate) {
    std::size_t seen = smallest;
    while (candidate < seen && !smallest.compare_exchange_weak(seen, candidate)) {
    }
  }

  const Checkpoint& checkpoint_;
  const SourceTensor& source_;
  DType to_;
  WorkerPool& pool_;
};

struct Target {
  DType type;
  bool narrow = false;
};

Target target_of(const SourceTensor& source, const TensorPlace& place, const QuantizeOptions& options) {
  const DType from = source.stored->dtype;
  const bool readable = format_of(from).dequantize != nullptr;
  if (!readable || !is_quantizable(place)) return {is_float(from) ? DType::kF32 : from};
  const bool is_head = place.name == "output.weight", is_embedding = place.name == "token_embd.weight";
  DType wanted = options.pure ? options.mixture.main : type_in_mixture(options.mixture, place);
  if (options.head && (is_head || (is_embedding && !place.has_output))) wanted = *options.head;
  if (options.embedding && is_embedding) wanted = *options.embedding;
  const DType type = type_for_width(wanted, place.columns);
  return {type, type != wanted};
}

/// Whether `from` may become `to`.
Result<> check_conversion(const SourceTensor& source, DType to, const QuantizeOptions& options) {
  const DType from = source.stored->dtype;
  if (from == to && source.add == 0) return {};
  const auto refused = [&](std::string_view why) {
    return in_part("tensor", source.name,
                   fail(ErrorCode::kInvalidArgument, "is {}; {}", traits(from).name, why));
  };
  if (!source.stored->column_order.empty())
    return in_part("tensor", source.name,
                   fail(ErrorCode::kUnsupported, "has its columns in an order of its own (GPTQ's desc_act)"));
  if (has_lost(from) && !is_float(to) && !options.requantize)
    return refused("rounding it once more loses more than rounding the original; --allow-requantize does it");
  if (source.stored->rows() > std::size_t{std::numeric_limits<int>::max()})
    return refused("it has too many rows");
  if (!can_quantize(to)) return refused(fmt::format("nothing here quantizes to {}", traits(to).name));
  return {};
}

}  // namespace

std::vector<SourceTensor> tensors_of_gguf(const Checkpoint& checkpoint) {
  std::vector<SourceTensor> tensors;
  for (const auto& [name, tensor] : checkpoint.tensors())
    tensors.push_back({.name = name, .stored = &tensor, .shape = tensor.shape});
  // In the file's order: read from front to back.
  std::ranges::stable_sort(tensors, std::less<>(),
                           [](const SourceTensor& t) { return t.stored->bytes.data(); });
  return tensors;
}

Result<> copy_metadata(std::span<const std::byte> image, GgufWriter& writer) {
  LOCI_TRY(const EncodedMetadata metadata, encoded_gguf_metadata(image));
  for (const auto& [key, encoded] : metadata) {
    const bool of_the_file = key.starts_with("split.") || key == kGgufAlignmentKey ||
                             key == "general.file_type" || key == "general.quantization_version";
    if (!of_the_file) writer.set_encoded(key, encoded);
  }
  return {};
}

int heads_per_values(const GgufMetadata& metadata) {
  const auto text = metadata.get_or<std::string_view>("general.architecture", "");
  const std::string prefix(text.value_or(""));
  const auto number = [&](const char* key) {
    return metadata.get_or<std::int64_t>(prefix + key, 0).value_or(0);
  };
  const std::int64_t heads = number(".attention.head_count"), shared = number(".attention.head_count_kv");
  return shared > 0 && heads >= shared && heads / shared < 1024 ? static_cast<int>(heads / shared) : 1;
}

Result<> quantize_model(const Checkpoint& checkpoint, std::vector<SourceTensor> tensors,
                        const QuantizeOptions& options, int heads_per_values, WorkerPool& pool,
                        GgufWriter& writer) {
  TensorPlace place;
  place.heads_per_values = heads_per_values;
  for (const SourceTensor& source : tensors) {
    place.layers = std::max(place.layers, layer_of(source.name) + 1);
    place.has_output |= source.name == "output.weight";
  }
  writer.set("general.file_type", GgufValue(std::int64_t{options.mixture.file_type}));
  writer.set("general.quantization_version", GgufValue(std::int64_t{2}));
  for (SourceTensor& source : tensors) {
    place.name = source.name;
    place.dimensions = source.shape.size();
    place.columns = source.stored->columns();
    const Target target = target_of(source, place, options);
    LOCI_TRY_VOID(check_conversion(source, target.type, options));
    const auto fill = [&checkpoint, &pool, source, target, done = options.done](std::span<std::byte> out) {
      auto filled = TensorConverter(checkpoint, source, target.type, pool).fill(out);
      if (filled && done) done({source.name, source.stored->dtype, target.type, out.size(), target.narrow});
      return filled;
    };
    LOCI_TRY_VOID(writer.add(source.name, target.type, source.shape, fill));
  }
  return {};
}

}  // namespace loci
