#include "tensor/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>

#include "tensor/gguf_types.h"
#include "tensor/gguf_writer.h"
#include "tensor/raw_bytes_for_test.h"

namespace loci {
namespace {

using testing::HasSubstr;

GgufWriter::Fill counting_bytes() {
  return [](std::span<std::byte> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(i * 7);
  };
}

/// Parses and reads every byte that the result points at, so that a sanitizer sees a bad window.
bool accepts(std::span<const std::byte> bytes) {
  const auto file = parse_gguf(bytes);
  if (!file) {
    EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
    return false;
  }
  unsigned sum = 0;
  for (const Tensor& tensor : file->tensors)
    for (const std::byte b : tensor.bytes) sum += std::to_integer<unsigned>(b);
  for (const auto& [key, value] : file->metadata.values()) sum += static_cast<unsigned>(key.size());
  return sum != 0xFFFFFFFF;
}

Bytes small_file() {
  GgufWriter writer;
  writer.set("general.architecture", "llama");
  writer.set("llama.block_count", GgufValue(std::int64_t{2}));
  writer.set("tokens", GgufValue(std::vector<std::string_view>{"a", "", "bcd"}));
  writer.set("scores", GgufValue(std::vector<double>{0.5, -1.25}));
  EXPECT_TRUE(writer.add("one", DType::kF32, {2, 3}, counting_bytes()));
  EXPECT_TRUE(writer.add("two", DType::kQ8_0, {1, 32}, counting_bytes()));
  return writer.image();
}

TEST(Gguf, RoundTrip) {
  GgufWriter writer(64);
  writer.set("general.architecture", "wrong");
  writer.set("text", "h\xc3\xa9llo");
  writer.set("yes", GgufValue(true));
  const std::vector<std::int64_t> integers{0,
                                           -1,
                                           std::numeric_limits<std::int32_t>::min(),
                                           std::numeric_limits<std::uint32_t>::max(),
                                           std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::int64_t>::min()};
  for (std::size_t i = 0; i < integers.size(); ++i)
    writer.set(fmt::format("int{}", i), GgufValue(integers[i]));
  writer.set("small", GgufValue(0.5));
  writer.set("precise", GgufValue(0.1));
  writer.set("integers", GgufValue(integers));
  writer.set("bools", GgufValue(std::vector<bool>{true, false, true}));
  writer.set("precise_array", GgufValue(std::vector<double>{0.1, 1e300}));
  writer.set("strings", GgufValue(std::vector<std::string_view>{"x", "", "yz"}));
  writer.set("empty", GgufValue(std::vector<std::string_view>{}));
  writer.set("general.architecture", "llama");
  ASSERT_TRUE(writer.add("matrix", DType::kF16, {3, 5}, counting_bytes()));
  ASSERT_TRUE(writer.add("blocks", DType::kQ4_0, {2, 2, 64}, counting_bytes()));
  ASSERT_TRUE(writer.add("scalar", DType::kF32, {}, counting_bytes()));
  const Bytes image = writer.image();
  const auto file = parse_gguf(image);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version, 3);
  EXPECT_EQ(file->alignment, 64u);
  const GgufMetadata& metadata = file->metadata;
  EXPECT_EQ(metadata.get<std::string_view>("general.architecture"), "llama");
  EXPECT_EQ(metadata.get<std::string_view>("text"), "h\xc3\xa9llo");
  EXPECT_EQ(metadata.get<bool>("yes"), true);
  for (std::size_t i = 0; i < integers.size(); ++i)
    EXPECT_EQ(metadata.get<std::int64_t>(fmt::format("int{}", i)), integers[i]);
  EXPECT_EQ(metadata.get<double>("small"), 0.5);
  EXPECT_EQ(metadata.get<double>("precise"), 0.1);
  EXPECT_EQ(*metadata.array<std::int64_t>("integers"), integers);
  EXPECT_EQ(*metadata.array<bool>("bools"), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(*metadata.array<double>("precise_array"), (std::vector<double>{0.1, 1e300}));
  EXPECT_EQ(*metadata.array<std::string_view>("strings"), (std::vector<std::string_view>{"x", "", "yz"}));
  EXPECT_TRUE(metadata.array<std::string_view>("empty")->empty());
  ASSERT_EQ(file->tensors.size(), 3u);
  EXPECT_EQ(file->tensors[0].shape, (std::vector<std::size_t>{3, 5}));
  EXPECT_EQ(file->tensors[0].bytes.size(), 30u);
  EXPECT_EQ(file->tensors[1].dtype, DType::kQ4_0);
  EXPECT_EQ(file->tensors[1].rows(), 4u);
  EXPECT_EQ(file->tensors[1].bytes.size(), 4u * 36);
  EXPECT_EQ(file->tensors[1].bytes[143], static_cast<std::byte>(143 * 7));
  EXPECT_EQ(file->tensors[2].elements(), 1u);
}

TEST(Gguf, AccessorsTellMissingFromMistyped) {
  const Bytes image = small_file();
  const auto file = parse_gguf(image);
  ASSERT_TRUE(file);
  const GgufMetadata& metadata = file->metadata;
  EXPECT_TRUE(metadata.contains("tokens"));
  EXPECT_EQ(metadata.get<double>("llama.block_count"), 2.0);
  EXPECT_EQ(metadata.get_or<std::int64_t>("absent", 7), 7);
  EXPECT_EQ(metadata.get<std::int64_t>("absent").error().message, "metadata key 'absent': is missing");
  const auto mistyped = metadata.get_or<std::int64_t>("general.architecture", 7);
  ASSERT_FALSE(mistyped);
  EXPECT_EQ(mistyped.error().message, "metadata key 'general.architecture': is a string, not an integer");
  EXPECT_EQ(mistyped.error().field, "general.architecture");
  EXPECT_EQ(metadata.array<double>("tokens"), nullptr);
  EXPECT_EQ(metadata.get<std::vector<double>>("scores"), (std::vector<double>{0.5, -1.25}));
}

TEST(Gguf, EveryStoredTypeIsRead) {
  RawBytes raw;
  raw.text("GGUF").put(2u).put(std::uint64_t{0}).put(std::uint64_t{12});
  raw.string("u8").put(GgufType::kUint8).put(std::uint8_t{200});
  raw.string("i8").put(GgufType::kInt8).put(std::int8_t{-100});
  raw.string("u16").put(GgufType::kUint16).put(std::uint16_t{60000});
  raw.string("i16").put(GgufType::kInt16).put(std::int16_t{-30000});
  raw.string("u32").put(GgufType::kUint32).put(4000000000u);
  raw.string("i32").put(GgufType::kInt32).put(-2000000000);
  raw.string("u64").put(GgufType::kUint64).put(std::uint64_t{1} << 62);
  raw.string("i64").put(GgufType::kInt64).put(-(std::int64_t{1} << 62));
  raw.string("f32").put(GgufType::kFloat32).put(0.1f);
  raw.string("f64").put(GgufType::kFloat64).put(0.1);
  raw.string("b").put(GgufType::kBool).put(std::uint8_t{1});
  raw.string("a").put(GgufType::kArray).put(GgufType::kUint16).put(std::uint64_t{2});
  raw.put(std::uint16_t{1}).put(std::uint16_t{65535});
  const auto file = parse_gguf(raw.bytes());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version, 2);
  const auto integer = [&](std::string_view key) { return file->metadata.get<std::int64_t>(key).value(); };
  EXPECT_EQ(integer("u8"), 200);
  EXPECT_EQ(integer("i8"), -100);
  EXPECT_EQ(integer("u16"), 60000);
  EXPECT_EQ(integer("i16"), -30000);
  EXPECT_EQ(integer("u32"), 4000000000);
  EXPECT_EQ(integer("i32"), -2000000000);
  EXPECT_EQ(integer("u64"), std::int64_t{1} << 62);
  EXPECT_EQ(integer("i64"), -(std::int64_t{1} << 62));
  EXPECT_EQ(file->metadata.get<double>("f32"), static_cast<double>(0.1f));
  EXPECT_EQ(file->metadata.get<double>("f64"), 0.1);
  EXPECT_EQ(file->metadata.get<bool>("b"), true);
  EXPECT_EQ(*file->metadata.array<std::int64_t>("a"), (std::vector<std::int64_t>{1, 65535}));
}

// A file of one metadata value or of one or two tensors, each field of which a test may set.

Bytes with_value(const std::function<void(RawBytes&)>& value, std::string_view key = "k") {
  RawBytes raw;
  raw.text("GGUF").put(3u).put(std::uint64_t{0}).put(std::uint64_t{1}).string(key);
  value(raw);
  return raw.align(32).bytes();
}

struct RawTensor {
  std::string name = "x";
  std::vector<std::uint64_t> extents{8};  // innermost first
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
};

Bytes with_tensors(const std::vector<RawTensor>& tensors, std::size_t data_bytes) {
  RawBytes raw;
  raw.text("GGUF").put(3u).put(std::uint64_t{tensors.size()}).put(std::uint64_t{0});
  for (const RawTensor& tensor : tensors) {
    raw.string(tensor.name).put(static_cast<std::uint32_t>(tensor.extents.size()));
    for (const std::uint64_t extent : tensor.extents) raw.put(extent);
    raw.put(tensor.type).put(tensor.offset);
  }
  return raw.align(32).text(std::string(data_bytes, 'd')).bytes();
}

struct BadFile {
  std::string name;
  Bytes bytes;
  std::string message;  // a part of it
  std::string field;
  ErrorCode code = ErrorCode::kCorrupt;
};

std::vector<BadFile> bad_headers() {
  const auto header = [](std::string_view magic, std::uint32_t version, std::uint64_t tensors,
                         std::uint64_t keys) {
    return RawBytes().text(magic).put(version).put(tensors).put(keys).bytes();
  };
  constexpr auto kUnsupported = ErrorCode::kUnsupported;
  return {
      {"Magic", header("GGML", 3, 0, 0), "not a GGUF file: it starts with 'GGML'", ""},
      {"Version1", header("GGUF", 1, 0, 0), "GGUF version 1 is not supported", "", kUnsupported},
      {"Version4", header("GGUF", 4, 0, 0), "GGUF version 4 is not supported", "", kUnsupported},
      {"BigEndian", header("GGUF", 0x03000000, 0, 0), "big-endian GGUF", "", kUnsupported},
      {"TensorCount", header("GGUF", 3, std::uint64_t{1} << 63, 0),
       "header field 'tensor_count': 9223372036854775808", "tensor_count"},
      {"KeyCount", header("GGUF", 3, 0, ~std::uint64_t{0}), "header field 'metadata_kv_count'",
       "metadata_kv_count"},
  };
}

std::vector<BadFile> bad_metadata() {
  const auto scalar = [](GgufType type, auto value) {
    return with_value([=](RawBytes& raw) { raw.put(type).put(value); });
  };
  const auto array = [](GgufType element, std::uint64_t count) {
    return with_value([=](RawBytes& raw) { raw.put(GgufType::kArray).put(element).put(count); });
  };
  const auto alignment = [](auto type, auto value) {
    return with_value([=](RawBytes& raw) { raw.put(type).put(value); }, "general.alignment");
  };
  RawBytes twice;
  twice.text("GGUF").put(3u).put(std::uint64_t{0}).put(std::uint64_t{2});
  twice.string("same").put(GgufType::kUint32).put(1u).string("same").put(GgufType::kUint32).put(1u);
  return {
      {"EmptyKey", with_value([](RawBytes& raw) { raw.put(GgufType::kUint8).put('x'); }, ""),
       "metadata key #0: its name has 0 bytes", ""},
      {"KeyTwice", twice.bytes(), "metadata key 'same': appears twice", "same"},
      {"ValueType", scalar(GgufType{13}, 0), "metadata key 'k': value type 13 does not exist", "k"},
      {"ElementType", array(GgufType{99}, 0), "metadata key 'k': array element type 99 does not exist", "k"},
      {"NestedArray", array(GgufType::kArray, 1), "metadata key 'k': an array of arrays", "k",
       ErrorCode::kUnsupported},
      {"ArrayCount", array(GgufType::kString, std::uint64_t{1} << 61),
       "metadata key 'k': 2305843009213693952 entries", "k"},
      {"Bool", scalar(GgufType::kBool, std::uint8_t{2}), "metadata key 'k': the byte 2 is not a bool", "k"},
      {"BigInteger", scalar(GgufType::kUint64, ~std::uint64_t{0}),
       "metadata key 'k': the value 18446744073709551615", "k", ErrorCode::kUnsupported},
      {"StringLength", scalar(GgufType::kString, std::uint64_t{1} << 63),
       "metadata key 'k': 9223372036854775808 bytes wanted", "k"},
      {"AlignmentZero", alignment(GgufType::kUint32, 0u), "'general.alignment': 0 is not a power of two",
       "general.alignment"},
      {"AlignmentOdd", alignment(GgufType::kUint32, 24u), "'general.alignment': 24 is not",
       "general.alignment"},
      {"AlignmentType", alignment(GgufType::kFloat32, 32.0f),
       "'general.alignment': is a number, not an integer", "general.alignment"},
  };
}

std::vector<BadFile> bad_tensors() {
  const auto one = [](RawTensor tensor, std::size_t data = 32) {
    return with_tensors({std::move(tensor)}, data);
  };
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62;
  constexpr auto kUnsupported = ErrorCode::kUnsupported;
  return {
      {"NameTwice", with_tensors({{}, {.offset = 32}}, 64), "tensor 'x': appears twice", "x"},
      {"Dimensions", one({.extents = {1, 1, 1, 1, 1}}), "tensor 'x': 5 dimensions", "x"},
      {"ZeroExtent", one({.extents = {8, 0}}), "tensor 'x': dimension 1 is 0", "x"},
      {"Type", one({.type = 15}), "tensor 'x': type Q8_K is not supported", "x", kUnsupported},
      {"TypeTernary", one({.type = 34}), "tensor 'x': type TQ1_0 is not supported", "x", kUnsupported},
      {"RowOfNoBlocks", one({.extents = {128, 2}, .type = 12}),
       "tensor 'x': a row of 128 elements is not a multiple of Q4_K's block of 256", "x"},
      {"TypeUnknown", one({.type = 4000000000u}), "tensor 'x': type 4000000000 does not exist", "x",
       kUnsupported},
      {"Misaligned", one({.extents = {1}, .offset = 8}),
       "tensor 'x': offset 8 is not a multiple of the alignment 32", "x"},
      {"PastEnd", one({.extents = {9}}),
       "tensor 'x': 36 bytes at offset 0 do not lie in the data section of 32 bytes", "x"},
      {"OffsetPastEnd", one({.offset = 64}), "tensor 'x': 32 bytes at offset 64", "x"},
      {"OffsetHuge", one({.offset = ~std::uint64_t{31}}),
       "tensor 'x': 32 bytes at offset 18446744073709551584", "x"},
      {"NoData", one({}, 0), "data section of 0 bytes", "x"},
      {"Elements", one({.extents = {kHuge, 4}}), "tensor 'x': the number of elements overflows", "x"},
      {"Bytes", one({.extents = {kHuge, 2}}), "tensor 'x': the number of bytes overflows", "x"},
      {"Block", one({.extents = {33}, .type = 8}, 64),
       "tensor 'x': a row of 33 elements is not a multiple of Q8_0's block of 32", "x"},
      {"Overlap", with_tensors({{.name = "a", .extents = {16}}, {.name = "b", .offset = 32}}, 64),
       "tensor 'b': overlaps tensor 'a'", "b"},
      {"OddName", one({.name = "a\nb\xff", .type = 15}), "tensor 'a\\x0ab\\xff': type Q8_K", "a\nb\xff",
       kUnsupported},
  };
}

class BadGguf : public testing::TestWithParam<BadFile> {};

TEST_P(BadGguf, IsRefusedByName) {
  const auto file = parse_gguf(GetParam().bytes);
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr(GetParam().message));
  EXPECT_EQ(file.error().field, GetParam().field);
  EXPECT_EQ(file.error().code, GetParam().code);
}

