#include "bench/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "bench/random.h"

namespace loci::bench {
namespace {

using ::testing::ElementsAre;

const std::string kStream =
    "\xEF\xBB\xBF"
    "data: {\"a\": 1}\n\n"
    ": a comment\n"
    "event: ping\r\ndata: first\r\ndata: second\r\nid: 3\r\n\r\n"
    "data:no space\rretry: 5\r\r"
    "data:  two spaces\n\n"
    "data\n\n"
    "\n\n"
    "id: an event without data\n\n"
    "data: \xC3\xA9\xE2\x82\xAC\n\n"
    "data: [DONE]\n\n"
    "data: never ended";

const std::vector<std::string> kEvents{"{\"a\": 1}", "first\nsecond",        "no space", " two spaces",
                                       "",           "\xC3\xA9\xE2\x82\xAC", "[DONE]"};

std::vector<std::string> events_of(const std::vector<std::string_view>& pieces) {
  SseParser parser;
  std::vector<std::string> events;
  for (const std::string_view piece : pieces)
    EXPECT_TRUE(parser.feed(piece, [&](std::string_view data) { events.emplace_back(data); }));
  return events;
}

TEST(Sse, ReadsLinesOfEveryEnding) {
  EXPECT_EQ(events_of({kStream}), kEvents);
}

TEST(Sse, SplitAtEveryByte) {
  const std::string_view all = kStream;
  for (std::size_t at = 0; at <= all.size(); ++at)
    EXPECT_EQ(events_of({all.substr(0, at), all.substr(at)}), kEvents) << "split at " << at;
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < all.size(); ++at) bytes.push_back(all.substr(at, 1));
  EXPECT_EQ(events_of(bytes), kEvents);
}

TEST(Sse, SplitAnyhow) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Draws draws(seed);
    std::vector<std::string_view> pieces;
    for (std::string_view rest = kStream; !rest.empty();) {
      const std::size_t size = std::min<std::size_t>(rest.size(), draws.below(12));
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    EXPECT_EQ(events_of(pieces), kEvents) << seed;
  }
}

TEST(Sse, AnEndlessEventIsRefused) {
  SseParser parser;
  const std::string line = "data: " + std::string(std::size_t{1} << 20, 'x') + "\n";
  bool refused = false;
  for (int i = 0; i < 20 && !refused; ++i)
    refused = !parser.feed(line, [](std::string_view) { FAIL() << "no empty line came"; });
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace loci::bench
