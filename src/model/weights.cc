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

/// A norm's "x.weight" and "x.bias", or what TensorFlow called them and the first BERTs still have.
const Tensor* find_vector(const Checkpoint& checkpoint, std::string_view name) {
  if (const Tensor* tensor = checkpoint.find(name)) return tensor;
  const bool weight = name.ends_with(".LayerNorm.weight");
  if (!weight && !name.ends_with(".LayerNorm.bias")) return nullptr;
  return checkpoint.find(fmt::format("{}.{}", name.substr(0, name.rfind('.')), weight ? "gamma" : "beta"));
}

/// "x.bias" of "x.weight".
std::string bias_name(std::string_view weight) {
  constexpr std::string_view kSuffix = ".weight";
  if (weight.ends_with(kSuffix)) weight.remove_suffix(kSuffix.size());
  return std::string(weight) + ".bias";
}

class WeightLoader {
 public:
  WeightLoader(const Checkpoint& checkpoint, std::optional<DType> dtype, WorkerPool& pool)
      : checkpoint_(checkpoint), dtype_(dtype), pool_(pool) {}

  /// Elements of stored vectors, one run after the other. A stored vector may have leading extents of 1, and
  /// several heads' weights lie as [heads][head_dim].
  Result<std::vector<float>> vector(const VectorSource& sources, float add = 0) const {
    std::vector<float> values;
    for (const RowSource& source : sources) {
      LOCI_TRY(const std::vector<float> stored, stored_vector(source));
      for (int i = 0; i < source.rows; ++i)
        values.push_back(stored[static_cast<std::size_t>(source.stored_row(i))] + add);
    }
    return values;
  }

  /// Weights of `features` elements; one head's weights serve for all.
  Result<Norm> norm(const NormSpec& spec, const NormSource& source, int features) const {
    Norm norm;
    if (!spec.present) return norm;
    const auto count = static_cast<std::size_t>(features);
    norm.weight.assign(count, 1.0f);
    if (source.weight.empty()) return norm;
    LOCI_TRY(const std::vector<float> weight, vector(source.weight, source.add));
    for (std::size_t i = 0; i < count; ++i) norm.weight[i] = weight[i % weight.size()];
    if (!source.bias) return norm;
    LOCI_TRY(const std::vector<float> bias, vector(biases(source.weight)));
    norm.bias.resize(count);
    for (std::size_t i = 0; i < count; ++i) norm.bias[i] = bias[i % bias.size()];
    return norm;
  }

  Result<Linear> linear(const LinearSource& source, int columns) {
    Linear linear;
    const auto& sources = source.rows;
    for (std::size_t begin = 0; begin < sources.size();) {
      LOCI_TRY(const Tensor* first, find(sources[begin], columns, source.transposed));
      std::size_t end = begin + 1;
      for (; end < sources.size(); ++end) {
        LOCI_TRY(const Tensor* next, find(sources[end], columns, source.transposed));
        if (!can_share_panels(*next, *first)) break;
      }
      const bool in_turns = source.in_turns && end - begin == 2;
      LOCI_TRY(const auto part,
               pack(std::span(sources).subspan(begin, end - begin), columns, source.transposed, in_turns));
      linear.rows += part.rows;
      linear.parts.push_back(part);
      begin = end;
    }
    for (const RowSource& rows : sources)
      if (!source.bias && checkpoint_.find(bias_name(rows.tensor)) != nullptr)
        return fail(ErrorCode::kCorrupt, "tensor '{}' is there, but the configuration has no such bias",
                    bias_name(rows.tensor));
    if (source.bias) {
      LOCI_TRY(linear.bias, vector(biases(sources)));
    }
    if (source.in_turns) {
      linear.rows = kernels::gated_width(sources.front().rows);
      if (source.bias) linear.bias = in_turns(std::span(linear.bias));
    }
    return linear;
  }

  Result<kernels::PackedMatrix> matrix(const std::string& name, int rows, int columns) {
    const RowSource source{.tensor = name, .rows = rows};
    return pack(std::span(&source, 1), columns, false, false);
  }

