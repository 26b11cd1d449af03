#include "base/named_table.h"

#include <array>
#include <gtest/gtest.h>

namespace loci {
namespace {

struct Fruit {
  std::string_view name;
  int weight;
};
constexpr std::array kFruits{Fruit{"apple", 150}, Fruit{"fig", 40}};
constexpr std::span<const Fruit> kTable = kFruits;

TEST(NamedTable, FindsByTheWholeName) {
  EXPECT_EQ((*find_named("fruit", kTable, "fig"))->weight, 40);
  EXPECT_EQ(names_of(kTable), "apple, fig");
  EXPECT_EQ(names_of(std::span<const Fruit>{}), "");
}

TEST(NamedTable, SaysWhatThereIs) {
  for (const char* name : {"", "Fig", "figs", "pear"}) {
    const auto found = find_named("fruit", kTable, name);
    ASSERT_FALSE(found.has_value()) << name;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(found.error().message, "fruit '" + std::string(name) + "' is none of: apple, fig");
  }
}

}  // namespace
}  // namespace loci
