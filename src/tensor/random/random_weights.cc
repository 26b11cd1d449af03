#include "tensor/random/random_weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/philox.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"
#include "tensor/formats/half.h"
#include "tensor/formats/iq.h"
#include "tensor/formats/iq4.h"
#include "tensor/formats/k_quants.h"
#include "tensor/formats/scaled_blocks.h"

namespace loci {
namespace {

/// splitmix64 (Steele, Lea and Flood 2014): a few instructions for 64 bits, where Philox takes dozens.
/// Billions of weights are made; Philox only chooses where a row begins.
class Bits {
 public:
  Bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t row) {
    const PhiloxCounter counter{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32),
                                static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
    const PhiloxCounter start =
        philox4x32(counter, {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    state_ = std::uint64_t{start[0]} << 32 | start[1];
  }
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_;
};

/// Quantiles of the standard normal distribution in the middle of 4,096 steps of equal probability: a random
/// index makes a normal value, up to 3.67 deviations from 0.
using Quantiles = std::array<float, 4096>;

Quantiles normal_quantiles() {
  Quantiles quantiles{};
  const std::size_t count = quantiles.size();
  for (std::size_t i = 0; i < count / 2; ++i) {
    const double probability = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    double low = -8, high = 0;
    for (int step = 0; step < 40; ++step) {
      const double middle = (low + high) / 2;
      (std::erfc(-middle / std::sqrt(2.0)) / 2 < probability ? low : high) = middle;
    }
    quantiles[i] = static_cast<float>(low);
    quantiles[count - 1 - i] = -quantiles[i];
  }
  return quantiles;
}

void fill_normal(Bits& bits, float deviation, std::span<float> values) {
  static const Quantiles kQuantiles = normal_quantiles();
  for (std::size_t i = 0; i < values.size();) {
    std::uint64_t word = bits.next();
    for (const std::size_t end = std::min(values.size(), i + 5); i < end; ++i, word >>= 12)
      values[i] = deviation * kQuantiles[word % kQuantiles.size()];
  }
}

// Random blocks: what must not be random is set, under the scale `scale`. Where minima are subtracted, their
// scale makes the mean 0: codes and sub-block scales are uniform.

template <class Block>
void set_scale(Block& block, float scale) {
  block.scale = f32_to_f16(scale);
}
void set_scale(BlockQ2_K& block, float scale) {
  block.scale = f32_to_f16(scale), block.minimum = f32_to_f16(scale * 1.5f);
}
void set_scale(BlockQ4_K& block, float scale) {
  block.scale = f32_to_f16(scale), block.minimum = f32_to_f16(scale * 7.5f);
}
void set_scale(BlockQ5_K& block, float scale) {
  block.scale = f32_to_f16(scale), block.minimum = f32_to_f16(scale * 15.5f);
}
void set_scale(BlockIQ1_M& block, float scale) {
  const unsigned half = f32_to_f16(scale);
  for (std::size_t i = 0; i < block.scales.size(); ++i)
    block.scales[i] = static_cast<std::uint16_t>((block.scales[i] & 0xFFFu) | (half >> 4 * i & 0xFu) << 12);
}
void set_scale(BlockInt4& block, float scale) {
  block.scale = packed_f32(scale), block.zero = 8;
}
void set_scale(BlockInt8& block, float scale) {
  block.scale = packed_f32(scale);
}
void set_scale(BlockFp8& block, float scale) {
  block.scale = packed_f32(scale);
  for (std::uint8_t& value : block.values)
    if ((value & 0x7Fu) == 0x7Fu) value ^= 1u;  // NaN
}

template <class Block>
void random_blocks(Bits& bits, float scale, std::size_t count, std::byte* destination) {
  for (std::size_t i = 0; i < count; ++i, destination += sizeof(Block)) {
    std::array<std::uint64_t, (sizeof(Block) + 7) / 8> words;
    for (std::uint64_t& word : words) word = bits.next();
    Block block;
    std::memcpy(&block, words.data(), sizeof block);
    set_scale(block, scale);
    std::memcpy(destination, &block, sizeof block);
  }
}

using MakeBlocks = void (*)(Bits&, float scale, std::size_t count, std::byte* destination);

/// nullptr where normal values are rounded, or the type is no weight.
MakeBlocks block_maker(DType dtype) {
  switch (dtype) {
    case DType::kQ2_K:
      return random_blocks<BlockQ2_K>;
    case DType::kQ3_K:
      return random_blocks<BlockQ3_K>;
    case DType::kQ4_K:
      return random_blocks<BlockQ4_K>;
    case DType::kQ5_K:
      return random_blocks<BlockQ5_K>;
    case DType::kQ6_K:
      return random_blocks<BlockQ6_K>;
    case DType::kIQ4_NL:
      return random_blocks<BlockIQ4_NL>;
    case DType::kIQ4_XS:
      return random_blocks<BlockIQ4_XS>;
    case DType::kIQ1_S:
      return random_blocks<BlockIQ1_S>;
    case DType::kIQ1_M:
      return random_blocks<BlockIQ1_M>;
    case DType::kIQ2_XXS:
      return random_blocks<BlockIQ2_XXS>;
    case DType::kIQ2_XS:
      return random_blocks<BlockIQ2_XS>;
    case DType::kIQ2_S:
      return random_blocks<BlockIQ2_S>;
    case DType::kIQ3_XXS:
      return random_blocks<BlockIQ3_XXS>;
    case DType::kIQ3_S:
      return random_blocks<BlockIQ3_S>;
    case DType::kInt4:
      return random_blocks<BlockInt4>;
    case DType::kInt8:
      return random_blocks<BlockInt8>;
    case DType::kFp8:
      return random_blocks<BlockFp8>;
    default:
      return nullptr;
  }
}

/// Root mean square of the elements of random blocks under the scale 1.
double unit_deviation(DType dtype, MakeBlocks make) {
  constexpr std::size_t kBlocks = 256;
  const auto elements = kBlocks * static_cast<std::size_t>(traits(dtype).block_elements);
  std::vector<std::byte> blocks(row_bytes(dtype, elements));
  std::vector<float> values(elements);
  Bits bits(0, 0, 0);
  make(bits, 1.0f, kBlocks, blocks.data());
  dequantize_row(dtype, blocks.data(), elements, values.data());
  double squares = 0;
  for (const float value : values) squares += double{value} * double{value};
  return std::sqrt(squares / static_cast<double>(elements));
}

}  // namespace

bool can_be_random(DType dtype) {
  return can_quantize(dtype) || block_maker(dtype) != nullptr;
}

RandomWeights::RandomWeights(DType dtype, double deviation, std::uint64_t seed)
    : dtype_(dtype), scale_(static_cast<float>(deviation)), seed_(seed) {
  LOCI_CHECK(can_be_random(dtype));
  if (block_maker(dtype) != nullptr)
    scale_ = static_cast<float>(deviation / unit_deviation(dtype, block_maker(dtype)));
}

void RandomWeights::fill_row(std::uint64_t stream, std::uint64_t row, std::size_t columns,
                             std::byte* destination) const {
  Bits bits(seed_, stream, row);
  if (const MakeBlocks make = block_maker(dtype_)) {
    const auto block = static_cast<std::size_t>(traits(dtype_).block_elements);
    LOCI_CHECK(columns % block == 0);
    return make(bits, scale_, columns / block, destination);
  }
  std::vector<float> values(columns);
  fill_normal(bits, scale_, values);
  quantize_row(dtype_, values.data(), columns, destination);
}

}  // namespace loci
