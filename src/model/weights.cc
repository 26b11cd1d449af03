#include "model/weights.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>
#include <map>

#include "base/check.h"
#include "tensor/formats/convert.h"

namespace loci {
namespace {

/// Row r of a source in the order that the forward pass wants it, as a row of the stored matrix.
std::size_t stored_row(const MatrixSource& source, int row) {
  if (source.order == RowOrder::kAsStored) return static_cast<std::size_t>(row);
  const int head = row / source.head_dim, i = row % source.head_dim, half = source.head_dim / 2;
  const int within = i < half ? 2 * i : 2 * (i - half) + 1;
  return static_cast<std::size_t>(head * source.head_dim + within);
}

class WeightLoader {
 public:
  WeightLoader(const Checkpoint& checkpoint, std::optional<DType> dtype, WorkerPool& pool)
      : checkpoint_(checkpoint), dtype_(dtype), pool_(pool) {}

  Result<std::vector<float>> vector(const std::string& name, int features) const {
    LOCI_TRY(const Tensor* tensor, find(name, {static_cast<std::size_t>(features)}));
    std::vector<float> values(static_cast<std::size_t>(features));
    if (!is_float(tensor->dtype))
      return fail(ErrorCode::kUnsupported, "tensor '{}': type {} for a norm is not supported", name,
                  traits(tensor->dtype).name);
    dequantize_row(tensor->dtype, tensor->bytes.data(), values.size(), values.data());
    return values;
  }

  Result<Linear> linear(const LinearSource& sources, int columns) {
    Linear linear;
    for (std::size_t begin = 0; begin < sources.size();) {
      LOCI_TRY(const Tensor* first, stored(sources[begin], columns));
      std::size_t end = begin + 1;
      for (; end < sources.size(); ++end) {
        LOCI_TRY(const Tensor* next, stored(sources[end], columns));
        if (!can_share_panels(*next, *first)) break;
      }
      LOCI_TRY(const auto part, pack(std::span(sources).subspan(begin, end - begin), columns));
      linear.rows += part.rows;
      linear.parts.push_back(part);
      begin = end;
    }
    return linear;
  }

  Result<kernels::PackedMatrix> matrix(const std::string& name, int rows, int columns) {
    const MatrixSource source{name, rows};
    return pack(std::span(&source, 1), columns);
  }

  std::vector<Arena> take_storage() { return std::move(storage_); }

 private:
  Result<const Tensor*> find(const std::string& name, std::initializer_list<std::size_t> shape) const {
    const Tensor* tensor = checkpoint_.find(name);
    if (tensor == nullptr) return fail(ErrorCode::kCorrupt, "tensor '{}' is missing", name);
    if (!std::ranges::equal(tensor->shape, shape))
      return fail(ErrorCode::kCorrupt, "tensor '{}' has shape [{}], the configuration says [{}]", name,
                  fmt::join(tensor->shape, ", "), fmt::join(shape, ", "));
    return tensor;
  }

  Result<const Tensor*> stored(const MatrixSource& source, int columns) const {
    return find(source.tensor, {static_cast<std::size_t>(source.rows), static_cast<std::size_t>(columns)});
  }

  static bool can_share_panels(const Tensor& a, const Tensor& b) {
    return a.dtype == b.dtype && std::ranges::equal(a.column_order, b.column_order);
  }

  /// The order of packed columns, kept as long as the matrices.
  Result<const std::uint32_t*> keep_order(std::span<const std::uint32_t> order) {
    if (order.empty()) return nullptr;
    LOCI_TRY(Arena arena, Arena::allocate(order.size_bytes()));
    std::memcpy(arena.bytes().data(), order.data(), order.size_bytes());
    storage_.push_back(std::move(arena));
    return std::bit_cast<const std::uint32_t*>(storage_.back().bytes().data());
  }

  /// Packs matrices of one stored type and column order below each other.
  Result<kernels::PackedMatrix> pack(std::span<const MatrixSource> sources, int columns) {
    std::vector<const std::byte*> rows;
    std::vector<const Tensor*> tensors;
    std::vector<TensorBytes> contents;
    for (const MatrixSource& source : sources) {
      LOCI_TRY(const Tensor* tensor, find(source.tensor, {static_cast<std::size_t>(source.rows),
                                                          static_cast<std::size_t>(columns)}));
      if (tensors.empty() || tensors.back() != tensor) {
        LOCI_TRY(TensorBytes read, checkpoint_.read(*tensor, pool_));
        contents.push_back(std::move(read));
      }
      const std::size_t bytes = row_bytes(tensor->dtype, static_cast<std::size_t>(columns));
      for (int r = 0; r < source.rows; ++r)
        rows.push_back(contents.back().bytes.data() + stored_row(source, r) * bytes);
      tensors.push_back(tensor);
    }
    const DType stored = tensors.front()->dtype;
    LOCI_TRY(const std::uint32_t* order, keep_order(tensors.front()->column_order));
    if (!kernels::is_packable(stored))
      return fail(ErrorCode::kUnsupported, "tensor '{}': type {} for a matrix is not supported",
                  sources.front().tensor, traits(stored).name);
    const DType packed = is_float(stored) ? dtype_.value_or(stored) : stored;
    const int row_count = static_cast<int>(rows.size());
    LOCI_TRY(Arena arena, Arena::allocate(kernels::packed_bytes(packed, row_count, columns)));
    const kernels::PackedMatrix matrix{packed, row_count, columns, arena.bytes().data(), order};
    pack_panels(matrix, stored, rows, arena.bytes().data());
    storage_.push_back(std::move(arena));
    for (const Tensor* tensor : tensors) checkpoint_.release(*tensor);
    return matrix;
  }

