#include "cli/batch_output.h"

#include <fstream>
#include <gtest/gtest.h>

#include "server/batch/batch_line.h"
#include "testing/files.h"

namespace loci::cli {
namespace {

std::string answer(const char* id) {
  return answer_line(id, "r", {.status = 200, .body = "{}"});
}
std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(BatchOutput, KnowsWhatItAnswered) {
  const testing::TemporaryFolder folder;
  const auto path = folder / "out.jsonl";
  {
    auto output = BatchOutput::open(path);
    ASSERT_TRUE(output.has_value()) << output.error().message;
    EXPECT_EQ(output->found(), 0u);
    EXPECT_TRUE(output->append(answer("a")).has_value());
    EXPECT_TRUE(
        output->append(error_line(std::nullopt, 7, {ErrorCode::kInvalidArgument, "why"})).has_value());
    EXPECT_TRUE(output->flush().has_value());
    EXPECT_FALSE(BatchOutput::open(path).has_value()) << "one run at a time";
  }
  const auto again = BatchOutput::open(path);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->found(), 2u);
  EXPECT_TRUE(again->has("a") && again->has_line(7));
  EXPECT_FALSE(again->has("b") || again->has_line(1));
}

TEST(BatchOutput, ACutLineIsTakenAway) {
  const testing::TemporaryFolder folder;
  const auto path = folder / "out.jsonl";
  const std::string first = answer("a"), second = answer("b");
  for (std::size_t kept = 0; kept < second.size(); ++kept) {
    testing::write_file(path, first + second.substr(0, kept));
    auto output = BatchOutput::open(path);
    ASSERT_TRUE(output.has_value()) << kept << output.error().message;
    EXPECT_TRUE(output->has("a"));
    EXPECT_FALSE(output->has("b")) << kept;
    EXPECT_TRUE(output->append(second).has_value());
    EXPECT_EQ(content(path), first + second) << kept;
  }
}

TEST(BatchOutput, AFileOfSomethingElseIsLeftAlone) {
  const testing::TemporaryFolder folder;
  const auto path = folder / "out.jsonl";
  for (const std::string& text :
       {std::string("notes\n"), std::string("notes"), answer("a") + "notes\n",
        std::string(R"({"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {}})") +
            "\n"}) {
    testing::write_file(path, text);
    EXPECT_FALSE(BatchOutput::open(path).has_value()) << text;
    EXPECT_EQ(content(path), text);
  }
  EXPECT_FALSE(BatchOutput::open(folder / "nowhere" / "out.jsonl").has_value());
}

}  // namespace
}  // namespace loci::cli