  /// The rows of a stored table of `columns` columns.
  Result<int> rows_of(const std::string& name, int columns) const {
    const Tensor* tensor = checkpoint_.find(name);
    if (tensor == nullptr) return fail(ErrorCode::kCorrupt, "tensor '{}' is missing", name);
    if (tensor->columns() != static_cast<std::size_t>(columns) || tensor->rows() < 1 ||
        tensor->rows() > 1 << 20 || tensor->elements() > 1 << 30)
      return fail(ErrorCode::kCorrupt, "tensor '{}' has shape [{}], the configuration says [..., {}]", name,
                  fmt::join(tensor->shape, ", "), columns);
    return static_cast<int>(tensor->rows());
  }

  std::vector<Arena> take_storage() { return std::move(storage_); }

 private:
  static VectorSource biases(VectorSource sources) {
    for (RowSource& source : sources) source.tensor = bias_name(source.tensor);
    return sources;
  }

  /// Two halves of a list, 16 elements of each in turns; the last ones are padded with T().
  template <class T>
  static std::vector<std::remove_const_t<T>> in_turns(std::span<T> halves) {
    const std::size_t half = halves.size() / 2, panel = kernels::kPanelRows;
    std::vector<std::remove_const_t<T>> turns(
        static_cast<std::size_t>(kernels::gated_width(static_cast<int>(half))));
    for (std::size_t i = 0; i < half; ++i) {
      auto* to = turns.data() + i + i / panel * panel;
      to[0] = halves[i];
      to[panel] = halves[half + i];
    }
    return turns;
  }

  static int stored_rows(const RowSource& source) {
    return source.stored_rows > 0 ? source.stored_rows : source.rows;
  }

  Result<std::vector<float>> stored_vector(const RowSource& source) const {
    const Tensor* tensor = find_vector(checkpoint_, source.tensor);
    if (tensor == nullptr) return fail(ErrorCode::kCorrupt, "tensor '{}' is missing", source.tensor);
    const auto count = static_cast<std::size_t>(stored_rows(source));
    if (tensor->elements() != count || tensor->shape.empty())
      return fail(ErrorCode::kCorrupt, "tensor '{}' has shape [{}], the configuration says [{}]",
                  source.tensor, fmt::join(tensor->shape, ", "), count);
    if (!is_float(tensor->dtype))
      return fail(ErrorCode::kUnsupported, "tensor '{}': type {} for a norm or a bias is not supported",
                  source.tensor, traits(tensor->dtype).name);
    std::vector<float> values(count);
    dequantize_row(tensor->dtype, tensor->bytes.data(), count, values.data());
    return values;
  }

  Result<const Tensor*> find(const RowSource& source, int columns, bool transposed) const {
    const Tensor* tensor = checkpoint_.find(source.tensor);
    if (tensor == nullptr) return fail(ErrorCode::kCorrupt, "tensor '{}' is missing", source.tensor);
    if (transposed && !is_float(tensor->dtype) && !is_layer_of_gptq(*tensor))
      return fail(ErrorCode::kUnsupported, "tensor '{}': type {} in a transposed matrix is not supported",
                  source.tensor, traits(tensor->dtype).name);
    std::array shape{static_cast<std::size_t>(stored_rows(source)), static_cast<std::size_t>(columns)};
    if (transposed && !is_layer_of_gptq(*tensor)) std::swap(shape[0], shape[1]);
    if (!std::ranges::equal(tensor->shape, shape))
      return fail(ErrorCode::kCorrupt, "tensor '{}' has shape [{}], the configuration says [{}]",
                  source.tensor, fmt::join(tensor->shape, ", "), fmt::join(shape, ", "));
    return tensor;
  }

  /// GPTQ puts layers of its own in the place of those that it quantizes; they are [outputs][inputs] whatever
  /// those were.
  static bool is_layer_of_gptq(const Tensor& tensor) { return tensor.dtype == DType::kInt4; }

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