  void pack_panels(const kernels::PackedMatrix& matrix, DType stored, std::span<const std::byte* const> rows,
                   std::byte* to) {
    pool_.for_each_chunk(matrix.panels(), 4, [&](int begin, int end) {
      for (int panel = begin; panel < end; ++panel) {
        std::array<const std::byte*, kernels::kPanelRows> lanes{};
        const auto first = static_cast<std::size_t>(panel) * kernels::kPanelRows;
        const auto count = std::min<std::size_t>(kernels::kPanelRows, rows.size() - first);
        std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(first), count, lanes.begin());
        std::vector<std::byte> converted = convert_rows(matrix, stored, lanes);
        kernels::pack_panel(matrix.dtype, matrix.columns, lanes,
                            to + static_cast<std::size_t>(panel) * matrix.panel_bytes());
      }
    });
  }

  /// Rows of another type than the packed one are converted first; `lanes` then points into the result.
  static std::vector<std::byte> convert_rows(const kernels::PackedMatrix& matrix, DType stored,
                                             std::array<const std::byte*, kernels::kPanelRows>& lanes) {
    std::vector<std::byte> converted;
    if (stored == matrix.dtype) return converted;
    const auto columns = static_cast<std::size_t>(matrix.columns);
    const std::size_t bytes = row_bytes(matrix.dtype, columns);
    converted.resize(bytes * kernels::kPanelRows);
    std::vector<float> values(columns);
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      if (lanes[lane] == nullptr) continue;
      dequantize_row(stored, lanes[lane], columns, values.data());
      quantize_row(matrix.dtype, values.data(), columns, converted.data() + lane * bytes);
      lanes[lane] = converted.data() + lane * bytes;
    }
    return converted;
  }

  const Checkpoint& checkpoint_;
  std::optional<DType> dtype_;
  WorkerPool& pool_;
  std::vector<Arena> storage_;
};

Result<LayerWeights> load_layer(WeightLoader& loader, const LayerSpec& spec, const LayerSources& sources,
                                int hidden) {
  LayerWeights layer;
  LOCI_TRY(layer.attention_norm, loader.vector(sources.attention_norm, hidden));
  LOCI_TRY(layer.query_key_value, loader.linear(sources.query_key_value, hidden));
  LOCI_TRY(layer.attention_output, loader.linear(sources.attention_output, spec.attention.query_features()));
  LOCI_TRY(layer.mlp_norm, loader.vector(sources.mlp_norm, hidden));
  LOCI_TRY(layer.gate_up, loader.linear(sources.gate_up, hidden));
  LOCI_TRY(layer.down, loader.linear(sources.down, spec.intermediate_size));
  return layer;
}

}  // namespace

Result<Weights> load_weights(const Checkpoint& checkpoint, const ModelPlan& plan, std::optional<DType> dtype,
                             WorkerPool& pool) {
  const ModelSpec& spec = plan.spec;
  const ModelSources& sources = plan.sources;
  WeightLoader loader(checkpoint, dtype, pool);
  Weights weights;
  LOCI_TRY(weights.embedding, loader.matrix(sources.embedding, spec.vocab_size, spec.hidden_size));
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    LOCI_TRY(LayerWeights layer, load_layer(loader, spec.layers[i], sources.layers[i], spec.hidden_size));
    weights.layers.push_back(std::move(layer));
  }
  LOCI_TRY(weights.output_norm, loader.vector(sources.output_norm, spec.hidden_size));
  weights.head = weights.embedding;
  if (sources.head) {
    LOCI_TRY(weights.head, loader.matrix(*sources.head, spec.vocab_size, spec.hidden_size));
  }
  weights.storage = loader.take_storage();
  return weights;
}

std::size_t weight_bytes(const Weights& weights) {
  std::size_t bytes = weights.output_norm.size() * sizeof(float);
  for (const Arena& arena : weights.storage) bytes += arena.bytes().size();
  for (const LayerWeights& layer : weights.layers)
    bytes += (layer.attention_norm.size() + layer.mlp_norm.size()) * sizeof(float);
  return bytes;
}

DType main_dtype(const Weights& weights) {
  std::map<DType, std::size_t> bytes;
  const auto count = [&](const Linear& linear) {
    for (const kernels::PackedMatrix& part : linear.parts)
      bytes[part.dtype] += kernels::packed_bytes(part.dtype, part.rows, part.columns);
  };
  for (const LayerWeights& layer : weights.layers)
    for (const Linear* linear :
         {&layer.query_key_value, &layer.attention_output, &layer.gate_up, &layer.down})
      count(*linear);
  LOCI_CHECK(!bytes.empty());
  return std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; })->first;
}

}  // namespace loci
