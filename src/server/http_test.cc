#include "server/http.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

TEST(Http, PercentDecoding) {
  EXPECT_EQ(percent_decode("plain"), "plain");
  EXPECT_EQ(percent_decode("a%2Fb%2fc"), "a/b/c");
  EXPECT_EQ(percent_decode("%41%00%ff"), std::string("A\0\xff", 3));
  EXPECT_EQ(percent_decode("a+b"), "a+b") << "a plus is a space only in forms";
  for (const char* bad : {"%", "%4", "%4g", "%zz", "abc%", "%%41"})
    EXPECT_EQ(percent_decode(bad), std::nullopt) << bad;
}

TEST(Http, Targets) {
  EXPECT_EQ(parse_target("/a/b?x=1&y=%20")->path, "/a/b");
  EXPECT_EQ(parse_target("/a/b?x=1&y=%20")->query, "x=1&y=%20");
  EXPECT_EQ(parse_target("http://host:80/a?q")->path, "/a");
  EXPECT_EQ(parse_target("http://host")->path, "/");
  EXPECT_EQ(parse_target("/redirect?to=http://host/x")->path, "/redirect");
  EXPECT_EQ(parse_target("*")->path, "*");
  for (const char* bad : {"", "a", "?x", "/%g"}) EXPECT_FALSE(parse_target(bad).has_value()) << bad;
}

TEST(Http, HeadersAreFoundInAnyCase) {
  const HttpHeaders headers{{"Content-TYPE", "a"}, {"X", "b"}, {"x", "c"}};
  EXPECT_EQ(*find_header(headers, "content-type"), "a");
  EXPECT_EQ(*find_header(headers, "x"), "b");
  EXPECT_EQ(find_header(headers, "y"), nullptr);
}

}  // namespace
}  // namespace loci