  /// The tensor's rows; float elements stored as [columns][rows] are turned.
  Result<TensorBytes> read(const Tensor& tensor, bool transposed) const {
    LOCI_TRY(TensorBytes stored, checkpoint_.read(tensor, pool_));
    if (!transposed || is_layer_of_gptq(tensor)) return stored;
    const std::size_t columns = tensor.shape[0], rows = tensor.shape[1];
    const auto size = static_cast<std::size_t>(traits(tensor.dtype).block_bytes);
    TensorBytes turned{std::vector<std::byte>(stored.bytes.size()), {}};
    pool_.for_each_chunk(static_cast<int>(rows), 64, [&](int begin, int end) {
      for (std::size_t c = 0; c < columns; ++c)
        for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r)
          std::copy_n(stored.bytes.data() + (c * rows + r) * size, size,
                      turned.made.data() + (r * columns + c) * size);
    });
    turned.bytes = turned.made;
    return turned;
  }

  /// Packs matrices of one stored type and column order below each other, or two with their panels by turns.
  Result<kernels::PackedMatrix> pack(std::span<const RowSource> sources, int columns, bool transposed,
                                     bool by_turns) {
    std::vector<const std::byte*> rows;
    std::vector<const Tensor*> tensors;
    std::vector<TensorBytes> contents;
    for (const RowSource& source : sources) {
      LOCI_TRY(const Tensor* tensor, find(source, columns, transposed));
      if (tensors.empty() || tensors.back() != tensor) {
        LOCI_TRY(TensorBytes stored, read(*tensor, transposed));
        contents.push_back(std::move(stored));
      }
      const std::size_t bytes = row_bytes(tensor->dtype, static_cast<std::size_t>(columns));
      for (int r = 0; r < source.rows; ++r)
        rows.push_back(contents.back().bytes.data() + static_cast<std::size_t>(source.stored_row(r)) * bytes);
      tensors.push_back(tensor);
    }
    if (by_turns) rows = in_turns(std::span(rows));
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
  const AttentionSpec& a = spec.attention;
  LayerWeights layer;
  LOCI_TRY(layer.attention_norm, loader.norm(spec.attention_norm, sources.attention_norm, hidden));
  LOCI_TRY(layer.query_key_value, loader.linear(sources.query_key_value, hidden));
  if (a.head_norm != HeadNorm::kNone) {
    LOCI_TRY(layer.query_norm, loader.norm(a.query_key_norm, sources.query_norm, a.query_features()));
    LOCI_TRY(layer.key_norm, loader.norm(a.query_key_norm, sources.key_norm, a.kv_features()));
  }
  LOCI_TRY(layer.attention_output, loader.linear(sources.attention_output, a.query_features()));
  LOCI_TRY(layer.attention_post_norm,
           loader.norm(spec.attention_post_norm, sources.attention_post_norm, hidden));
  LOCI_TRY(layer.attention_stream_norm,
           loader.norm(spec.attention_stream_norm, sources.attention_stream_norm, hidden));
  LOCI_TRY(layer.mlp_norm, loader.norm(spec.mlp_norm, sources.mlp_norm, hidden));
  LOCI_TRY(layer.gate_up, loader.linear(sources.gate_up, hidden));
  LOCI_TRY(layer.down, loader.linear(sources.down, spec.mlp.intermediate_size));
  LOCI_TRY(layer.mlp_post_norm, loader.norm(spec.mlp_post_norm, sources.mlp_post_norm, hidden));
  LOCI_TRY(layer.mlp_stream_norm, loader.norm(spec.mlp_stream_norm, sources.mlp_stream_norm, hidden));
  return layer;
}

