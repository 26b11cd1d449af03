#include "base/json.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

TEST(Json, ParsesAndFindsFields) {
  const auto value = parse_json(R"( {"a": 1, "b": null} )");
  ASSERT_TRUE(value.has_value());
  EXPECT_NE(find_field(value->as_object(), "a"), nullptr);
  EXPECT_EQ(find_field(value->as_object(), "b"), nullptr) << "null counts as absent";
  EXPECT_EQ(find_field(value->as_object(), "c"), nullptr);
}

TEST(Json, RefusesWhatIsNotOneValue) {
  for (const char* text : {"", "  ", "{", "[1,]", "{} {}", "{}x", "\"\xff\"", "nul", "1 2"})
    EXPECT_FALSE(parse_json(text).has_value()) << text;
}

TEST(Json, DepthIsBounded) {
  EXPECT_TRUE(parse_json(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')).has_value());
  const auto deep = parse_json(std::string(100000, '['));
  ASSERT_FALSE(deep.has_value());
  EXPECT_EQ(deep.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace loci
