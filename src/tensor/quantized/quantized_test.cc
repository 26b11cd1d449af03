// Quantized Hugging Face folders: what tools/goldens/make_quantized.py wrote, and folders that lie.
#include <bit>
#include <cstring>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/mapped_file.h"
#include "tensor/checkpoint.h"
#include "tensor/formats/convert.h"
#include "tensor/quantized/quant_scheme.h"
#include "tensor/safetensors.h"
#include "testing/paths.h"
#include "testing/safetensors_file.h"

namespace loci {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path goldens() {
  return testing::repository() / "tests/goldens/quantized";
}

/// The floats that a weight means, its columns where they belong: [rows][columns].
Result<std::vector<float>> floats(const Checkpoint& checkpoint, const Tensor& tensor) {
  WorkerPool pool(2);
  LOCI_TRY(const TensorBytes read, checkpoint.read(tensor, pool));
  const std::size_t columns = tensor.columns(), bytes = row_bytes(tensor.dtype, columns);
  std::vector<float> values(tensor.elements()), row(columns);
  for (std::size_t r = 0; r < tensor.rows(); ++r) {
    dequantize_row(tensor.dtype, read.bytes.data() + r * bytes, columns, row.data());
    for (std::size_t c = 0; c < columns; ++c)
      values[r * columns + (tensor.column_order.empty() ? c : tensor.column_order[c])] = row[c];
  }
  return values;
}

class FormatsFolders : public ::testing::TestWithParam<std::string> {};

TEST_P(FormatsFolders, WeightsAreThoseOfTheGoldenBitForBit) {
  const fs::path folder = goldens() / GetParam();
  const auto checkpoint = Checkpoint::open(folder);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto file = MappedFile::open(folder / "expected/expected.safetensors");
  ASSERT_TRUE(file) << file.error().message;
  const auto expected = parse_safetensors(file->bytes());
  ASSERT_TRUE(expected) << expected.error().message;
  EXPECT_EQ(checkpoint->tensors().size(), expected->size() + 1);  // nothing is left of the parts
  for (const Tensor& golden : *expected) {
    const Tensor* tensor = checkpoint->find(golden.name);
    ASSERT_NE(tensor, nullptr) << golden.name;
    EXPECT_EQ(tensor->shape, golden.shape);
    EXPECT_EQ(golden.name.starts_with("ordered"), !tensor->column_order.empty());
    for (int round = 0; round < 2; ++round) {  // a released tensor can be read again
      const auto values = floats(*checkpoint, *tensor);
      ASSERT_TRUE(values) << values.error().message;
      EXPECT_EQ(std::memcmp(values->data(), golden.bytes.data(), golden.bytes.size()), 0) << golden.name;
      checkpoint->release(*tensor);
    }
  }
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(goldens())) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}
std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Goldens, FormatsFolders, ::testing::ValuesIn(golden_names()), test_name);

// Only where weights have a scale a row, and activations are to have one a token.
TEST(FormatsW8A8, IsWhatTheConfigurationCallsSo) {
  const auto type = [](std::string_view folder, std::string_view layer) {
    return Checkpoint::open(goldens() / folder).value().find(fmt::format("{}.weight", layer))->dtype;
  };
  EXPECT_EQ(type("compressed-w8a8", "channel"), DType::kW8A8);
  EXPECT_EQ(type("compressed-w8a8", "tensor"), DType::kW8A8);
  EXPECT_EQ(type("compressed-w8a8", "group"), DType::kInt8);
  for (const char* layer : {"channel", "tensor", "group"})
    EXPECT_EQ(type("compressed-int8", layer), DType::kInt8);
}

