// Q5_0 and Q5_1 as ggml's own quantizer stored them: trained RWKV models in rwkv.cpp's format, in F32 and
// quantized
// (../shared/data/models/rwkv-tiny). Every block must come out of quantize_row() byte for byte.
#include <gtest/gtest.h>
#include <map>
#include <numeric>

#include "base/mapped_file.h"
#include "tensor/byte_cursor.h"
#include "tensor/formats/convert.h"
#include "testing/paths.h"

namespace loci {
namespace {

struct Stored {
  DType dtype;
  std::size_t columns, elements;
  std::span<const std::byte> bytes;
};

std::optional<DType> rwkv_type(std::int32_t number) {
  static const std::map<std::int32_t, DType> types{
      {0, DType::kF32}, {1, DType::kF16}, {7, DType::kQ5_0}, {8, DType::kQ5_1}};
  const auto found = types.find(number);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

/// The parameters of a file: a header of six numbers, then for each its dimensions (innermost first), key and
/// data.
std::map<std::string, Stored> parameters(std::span<const std::byte> file) {
  std::map<std::string, Stored> parameters;
  ByteCursor cursor(file);
  (void)cursor.take(6 * sizeof(std::int32_t));
  while (cursor.remaining() > 0) {
    const auto dimensions = cursor.read<std::int32_t>().value();
    const auto key_bytes = cursor.read<std::int32_t>().value();
    const DType dtype = rwkv_type(cursor.read<std::int32_t>().value()).value();
    std::vector<std::size_t> extents;
    for (int i = 0; i < dimensions; ++i)
      extents.push_back(static_cast<std::size_t>(cursor.read<std::int32_t>().value()));
    const auto key = cursor.take(static_cast<std::size_t>(key_bytes)).value();
    const std::size_t elements = std::accumulate(extents.begin(), extents.end(), 1uz, std::multiplies());
    const auto bytes = cursor.take(row_bytes(dtype, elements)).value();
    parameters[{reinterpret_cast<const char*>(key.data()), key.size()}] = {dtype, extents[0], elements,
                                                                           bytes};
  }
  return parameters;
}

TEST(FormatsReal, QuantizersMakeTheBlocksOfGgml) {
  const auto folder = testing::shared_data() / "models/rwkv-tiny";
  SKIP_IF_ABSENT(folder);
  std::size_t compared = 0;
  for (const std::string model : {"4v0-660K", "5v1-730K", "5v2-730K", "7v0-834K"})
    for (const std::string type : {"Q5_0", "Q5_1"}) {
      const auto wide = MappedFile::open(folder / ("tiny-rwkv-" + model + "-FP32.bin")).value();
      const auto narrow = MappedFile::open(folder / ("tiny-rwkv-" + model + "-" + type + ".bin")).value();
      const auto floats = parameters(wide.bytes());
      for (const auto& [key, stored] : parameters(narrow.bytes())) {
        if (traits(stored.dtype).block_elements == 1) continue;
        std::vector<float> values(stored.elements);
        std::memcpy(values.data(), floats.at(key).bytes.data(), values.size() * sizeof(float));
        std::vector<std::byte> made(stored.bytes.size());
        quantize_row(stored.dtype, values.data(), values.size(), made.data());
        ASSERT_TRUE(std::ranges::equal(made, stored.bytes)) << model << ' ' << type << ' ' << key;
        compared += stored.elements / 32;
      }
    }
  EXPECT_EQ(compared, 156'672u);
}

}  // namespace
}  // namespace loci