const auto kCaseName = [](const auto& bad) { return bad.param.name; };
INSTANTIATE_TEST_SUITE_P(Header, BadGguf, testing::ValuesIn(bad_headers()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Metadata, BadGguf, testing::ValuesIn(bad_metadata()), kCaseName);
INSTANTIATE_TEST_SUITE_P(Tensors, BadGguf, testing::ValuesIn(bad_tensors()), kCaseName);

TEST(Gguf, TheSameFilesWithoutTheFaultAreAccepted) {
  EXPECT_TRUE(accepts(with_tensors({{}}, 32)));
  EXPECT_TRUE(accepts(with_tensors({{.name = "a", .extents = {16}}, {.name = "b", .offset = 64}}, 96)));
  EXPECT_TRUE(accepts(with_tensors({{.name = "b", .offset = 64}, {.name = "a", .extents = {16}}}, 96)));
  EXPECT_TRUE(
      accepts(with_value([](RawBytes& raw) { raw.put(GgufType::kUint32).put(64u); }, "general.alignment")));
}

TEST(Gguf, EveryTruncationIsRefused) {
  const Bytes whole = small_file();
  const auto file = parse_gguf(whole);
  ASSERT_TRUE(file);
  const auto last = file->tensors.back().bytes;
  expect_cuts_refused(whole, static_cast<std::size_t>(last.data() + last.size() - whole.data()), accepts);
}

TEST(Gguf, SurvivesCorruption) {
  survive_corruption(small_file(), 4000, accepts);
}

TEST(GgufWriter, RefusesWhatTheFormatCannotHold) {
  GgufWriter writer;
  EXPECT_TRUE(writer.add("a", DType::kF32, {1}, counting_bytes()));
  EXPECT_FALSE(writer.add("a", DType::kF32, {1}, counting_bytes()));
  EXPECT_FALSE(writer.add("b", DType::kF32, {1, 0}, counting_bytes()));
  EXPECT_FALSE(writer.add("b", DType::kF32, {1, 1, 1, 1, 1}, counting_bytes()));
  EXPECT_FALSE(writer.add("b", DType::kQ4_0, {31}, counting_bytes()));
  EXPECT_FALSE(writer.write("no/such/folder/file.gguf"));
}

}  // namespace
}  // namespace loci