TEST(FormatsW8A8, NeedsEveryGroupOfBytesToScaleItsTokens) {
  const std::string weights = R"("weights": {"num_bits": 8, "type": "int"})";
  const std::string tokens = R"("input_activations": {"dynamic": true, "strategy": "token"})";
  const auto scales = [](std::string_view groups) {
    const auto text =
        fmt::format(R"({{"quant_method": "compressed-tensors", "config_groups": {{{}}}}})", groups);
    return read_quant_scheme(json::parse(text).as_object(), "").value().scales_activation_rows;
  };
  const std::string group = fmt::format("{{{}, {}}}", weights, tokens);
  EXPECT_TRUE(scales(R"("a": )" + group));
  EXPECT_TRUE(scales(R"("a": {"weights": {"num_bits": 4, "type": "int"}}, "b": )" + group));
  EXPECT_FALSE(scales(fmt::format(R"("a": {}, "b": {{{}}})", group, weights)));
  for (const char* other :
       {R"("dynamic": false, "strategy": "token")", R"("dynamic": true, "strategy": "tensor")",
        R"("dynamic": true, "strategy": "token", "symmetric": false)",
        R"("dynamic": true, "strategy": "token", "num_bits": 4)",
        R"("dynamic": true, "strategy": "token", "type": "float")", R"("dynamic": true)"})
    EXPECT_FALSE(scales(fmt::format(R"("a": {{{}, "input_activations": {{{}}}}})", weights, other))) << other;
}

/// A tensor of a folder that a test makes up: its bytes are all `fill`, or `words` where there are any.
struct Part {
  std::string name, dtype;
  std::vector<std::size_t> shape;
  int fill = 0;
  std::vector<std::int32_t> words{};
};

std::size_t bytes_of(const Part& part) {
  std::size_t size = traits(dtype_from_name(part.dtype).value()).block_bytes;
  for (const std::size_t extent : part.shape) size *= extent;
  return size;
}

struct BadFolder {
  std::string name, config;
  std::vector<Part> parts;
  std::string message;
};

void PrintTo(const BadFolder& bad, std::ostream* out) {
  *out << bad.name;
}

class FormatsBadFolders : public ::testing::TestWithParam<BadFolder> {
 protected:
  FormatsBadFolders()
      : folder_(fs::path(::testing::TempDir()) / fmt::format("loci-{}-{}", ::getpid(), GetParam().name)) {
    fs::create_directories(folder_);
  }
  ~FormatsBadFolders() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  void write_parts(const std::vector<Part>& parts) {
    std::vector<testing::SafetensorsEntry> entries;
    for (const Part& part : parts) {
      std::vector<std::byte> bytes(bytes_of(part), static_cast<std::byte>(part.fill));
      if (!part.words.empty()) std::memcpy(bytes.data(), part.words.data(), bytes.size());
      entries.push_back({part.name, part.dtype, part.shape, std::move(bytes)});
    }
    testing::write_safetensors(folder_ / "model.safetensors", entries);
  }

  /// Opens the folder and reads all of it.
  std::string outcome() const {
    const auto checkpoint = Checkpoint::open(folder_);
    if (!checkpoint) return checkpoint.error().message;
    for (const auto& [name, tensor] : checkpoint->tensors()) {
      const auto values = floats(*checkpoint, tensor);
      if (!values) return values.error().message;
    }
    return "read";
  }

  fs::path folder_;
};

TEST_P(FormatsBadFolders, AreRefusedByName) {
  write("config.json", GetParam().config);
  write_parts(GetParam().parts);
  EXPECT_THAT(outcome(), HasSubstr(GetParam().message));
}

std::string config(std::string_view fields) {
  return fmt::format(R"({{"quantization_config": {{{}}}}})", fields);
}
const std::string kGptq = config(R"("quant_method": "gptq", "bits": 4, "group_size": 32)");
const std::string kAwq = config(R"("quant_method": "awq", "bits": 4, "group_size": 32)");
const std::string kFp8 = config(R"("quant_method": "fp8", "weight_block_size": [128, 128])");
const std::string kCompressed =
    config(R"("quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 8}}})");

