// Every block type of GGUF beside what the Python package gguf reads and writes:
// tests/goldens/formats/blocks.json, made by tools/goldens/make_blocks.py.
#include <bit>
#include <gtest/gtest.h>
#include <set>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "tensor/formats/convert.h"
#include "tensor/formats/format.h"
#include "testing/paths.h"

namespace loci {
namespace {

std::vector<std::byte> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
  return bytes;
}

/// The floats of a type's golden, by key.
std::vector<float> floats(const json::object& golden, std::string_view key) {
  const std::vector<std::byte> bytes = from_hex(golden.at(key).as_string());
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

json::array golden_types() {
  const auto text = read_text_file(testing::repository() / "tests/goldens/formats/blocks.json", 1 << 20);
  if (!text) throw std::runtime_error(text.error().message);
  return parse_json(*text)->at("types").as_array();
}

TEST(FormatsGolden, BlocksMeanWhatTheGgufPackageReads) {
  std::set<std::string_view> seen;
  const json::array types = golden_types();
  for (const json::value& entry : types) {
    const json::object& golden = entry.as_object();
    const std::string_view name = golden.at("type").as_string();
    const auto dtype = dtype_from_name(name);
    ASSERT_TRUE(dtype) << name;
    const std::vector<std::byte> stored = from_hex(golden.at("stored").as_string());
    const std::vector<float> expected = floats(golden, "values");
    ASSERT_EQ(stored.size(), row_bytes(*dtype, expected.size())) << name;
    std::vector<float> values(expected.size());
    dequantize_row(*dtype, stored.data(), values.size(), values.data());
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(expected[i]))
          << name << " element " << i << ": " << values[i] << " instead of " << expected[i];
    seen.insert(name);
  }
  for (const Format& format : formats()) {
    const bool wanted = format.ggml_type && format.traits.block_elements > 1;
    EXPECT_TRUE(!wanted || seen.contains(format.traits.name)) << format.traits.name;
  }
}

TEST(FormatsGolden, QuantizersMakeWhatTheGgufPackageMakes) {
  int compared = 0;
  const json::array types = golden_types();
  for (const json::value& entry : types) {
    const json::object& golden = entry.as_object();
    if (!golden.contains("rows")) continue;
    const DType dtype = dtype_from_name(golden.at("type").as_string()).value();
    const std::vector<float> rows = floats(golden, "rows");
    const std::vector<std::byte> expected = from_hex(golden.at("rows_stored").as_string());
    std::vector<std::byte> stored(row_bytes(dtype, rows.size()));
    quantize_row(dtype, rows.data(), rows.size(), stored.data());
    EXPECT_EQ(stored, expected) << traits(dtype).name;
    ++compared;
  }
  EXPECT_EQ(compared, 5);
}

}  // namespace
}  // namespace loci
