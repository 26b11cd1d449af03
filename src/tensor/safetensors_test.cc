#include "tensor/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tensor/raw_bytes_for_test.h"

namespace loci {
namespace {

using testing::HasSubstr;

Bytes file_of(std::string_view header, std::size_t buffer_bytes) {
  return RawBytes().string(header).text(std::string(buffer_bytes, 'd')).bytes();
}

bool accepts(std::span<const std::byte> bytes) {
  const auto tensors = parse_safetensors(bytes);
  unsigned sum = 0;
  if (tensors)
    for (const Tensor& tensor : *tensors)
      for (const std::byte b : tensor.bytes) sum += std::to_integer<unsigned>(b);
  return tensors.has_value() && sum != 0xFFFFFFFF;
}

constexpr std::string_view kValid =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[3],"data_offsets":[24,30]},)"
    R"("a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"z":{"dtype":"BF16","shape":[0,4],"data_offsets":[30,30]}}  )";

TEST(Safetensors, ReadsTensorsInFileOrder) {
  const Bytes file = file_of(kValid, 30);
  const auto tensors = parse_safetensors(file);
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 3u);
  EXPECT_EQ((*tensors)[0].name, "a");
  EXPECT_EQ((*tensors)[0].shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ((*tensors)[0].bytes.data(), file.data() + 8 + kValid.size());
  EXPECT_EQ((*tensors)[1].name, "b");
  EXPECT_EQ((*tensors)[1].dtype, DType::kF16);
  EXPECT_EQ((*tensors)[2].rows(), 0u);
}

TEST(Safetensors, EveryTruncationIsRefused) {
  expect_cuts_refused(file_of(kValid, 30), 8 + kValid.size() + 30, accepts);
}

TEST(Safetensors, SurvivesCorruption) {
  survive_corruption(file_of(kValid, 30), 4000, accepts);
}

struct BadFile {
  std::string name;
  Bytes bytes;
  std::string message;
  ErrorCode code = ErrorCode::kCorrupt;
};

/// A file of one tensor 'x' whose entry is `entry`, over a buffer of 8 bytes.
Bytes entry(std::string_view text) {
  return file_of(fmt::format(R"({{"x":{}}})", text), 8);
}

std::vector<BadFile> bad_headers() {
  return {
      {"HeaderLength", RawBytes().put(std::uint64_t{99'999'999}).text("{}").bytes(),
       "safetensors 'header': 99999999 bytes wanted"},
      {"HeaderHuge", RawBytes().put(~std::uint64_t{0}).text("{}").bytes(), "at most 100000000 are legal"},
      {"HeaderJson", file_of("{\"x\":", 0), "safetensors 'header': invalid JSON"},
      {"HeaderArray", file_of("[]", 0), "safetensors 'header': not a JSON object"},
      {"HeaderDeep", file_of(std::string(100, '['), 0), "safetensors 'header': invalid JSON"},
      {"Entry", entry("7"), "tensor 'x': not a JSON object"},
      {"DtypeMissing", entry(R"({"shape":[2],"data_offsets":[0,8]})"), "tensor 'x': 'dtype' is not a string"},
      {"Dtype", entry(R"({"dtype":"U32","shape":[2],"data_offsets":[0,8]})"),
       "tensor 'x': dtype 'U32' is not supported", ErrorCode::kUnsupported},
      {"ShapeMissing", entry(R"({"dtype":"F32","data_offsets":[0,8]})"),
       "tensor 'x': 'shape' is not an array"},
      {"ShapeNegative", entry(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"),
       "'shape' holds something that is not a size"},
      {"ShapeFraction", entry(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"),
       "'shape' holds something"},
      {"ShapeOverflow", entry(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
       "elements overflows"},
      {"BytesOverflow", entry(R"({"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,8]})"),
       "bytes overflows"},
      {"OffsetsMissing", entry(R"({"dtype":"F32","shape":[2]})"), "'data_offsets' is not an array"},
      {"OffsetsThree", entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})"),
       "'data_offsets' has 3 elements"},
      {"OffsetsBackwards", entry(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"),
       "'data_offsets' 8 to 0 do not lie"},
      {"OffsetsPastEnd", entry(R"({"dtype":"F32","shape":[3],"data_offsets":[0,12]})"),
       "in the buffer of 8 bytes"},
      {"SizeMismatch", entry(R"({"dtype":"F16","shape":[2],"data_offsets":[0,8]})"),
       "type and shape take 4 bytes"},
      {"GapBefore", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})"),
       "tensor 'x': begins at byte 4"},
      {"GapAfter", entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})"),
       "end at byte 4 of the buffer, the file at 8"},
      {"Overlap",
       file_of(
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
           12),
       "tensor 'b': begins at byte 4 of the buffer, where the tensor before it reaches up to 8"},
  };
}

class BadSafetensors : public testing::TestWithParam<BadFile> {};

TEST_P(BadSafetensors, IsRefusedByName) {
  const auto tensors = parse_safetensors(GetParam().bytes);
  ASSERT_FALSE(tensors);
  EXPECT_THAT(tensors.error().message, HasSubstr(GetParam().message));
  EXPECT_EQ(tensors.error().code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(Header, BadSafetensors, testing::ValuesIn(bad_headers()),
                         [](const auto& bad) { return bad.param.name; });

}  // namespace
}  // namespace loci
