#include <cmath>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "kernels/ref/ref.h"
#include "kernels/scaled_address.h"
#include "tensor/formats/integer_block.h"
#include "tensor/formats/w8a8.h"

namespace loci::kernels::ref {
namespace {

float dot(const std::vector<float>& weights, const std::uint32_t* order, const float* input) {
  float sum = 0;
  for (std::size_t c = 0; c < weights.size(); ++c)
    sum = std::fma(weights[c], input[order != nullptr ? order[c] : c], sum);
  return sum;
}

/// Adds codes [begin, end) of a block to the sum, under the scale and minimum of `begin`.
float add_codes(const IntegerBlock& weight, const QuantizedBlock& input, std::size_t begin, std::size_t end,
                float input_sum, bool minimum, float sum) {
  int products = 0;
  for (std::size_t i = begin; i < end; ++i) products += weight.codes[i] * input.codes[i];
  sum = std::fma(static_cast<float>(products), weight.scale[begin / 16] * input.scale, sum);
  return minimum ? std::fma(weight.minimum[begin / 16], input_sum, sum) : sum;
}

float integer_dot(const std::vector<IntegerBlock>& weights, const IntegerFormat& format,
                  const QuantizedBlock* input, int tokens) {
  float sum = 0;
  for (const IntegerBlock& weight : weights) {
    if (format.halves) {
      for (std::size_t half = 0; half < 2; ++half)
        sum =
            add_codes(weight, *input, 16 * half, 16 * half + 16, input->half_sums[half], format.minimum, sum);
    } else {
      sum = add_codes(weight, *input, 0, 32, input->sum, format.minimum, sum);
    }
    input += tokens;
  }
  return sum;
}

/// Of rows under one scale each: all columns at once.
float scaled_dot(const std::vector<std::byte>& stored, const MatmulArgs& args, int token) {
  float scale;
  std::memcpy(&scale, stored.data(), sizeof scale);
  const std::byte* codes = stored.data() + sizeof scale;
  std::int32_t products = 0;
  for (int c = 0; c < args.weight.columns; ++c) {
    const int blocks = (args.weight.columns + kScaledColumns - 1) / kScaledColumns;
    const ScaledBlock& block = args.scaled.blocks[scaled_at(token, c / kScaledColumns, args.tokens, blocks)];
    products += (std::to_integer<int>(codes[c]) - kW8A8Zero) * block.codes[c % kScaledColumns];
  }
  return static_cast<float>(products) * (scale * args.scaled.scales[token].scale);
}

/// Of a result and its bias.
int place_of(const MatmulArgs& args, int row) {
  return row / kPanelRows * args.panel_step + row % kPanelRows;
}

void write(const MatmulArgs& args, int token, int row, float sum) {
  if (args.bias != nullptr) sum = sum + args.bias[place_of(args, row)];
  float& output = args.output[static_cast<std::ptrdiff_t>(token) * args.output_stride + place_of(args, row)];
  output = args.mode == MatmulOutput::kAccumulate ? output + sum : sum;
}

void integer_row(const MatmulArgs& args, const IntegerFormat& format, int row) {
  const auto columns = static_cast<std::size_t>(args.weight.columns);
  std::vector<std::byte> stored(row_bytes(args.weight.dtype, columns));
  std::vector<IntegerBlock> weights(columns / kQuantizedColumns);
  unpack_stored_row(args.weight, row, stored.data());
  read_integer_blocks(args.weight.dtype, stored.data(), columns, weights.data());
  for (int t = 0; t < args.tokens; ++t)
    write(args, t, row, integer_dot(weights, format, args.quantized + t, args.tokens));
}

void scaled_row(const MatmulArgs& args, int row) {
  std::vector<std::byte> stored(row_bytes(args.weight.dtype, static_cast<std::size_t>(args.weight.columns)));
  unpack_stored_row(args.weight, row, stored.data());
  for (int t = 0; t < args.tokens; ++t) write(args, t, row, scaled_dot(stored, args, t));
}

void float_row(const MatmulArgs& args, int row) {
  std::vector<float> weights(static_cast<std::size_t>(args.weight.columns));
  unpack_row(args.weight, row, weights.data());
  for (int t = 0; t < args.tokens; ++t)
    write(args, t, row,
          dot(weights, args.weight.column_order,
              args.input + static_cast<std::ptrdiff_t>(t) * args.weight.columns));
}

/// The three ops that it is made of, one after the other.
void activated_matmul(const MatmulArgs& args, WorkerPool& pool) {
  const int features = args.output_stride, rows = args.weight.rows;
  const auto tokens = static_cast<std::size_t>(args.tokens);
  std::vector<float> results(tokens * static_cast<std::size_t>(rows)), activated;
  MatmulArgs products = args;
  products.mode = MatmulOutput::kStore;
  products.output = results.data();
  products.output_stride = rows;
  matmul(products, pool);
  if (args.bytes != nullptr) activated.resize(tokens * static_cast<std::size_t>(features));
  float* output = args.bytes != nullptr ? activated.data() : args.output;
  activate({args.activation, args.gated, results.data(), args.tokens, features, output}, pool);
  if (args.bytes != nullptr) quantize({output, args.tokens, features, nullptr, args.bytes}, pool);
}

}  // namespace

void matmul(const MatmulArgs& args, WorkerPool& pool) {
  const IntegerFormat* format = integer_format(args.weight.dtype);
  LOCI_CHECK(args.quantized == nullptr || format != nullptr);
  LOCI_CHECK(args.scaled.blocks == nullptr || args.weight.dtype == DType::kW8A8);
  if (args.mode == MatmulOutput::kActivate) return activated_matmul(args, pool);
  pool.for_each_chunk(args.weight.rows, 1, [&](int begin, int end) {
    for (int row = begin; row < end; ++row)
      if (args.quantized != nullptr)
        integer_row(args, *format, row);
      else if (args.scaled.blocks != nullptr)
        scaled_row(args, row);
      else
        float_row(args, row);
  });
}

}  // namespace loci::kernels::ref