/// What stands before the first layer.
Result<> load_embedding(WeightLoader& loader, const ModelSpec& spec, const ModelSources& sources,
                        Weights& weights) {
  const int features = spec.embedding.features, hidden = spec.hidden_size;
  LOCI_TRY(weights.embedding, loader.matrix(sources.embedding, spec.vocab_size, features));
  if (sources.positions) {
    LOCI_TRY(weights.positions, loader.matrix(*sources.positions, spec.embedding.learned_positions, hidden));
  }
  if (sources.token_type) {
    // The first row of a table of types of sentences.
    LOCI_TRY(const int types, loader.rows_of(*sources.token_type, hidden));
    LOCI_TRY(weights.token_type,
             loader.vector({{.tensor = *sources.token_type, .rows = hidden, .stored_rows = types * hidden}}));
  }
  LOCI_TRY(weights.embedding_norm, loader.norm(spec.embedding.norm, sources.embedding_norm, hidden));
  if (sources.project_in) {
    LOCI_TRY(weights.project_in, loader.linear(*sources.project_in, features));
  }
  return {};
}

/// What stands behind the last.
Result<> load_head(WeightLoader& loader, const ModelSpec& spec, const ModelSources& sources,
                   Weights& weights) {
  LOCI_TRY(weights.output_norm, loader.norm(spec.output_norm, sources.output_norm, spec.hidden_size));
  if (sources.project_out) {
    LOCI_TRY(weights.project_out, loader.linear(*sources.project_out, spec.hidden_size));
  }
  weights.head = weights.embedding;
  if (sources.head) {
    LOCI_TRY(weights.head, loader.matrix(*sources.head, spec.vocab_size, spec.embedding.features));
  }
  if (sources.head_bias) {
    const std::string& head = sources.head.value_or(sources.embedding);
    LOCI_TRY(weights.head_bias, loader.vector({{.tensor = bias_name(head), .rows = spec.vocab_size}}));
  }
  return {};
}

template <class Visit>
void for_each_linear(const Weights& weights, Visit visit) {
  visit(weights.project_in);
  visit(weights.project_out);
  for (const LayerWeights& layer : weights.layers)
    for (const Linear* linear :
         {&layer.query_key_value, &layer.attention_output, &layer.gate_up, &layer.down})
      visit(*linear);
}

}  // namespace

Result<Weights> load_weights(const Checkpoint& checkpoint, const ModelPlan& plan, std::optional<DType> dtype,
                             WorkerPool& pool) {
  WeightLoader loader(checkpoint, dtype, pool);
  Weights weights;
  LOCI_TRY_VOID(load_embedding(loader, plan.spec, plan.sources, weights));
  for (std::size_t i = 0; i < plan.spec.layers.size(); ++i) {
    LOCI_TRY(LayerWeights layer,
             load_layer(loader, plan.spec.layers[i], plan.sources.layers[i], plan.spec.hidden_size));
    weights.layers.push_back(std::move(layer));
  }
  LOCI_TRY_VOID(load_head(loader, plan.spec, plan.sources, weights));
  weights.storage = loader.take_storage();
  return weights;
}

std::size_t weight_bytes(const Weights& weights) {
  std::size_t bytes = 0, floats = weights.token_type.size() + weights.head_bias.size();
  for (const Arena& arena : weights.storage) bytes += arena.bytes().size();
  const auto count = [&](const Norm& norm) { floats += norm.weight.size() + norm.bias.size(); };
  count(weights.embedding_norm), count(weights.output_norm);
  for (const LayerWeights& l : weights.layers)
    for (const Norm* norm : {&l.attention_norm, &l.mlp_norm, &l.attention_post_norm, &l.mlp_post_norm,
                             &l.attention_stream_norm, &l.mlp_stream_norm, &l.query_norm, &l.key_norm})
      count(*norm);
  for_each_linear(weights, [&](const Linear& linear) { floats += linear.bias.size(); });
  return bytes + floats * sizeof(float);
}

DType main_dtype(const Weights& weights) {
  std::map<DType, std::size_t> bytes;
  for_each_linear(weights, [&](const Linear& linear) {
    for (const kernels::PackedMatrix& part : linear.parts)
      bytes[part.dtype] += kernels::packed_bytes(part.dtype, part.rows, part.columns);
  });
  LOCI_CHECK(!bytes.empty());
  return std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; })->first;
}

}  // namespace loci
