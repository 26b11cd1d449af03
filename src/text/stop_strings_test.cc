#include "text/stop_strings.h"

#include <gtest/gtest.h>
#include <random>

namespace loci {
namespace {

struct Stopped {
  std::string text;
  int matched = -1;
  bool operator==(const Stopped&) const = default;
};

/// What the header promises, said over the whole text at once.
Stopped naive(const std::vector<std::string>& stops, const std::string& text, bool include) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    int best = -1;
    for (std::size_t i = 0; i < stops.size(); ++i) {
      const bool ends_here = !stops[i].empty() && text.substr(0, end).ends_with(stops[i]);
      if (ends_here && (best < 0 || stops[i].size() > stops[static_cast<std::size_t>(best)].size()))
        best = static_cast<int>(i);
    }
    if (best >= 0)
      return {text.substr(0, include ? end : end - stops[static_cast<std::size_t>(best)].size()), best};
  }
  return {text, -1};
}

/// Pushes `text` in random chunks and checks on the way that nothing of a possible stop string gets out.
Stopped streamed(const std::vector<std::string>& stops, const std::string& text, bool include,
                 std::mt19937& random) {
  StopStrings stream(stops, include);
  Stopped out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::min<std::size_t>(random() % 4, text.size() - at);
    const StopStrings::Output piece = stream.push(std::string_view(text).substr(at, length));
    out.text += piece.text;
    if (piece.matched >= 0) out.matched = piece.matched;
    at += length;
  }
  out.text += stream.flush();
  return out;
}

TEST(StopStrings, StreamedEqualsNaiveForAnyChunks) {
  std::mt19937 random(7);
  const auto word = [&](std::size_t longest) {
    std::string out(random() % (longest + 1), 'a');
    for (char& c : out) c = static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::string> stops(random() % 4);
    for (std::string& stop : stops) stop = word(5);
    const std::string text = word(24);
    const bool include = random() % 2 == 0;
    ASSERT_EQ(streamed(stops, text, include, random), naive(stops, text, include)) << text;
  }
}

TEST(StopStrings, HoldsBackNoMoreThanAPossibleBeginning) {
  StopStrings stops({"</end>"});
  EXPECT_EQ(stops.push("text <").text, "text ");
  EXPECT_EQ(stops.push("/en").text, "");
  EXPECT_EQ(stops.push("try").text, "</entry");
  EXPECT_EQ(stops.push("a</e").text, "a");
  EXPECT_EQ(stops.flush(), "</e");
}

TEST(StopStrings, SaysWhichOneAndThenNothingMore) {
  StopStrings stops({"", "x", "stop"});
  const StopStrings::Output out = stops.push("go stop, x");
  EXPECT_EQ(out.text, "go ");
  EXPECT_EQ(out.matched, 2);
  EXPECT_EQ(stops.push("more").text, "");
  EXPECT_EQ(stops.push("x").matched, -1);
  EXPECT_EQ(stops.flush(), "");
}

TEST(StopStrings, WithoutStopsEverythingPasses) {
  StopStrings stops({});
  EXPECT_EQ(stops.push("a\xF0\x9F").text, "a\xF0\x9F");
  EXPECT_EQ(stops.flush(), "");
}

}  // namespace
}  // namespace loci