/// A right GPTQ layer of 8 rows and 64 columns, with one part replaced.
std::vector<Part> gptq(const Part& other = {}) {
  std::vector<Part> parts{{"x.qweight", "I32", {8, 8}},
                          {"x.qzeros", "I32", {2, 1}},
                          {"x.scales", "F16", {2, 8}},
                          {"x.g_idx", "I32", {64}}};
  for (int c = 0; c < 64; ++c) parts[3].words.push_back(c / 32);
  for (Part& part : parts)
    if (part.name == other.name) part = other;
  return parts;
}
std::vector<Part> without(std::vector<Part> parts, std::string_view name) {
  std::erase_if(parts, [&](const Part& part) { return part.name == name; });
  return parts;
}
/// 64 groups: `first` for column 0, then c / 32 but for column 63, which is `last`.
Part index(std::int32_t first, std::int32_t last) {
  Part part = gptq()[3];
  part.words.front() = first;
  part.words.back() = last;
  return part;
}

std::vector<BadFolder> bad_schemes() {
  const auto scheme = [](std::string name, std::string_view fields, std::string message) {
    return BadFolder{
        std::move(name), config(fields), {}, "config.json: field 'quantization_config." + message};
  };
  return {
      {"NotAnObject", R"({"quantization_config": 3})", {}, "field 'quantization_config': not an object"},
      scheme("NoMethod", R"("bits": 4)", "quant_method': '' is not supported"),
      scheme("Method", R"("quant_method": "bitsandbytes")", "quant_method': 'bitsandbytes' is not supported"),
      scheme("MethodType", R"("quant_method": 4)", "quant_method': '4' is not supported"),
      scheme("Bits", R"("quant_method": "gptq", "bits": 3, "group_size": 32)",
             "bits': 3 is not supported (4 is)"),
      scheme("BitsMissing", R"("quant_method": "awq")", "bits': missing or not an integer"),
      scheme("Group", R"("quant_method": "gptq", "bits": 4, "group_size": 16)",
             "group_size': 16 is not supported"),
      scheme("GroupZero", R"("quant_method": "awq", "bits": 4, "group_size": 0)", "group_size': 0 is not"),
      scheme("GroupHuge", R"("quant_method": "awq", "bits": 4, "group_size": 4611686018427387904)",
             "group_size': 4611686018427387904 is not"),
      scheme("Marlin",
             R"("quant_method": "gptq", "bits": 4, "group_size": 32, "checkpoint_format": "marlin")",
             "checkpoint_format': '\"marlin\"' is not supported"),
      scheme("AwqVersion", R"("quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemv")",
             "version': '\"gemv\"' is not supported"),
      scheme("Fp8Format", R"("quant_method": "fp8", "fmt": "e5m2")", "fmt': '\"e5m2\"' is not supported"),
      scheme("Fp8Block", R"("quant_method": "fp8", "weight_block_size": [128])",
             "weight_block_size': not an array of two sizes"),
      scheme("Fp8BlockSize", R"("quant_method": "fp8", "weight_block_size": [128, 48])",
             "weight_block_size': 128x48 is not supported"),
      scheme("CompressedFormat", R"("quant_method": "compressed-tensors", "format": "marlin-24")",
             "format': '\"marlin-24\"' is not supported"),
      scheme("CompressedGroups", R"("quant_method": "compressed-tensors")", "config_groups': missing"),
      scheme("CompressedBits",
             R"("quant_method": "compressed-tensors", "config_groups": {"a": {"weights": {"num_bits": 2}}})",
             "config_groups.weights.num_bits': '2' is not supported"),
  };
}

