#include "tensor/quantized/collect.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "tensor/error_context.h"
#include "tensor/formats/w8a8.h"

namespace loci {
namespace {

using Layout = PartedWeight::Layout;
using Method = QuantScheme::Method;
using Shape = std::initializer_list<std::size_t>;

constexpr std::size_t kBlock = 32;
constexpr std::size_t kNibblesAWord = 8;

// What a layer may have beside its codes; scales of activations are not needed where those are floats.
constexpr std::string_view kPartNames[] = {
    ".qweight",           ".qzeros",       ".scales",           ".g_idx",
    ".weight_packed",     ".weight_scale", ".weight_scale_inv", ".weight_shape",
    ".weight_zero_point", ".weight_g_idx", ".input_scale",      ".input_zero_point",
    ".output_scale"};

std::size_t ceil_div(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

std::unexpected<Error> in_tensor(std::string_view name, std::unexpected<Error> error) {
  return in_part("tensor", name, std::move(error));
}

Result<> expect_shape(const Tensor& tensor, Shape shape) {
  if (std::ranges::equal(tensor.shape, shape)) return {};
  return in_tensor(tensor.name, fail(ErrorCode::kCorrupt, "has shape [{}], not [{}]",
                                     fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
}
Result<> expect_integers(const Tensor& tensor) {
  if (tensor.dtype == DType::kI32) return {};
  return in_tensor(tensor.name, fail(ErrorCode::kCorrupt, "has type {}, not I32", traits(tensor.dtype).name));
}

/// The parts of one layer, "X".
class Layer {
 public:
  Layer(const QuantScheme& scheme, const TensorMap& tensors, std::string base)
      : scheme_(scheme), tensors_(tensors), base_(std::move(base)) {}

  Result<PartedWeight> gptq() const;
  Result<PartedWeight> awq() const;
  Result<PartedWeight> packed_rows() const;
  Result<PartedWeight> bytes(Layout layout) const;  // INT8, FP8

 private:
  const Tensor* find(std::string_view suffix) const {
    const auto found = tensors_.find(base_ + std::string(suffix));
    return found == tensors_.end() ? nullptr : &found->second;
  }
  Result<Tensor> need(std::string_view suffix) const {
    if (const Tensor* tensor = find(suffix)) return *tensor;
    return in_tensor(base_ + std::string(suffix), fail(ErrorCode::kCorrupt, "missing"));
  }
  Result<Tensor> need_scales(std::initializer_list<std::string_view> suffixes) const;
  Result<PartedWeight> start(Layout layout, const Tensor& codes, std::size_t rows, std::size_t columns) const;
  Result<> add_grouped_scales(PartedWeight& weight) const;
  Result<> add_scale_grid(PartedWeight& weight) const;
  Result<> add_order(PartedWeight& weight, std::string_view suffix) const;
  Result<> sort_columns(PartedWeight& weight, const Tensor& tensor,
                        const std::vector<std::uint32_t>& group_of) const;

  const QuantScheme& scheme_;
  const TensorMap& tensors_;
  std::string base_;
};

Result<Tensor> Layer::need_scales(std::initializer_list<std::string_view> suffixes) const {
  const Tensor* scales = nullptr;
  for (const std::string_view suffix : suffixes)
    if (scales == nullptr) scales = find(suffix);
  if (scales == nullptr)
    return in_tensor(base_ + std::string(*suffixes.begin()), fail(ErrorCode::kCorrupt, "missing"));
  if (is_float(scales->dtype)) return *scales;
  return in_tensor(scales->name, fail(ErrorCode::kUnsupported, "type {} for scales is not supported",
                                      traits(scales->dtype).name));
}

/// `rows` and `columns` follow from the shape of `codes`, a matrix.
Result<PartedWeight> Layer::start(Layout layout, const Tensor& codes, std::size_t rows,
                                  std::size_t columns) const {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  if (rows == 0 || columns == 0 || rows > kMost || columns > kMost || columns % kBlock != 0)
    return in_tensor(codes.name, fail(ErrorCode::kUnsupported,
                                      "a weight of {} rows of {} columns is not supported (rows of whole "
                                      "multiples of {} are)",
                                      rows, columns, kBlock));
  PartedWeight weight{.layout = layout,
                      .codes = codes,
                      .scales = {},
                      .zeros = {},
                      .rows = rows,
                      .columns = columns,
                      .scale_rows = 1,
                      .scale_columns = columns,
                      .column_order = {},
                      .block_groups = {}};
  return weight;
}

Result<const Tensor*> matrix(const Tensor& tensor) {
  if (tensor.shape.size() == 2) return &tensor;
  return in_tensor(tensor.name, fail(ErrorCode::kCorrupt, "has {} dimensions, not 2", tensor.shape.size()));
}

/// Scales and zero points of GPTQ and AWQ, group by group.
Result<> Layer::add_grouped_scales(PartedWeight& weight) const {
  if (scheme_.group_columns != 0) weight.scale_columns = scheme_.group_columns;
  if (weight.rows % kNibblesAWord != 0)
    return in_tensor(
        weight.codes.name,
        fail(ErrorCode::kCorrupt, "{} rows do not fill words of {} zero points", weight.rows, kNibblesAWord));
  LOCI_TRY(weight.scales, need_scales({".scales"}));
  LOCI_TRY_VOID(expect_shape(weight.scales, {weight.groups(), weight.rows}));
  LOCI_TRY(weight.zeros, need(".qzeros"));
  LOCI_TRY_VOID(expect_integers(*weight.zeros));
  return expect_shape(*weight.zeros, {weight.groups(), weight.rows / kNibblesAWord});
}

Result<PartedWeight> Layer::gptq() const {
  LOCI_TRY(const Tensor codes, need(".qweight"));
  LOCI_TRY_VOID(expect_integers(codes));
  LOCI_TRY_VOID(matrix(codes));
  LOCI_TRY(PartedWeight weight, start(Layout::kGptq, codes, codes.shape[1], codes.shape[0] * kNibblesAWord));
  weight.zero_offset = scheme_.zero_offset;
  LOCI_TRY_VOID(add_grouped_scales(weight));
  LOCI_TRY_VOID(add_order(weight, ".g_idx"));
  return weight;
}

Result<PartedWeight> Layer::awq() const {
  LOCI_TRY(const Tensor codes, need(".qweight"));
  LOCI_TRY_VOID(expect_integers(codes));
  LOCI_TRY_VOID(matrix(codes));
  LOCI_TRY(PartedWeight weight, start(Layout::kAwq, codes, codes.shape[1] * kNibblesAWord, codes.shape[0]));
  LOCI_TRY_VOID(add_grouped_scales(weight));
  return weight;
}

Result<PartedWeight> Layer::packed_rows() const {
  LOCI_TRY(const Tensor codes, need(".weight_packed"));
  LOCI_TRY_VOID(expect_integers(codes));
  LOCI_TRY_VOID(matrix(codes));
  LOCI_TRY(PartedWeight weight,
           start(Layout::kPackedRows, codes, codes.shape[0], codes.shape[1] * kNibblesAWord));
  LOCI_TRY_VOID(add_scale_grid(weight));
  LOCI_TRY_VOID(add_order(weight, ".weight_g_idx"));
  const Tensor* zeros = find(".weight_zero_point");
  if (zeros == nullptr) return weight;
  LOCI_TRY_VOID(expect_integers(*zeros));
  LOCI_TRY_VOID(expect_shape(*zeros, {ceil_div(weight.rows, kNibblesAWord), weight.groups()}));
  if (weight.scale_rows != 1)
    return in_tensor(zeros->name, fail(ErrorCode::kUnsupported, "zero points need scales of their own row"));
  weight.zeros = *zeros;
  return weight;
}

Result<PartedWeight> Layer::bytes(Layout layout) const {
  LOCI_TRY(const Tensor codes, need(".weight"));
  LOCI_TRY_VOID(matrix(codes));
  LOCI_TRY(PartedWeight weight, start(layout, codes, codes.shape[0], codes.shape[1]));
  if (const Tensor* zeros = find(".weight_zero_point"))
    return in_tensor(zeros->name,
                     fail(ErrorCode::kUnsupported, "zero points of 8-bit weights are not supported"));
  LOCI_TRY_VOID(add_scale_grid(weight));
  if (layout == Layout::kInt8 && scheme_.scales_activation_rows && weight.groups() == 1 &&
      weight.columns <= kMostW8A8Columns)
    weight.layout = Layout::kInt8Rows;
  return weight;
}

/// Scales over rows and columns: one of all, one a row, one a row and group, one a block.
Result<> Layer::add_scale_grid(PartedWeight& weight) const {
  LOCI_TRY(weight.scales, need_scales({".weight_scale", ".weight_scale_inv"}));
  const auto& shape = weight.scales.shape;
  const std::size_t down = shape.empty() ? 1 : shape[0], across = shape.size() < 2 ? 1 : shape[1];
  const auto fits = [&](std::size_t block_rows, std::size_t block_columns) {
    if (shape.size() > 2 || down != ceil_div(weight.rows, block_rows) ||
        across != ceil_div(weight.columns, block_columns))
      return false;
    weight.scale_rows = block_rows;
    weight.scale_columns = block_columns;
    return true;
  };
  if (scheme_.block_rows != 0 && fits(scheme_.block_rows, scheme_.block_columns)) return {};
  if (fits(weight.rows, weight.columns)) return {};
  const bool whole_groups = across != 0 && weight.columns % (across * kBlock) == 0;
  if (whole_groups && fits(1, weight.columns / across)) return {};
  return in_tensor(weight.scales.name,
                   fail(ErrorCode::kCorrupt, "shape [{}] is no grid of scales over a weight of [{}, {}]",
                        fmt::join(shape, ", "), weight.rows, weight.columns));
}

/// Reads which group each column chose, where a layer says so.
Result<> Layer::add_order(PartedWeight& weight, std::string_view suffix) const {
  const Tensor* tensor = find(suffix);
  if (tensor == nullptr) return {};
  LOCI_TRY_VOID(expect_integers(*tensor));
  LOCI_TRY_VOID(expect_shape(*tensor, {weight.columns}));
  std::vector<std::uint32_t> group_of(weight.columns);
  std::memcpy(group_of.data(), tensor->bytes.data(), tensor->bytes.size());
  bool as_they_stand = true;
  for (std::size_t c = 0; c < weight.columns; ++c) {
    if (group_of[c] >= weight.groups())
      return in_tensor(tensor->name, fail(ErrorCode::kCorrupt, "element {} is {}, but there are {} groups", c,
                                          static_cast<std::int32_t>(group_of[c]), weight.groups()));
    as_they_stand = as_they_stand && group_of[c] == c / weight.scale_columns;
  }
  return as_they_stand ? Result<>() : sort_columns(weight, *tensor, group_of);
}

/// Sorted by group, columns can share the scales of whole blocks again.
Result<> Layer::sort_columns(PartedWeight& weight, const Tensor& tensor,
                             const std::vector<std::uint32_t>& group_of) const {
  weight.column_order.resize(weight.columns);
  std::iota(weight.column_order.begin(), weight.column_order.end(), 0u);
  std::ranges::stable_sort(weight.column_order, {}, [&](std::uint32_t column) { return group_of[column]; });
  for (std::size_t c = 0; c < weight.columns; c += kBlock) {
    const std::uint32_t group = group_of[weight.column_order[c]];
    if (group != group_of[weight.column_order[c + kBlock - 1]])
      return in_tensor(tensor.name,
                       fail(ErrorCode::kUnsupported,
                            "group {} has a number of columns that is not a multiple of {}", group, kBlock));
    weight.block_groups.push_back(group);
  }
  return {};
}

struct Found {
  std::string base;
  Result<PartedWeight> weight;
};

/// The layer whose codes the tensor `name` is, put together; nullopt where it is none.
std::optional<Found> layer_of(const QuantScheme& scheme, const TensorMap& tensors, const std::string& name,
                              const Tensor& tensor) {
  const auto base = [&](std::string_view suffix) -> std::optional<std::string> {
    if (!name.ends_with(suffix)) return std::nullopt;
    return name.substr(0, name.size() - suffix.size());
  };
  const bool words = scheme.method == Method::kGptq || scheme.method == Method::kAwq;
  if (const auto x = base(".qweight"); x && words) {
    const Layer layer(scheme, tensors, *x);
    return Found{*x, scheme.method == Method::kGptq ? layer.gptq() : layer.awq()};
  }
  if (words) return std::nullopt;
  if (const auto x = base(".weight_packed")) return Found{*x, Layer(scheme, tensors, *x).packed_rows()};
  const bool is_int8 = tensor.dtype == DType::kI8, is_fp8 = tensor.dtype == DType::kF8_E4M3;
  if (const auto x = base(".weight"); x && (is_int8 || is_fp8))
    return Found{*x, Layer(scheme, tensors, *x).bytes(is_int8 ? Layout::kInt8 : Layout::kFp8)};
  return std::nullopt;
}

}  // namespace

Result<> collect_parted_weights(const QuantScheme& scheme, TensorMap& tensors, PartedWeightMap& weights) {
  std::vector<std::string> bases;
  for (const auto& [name, tensor] : tensors) {
    auto found = layer_of(scheme, tensors, name, tensor);
    if (!found) continue;
    LOCI_TRY(PartedWeight weight, std::move(found->weight));
    weights.emplace(found->base + ".weight", std::move(weight));
    bases.push_back(std::move(found->base));
  }
  for (const std::string& base : bases)
    for (const std::string_view part : kPartNames) tensors.erase(base + std::string(part));
  for (const auto& [name, weight] : weights) {
    Tensor& tensor = tensors[name];
    if (!tensor.name.empty() && tensor.name != weight.codes.name)
      return in_tensor(name, fail(ErrorCode::kCorrupt, "is there as {} too", printable(weight.codes.name)));
    tensor = {.name = name,
              .dtype = weight.dtype(),
              .shape = {weight.rows, weight.columns},
              .bytes = {},
              .column_order = weight.column_order};
  }
  return {};
}

}  // namespace loci
