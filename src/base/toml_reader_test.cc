#include "base/toml_reader.h"

#include <gmock/gmock.h>

namespace loci {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kKinds[] = {"cat", "dog"};

TomlFile parsed(std::string_view text) {
  auto file = parse_toml(text, "zoo.toml");
  if (!file) throw std::runtime_error(file.error().message);
  return std::move(*file);
}

std::string message(const Result<>& result) {
  return result ? "" : result.error().message;
}

/// What a reader that wants an animal says about a text.
std::string read_animal(std::string_view text) {
  const auto file = parse_toml(text, "zoo.toml");
  if (!file) return file.error().message;
  TomlReader in(*file);
  in.text("name");
  in.integer("legs", {0, 8});
  in.number("weight", {0, 1e4}, 1);
  in.choice("kind", kKinds, 0);
  in.flag("wild", false);
  in.texts("nicknames");
  if (auto home = in.optional_table("home")) home->number("area");
  for (TomlReader child : in.tables("child")) child.text("name");
  return message(in.finish());
}

TEST(TomlReader, ReadsWhatIsThere) {
  const TomlFile file = parsed(R"(
name = "Rex"
legs = 4
weight = 30
kind = "dog"
nicknames = ["R", "X"]
sizes = [1, 2.5]
[home]
area = 1.5
[[child]]
name = "Fix"
)");
  TomlReader in(file);
  EXPECT_EQ(in.text("name"), "Rex");
  EXPECT_EQ(in.integer("legs", {0, 8}), 4);
  EXPECT_EQ(in.number("weight"), 30) << "an integer is a number";
  EXPECT_EQ(in.choice("kind", kKinds), 1U);
  EXPECT_EQ(in.flag("wild", true), true);
  EXPECT_EQ(in.integer("age", {0, 99}, 7), 7);
  EXPECT_THAT(in.texts("nicknames"), ::testing::ElementsAre("R", "X"));
  EXPECT_THAT(in.numbers("sizes"), ::testing::ElementsAre(1, 2.5));
  EXPECT_THAT(in.texts("friends"), ::testing::IsEmpty());
  EXPECT_EQ(in.table("home").number("area"), 1.5);
  auto children = in.tables("child");
  ASSERT_EQ(children.size(), 1U);
  EXPECT_EQ(children[0].text("name"), "Fix");
  EXPECT_FALSE(in.optional_table("owner").has_value());
  EXPECT_EQ(message(in.finish()), "");
}

TEST(TomlReader, ErrorsNameFileLineAndKey) {
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\n"), "");
  EXPECT_EQ(read_animal("legs = 4\n"), "zoo.toml:1: name: missing");
  EXPECT_EQ(read_animal("name = \"\"\nlegs = 4\n"), "zoo.toml:1: name: must not be empty");
  EXPECT_EQ(read_animal("name = 1\nlegs = 4\n"), "zoo.toml:1: name: must be text, not an integer");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = -1\n"), "zoo.toml:2: legs: must be from 0 to 8, not -1");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4.0\n"), "zoo.toml:2: legs: must be an integer, not a number");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\n\nlegz = 4\n"), "zoo.toml:4: legz: unknown key");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\nkind = \"cow\""),
            "zoo.toml:3: kind: 'cow' is none of: cat, dog");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\nweight = nan"),
            "zoo.toml:3: weight: must be from 0 to 10000, not nan");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\nwild = 1"),
            "zoo.toml:3: wild: must be true or false, not an integer");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\nhome = 3"),
            "zoo.toml:3: home: must be a table, not an integer");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\n[home]\narea = inf"),
            "zoo.toml:4: home.area: must be a finite number, not inf");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\n[home]\n"), "zoo.toml:3: home.area: missing");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\n[home]\narea = 1\n[home.x]\ny = 1\n"),
            "zoo.toml:5: home.x: unknown key");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\nchild = [1]"),
            "zoo.toml:3: child[0]: must be a table, not an integer");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\n[[child]]\nname = \"b\"\n[[child]]\nname = \"c\"\nage = 1"),
            "zoo.toml:7: child[1].age: unknown key");
  EXPECT_EQ(read_animal("name = \"a\"\nlegs = 4\nnicknames = [\"x\", 2]"),
            "zoo.toml:3: nicknames: must be text, not an integer");
}

TEST(TomlReader, SyntaxAndDatesAreRefused) {
  EXPECT_THAT(read_animal("name = \"a\"\nlegs = \n"), HasSubstr("zoo.toml:2: "));
  EXPECT_THAT(read_animal("name = \"a\"\nname = \"b\"\n"), HasSubstr("zoo.toml:2: "));
  EXPECT_EQ(read_animal("name = \"a\"\nborn = 2020-01-01"), "zoo.toml:2: dates and times mean nothing here");
  EXPECT_THAT(read_animal("x = " + std::string(5000, '[')), HasSubstr("zoo.toml:1: ")) << "depth is bounded";
  EXPECT_THAT(read_animal("x = \"\xff\xfe\""), HasSubstr("zoo.toml:1: "));
}

TEST(TomlReader, FirstErrorSticksAndValuesStayInRange) {
  const TomlFile file = parsed("a = 900\nb = \"x\"\n");
  TomlReader in(file);
  EXPECT_EQ(in.integer("a", {1, 10}), 10);
  EXPECT_EQ(in.integer("b", {1, 10}), 1);
  EXPECT_EQ(in.integer("c", {2, 10}), 2);
  EXPECT_FALSE(in.ok());
  EXPECT_THAT(message(in.finish()), HasSubstr("zoo.toml:1: a:"));
}

TEST(TomlReader, OwnErrorsAndRawValues) {
  const TomlFile file = parsed("a = 1\n[free]\nx = 1\ny = [1, {z = 2}]\n");
  TomlReader in(file);
  in.integer("a");
  ASSERT_NE(in.raw("free"), nullptr);
  EXPECT_EQ(message(in.finish()), "") << "all of what was taken raw is known";
  in.refuse("a", "must be even");
  EXPECT_EQ(message(in.finish()), "zoo.toml:1: a: must be even");
}

TEST(TomlFile, MergesEntryByEntry) {
  TomlFile file = parsed("a = 1\n[t]\nx = 1\ny = 2\n");
  const TomlFile other = parsed("\n\nb = 3\n[t]\ny = 4\n");
  merge_toml(file.root, other.root);
  TomlReader in(file);
  EXPECT_EQ(in.integer("a"), 1);
  EXPECT_EQ(in.integer("b"), 3);
  TomlReader t = in.table("t");
  EXPECT_EQ(t.integer("x"), 1);
  t.integer("y", {0, 3});
  EXPECT_EQ(message(in.finish()), "zoo.toml:5: t.y: must be from 0 to 3, not 4") << "lines come along";
}

TEST(TomlFile, MissingFilesAreNamed) {
  const auto file = read_toml("no/such/file.toml");
  ASSERT_FALSE(file.has_value());
  EXPECT_THAT(file.error().message, HasSubstr("no/such/file.toml"));
}

}  // namespace
}  // namespace loci