std::vector<BadFolder> bad_parts() {
  return {
      {"NoScales", kGptq, without(gptq(), "x.scales"), "tensor 'x.scales': missing"},
      {"NoZeros", kGptq, without(gptq(), "x.qzeros"), "tensor 'x.qzeros': missing"},
      {"CodesType", kGptq, gptq({"x.qweight", "F32", {8, 8}}), "tensor 'x.qweight': has type F32, not I32"},
      {"CodesVector", kGptq, gptq({"x.qweight", "I32", {64}}), "tensor 'x.qweight': has 1 dimensions, not 2"},
      {"CodesEmpty", kGptq, gptq({"x.qweight", "I32", {8, 0}}), "a weight of 0 rows of 64 columns"},
      {"Columns", kGptq, gptq({"x.qweight", "I32", {3, 8}}), "a weight of 8 rows of 24 columns"},
      {"Rows", kGptq, gptq({"x.qweight", "I32", {8, 9}}), "9 rows do not fill words"},
      {"ScalesShape", kGptq, gptq({"x.scales", "F16", {3, 8}}),
       "tensor 'x.scales': has shape [3, 8], not [2, 8]"},
      {"ScalesType", kGptq, gptq({"x.scales", "I32", {2, 8}}), "type I32 for scales is not supported"},
      {"ZerosShape", kGptq, gptq({"x.qzeros", "I32", {2, 8}}), "has shape [2, 8], not [2, 1]"},
      {"IndexShape", kGptq, gptq({"x.g_idx", "I32", {63}}), "has shape [63], not [64]"},
      {"IndexHigh", kGptq, gptq(index(0, 2)), "tensor 'x.g_idx': element 63 is 2, but there are 2 groups"},
      {"IndexNegative", kGptq, gptq(index(-1, 1)), "element 0 is -1, but there are 2 groups"},
      {"IndexUneven", kGptq, gptq(index(1, 1)), "group 0 has a number of columns that is not a multiple"},
      {"AwqShape",
       kAwq,
       {{"x.qweight", "I32", {64, 1}}, {"x.qzeros", "I32", {2, 1}}, {"x.scales", "F16", {1, 8}}},
       "has shape [1, 8], not [2, 8]"},
      {"Fp8NoScale", kFp8, {{"x.weight", "F8_E4M3", {8, 64}}}, "tensor 'x.weight_scale': missing"},
      {"Fp8Grid",
       kFp8,
       {{"x.weight", "F8_E4M3", {130, 64}}, {"x.weight_scale_inv", "F32", {1, 1, 1}}},
       "shape [1, 1, 1] is no grid of scales over a weight of [130, 64]"},
      {"Fp8Nan",
       kFp8,
       {{"x.weight", "F8_E4M3", {8, 64}, 0xFF}, {"x.weight_scale", "F32", {1}}},
       "tensor 'x.weight': holds a value that is not a number"},
      {"Int8Grid",
       kCompressed,
       {{"x.weight", "I8", {8, 64}}, {"x.weight_scale", "F32", {8, 3}}},
       "shape [8, 3] is no grid of scales"},
      {"Int8GridEmpty",
       kCompressed,
       {{"x.weight", "I8", {8, 64}}, {"x.weight_scale", "F32", {8, 0}}},
       "shape [8, 0] is no grid of scales"},
      {"Int8Zeros",
       kCompressed,
       {{"x.weight", "I8", {8, 64}},
        {"x.weight_scale", "F32", {8, 1}},
        {"x.weight_zero_point", "I8", {8, 1}}},
       "tensor 'x.weight_zero_point': zero points of 8-bit weights are not supported"},
      {"Twice",
       kCompressed,
       {{"x.weight", "F32", {8, 64}}, {"x.weight_packed", "I32", {8, 8}}, {"x.weight_scale", "F32", {8, 1}}},
       "tensor 'x.weight': is there as 'x.weight_packed' too"},
  };
}

const auto kBadName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Schemes, FormatsBadFolders, ::testing::ValuesIn(bad_schemes()), kBadName);
INSTANTIATE_TEST_SUITE_P(Parts, FormatsBadFolders, ::testing::ValuesIn(bad_parts()), kBadName);

}  // namespace
}  // namespace loci
