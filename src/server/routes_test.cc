#include "server/routes.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

TEST(Routes, EveryRouteFindsItself) {
  for (const Route& route : routes()) {
    std::string path(route.path);
    if (path.ends_with('*')) path.replace(path.size() - 1, 1, "org/name");
    EXPECT_EQ(match_route(route.method, path).route, &route) << path;
    const Route* by_head = match_route("HEAD", path).route;
    EXPECT_EQ(by_head, route.method == "GET" ? &route : nullptr) << path;
  }
}

TEST(Routes, TheRestOfAPathMayHaveSlashes) {
  EXPECT_EQ(match_route("GET", "/v1/models/org/name").rest, "org/name");
  EXPECT_EQ(match_route("GET", "/v1/models/").by_path, nullptr);
}

TEST(Routes, AWrongMethodIsNotAnUnknownPath) {
  const RouteMatch wrong = match_route("DELETE", "/v1/completions");
  EXPECT_NE(wrong.by_path, nullptr);
  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_EQ(allowed_methods("/v1/completions"), "POST, OPTIONS");
  EXPECT_EQ(allowed_methods("/health"), "GET, HEAD, OPTIONS");
  for (const char* path : {"/nothing", "", "/v1/completions/", "/v1", "*"})
    EXPECT_EQ(match_route("GET", path).by_path, nullptr) << path;
}

/// What a key protects: all but health and the static page.
TEST(Routes, OnlyHealthAndTheStaticPageAreOpen) {
  for (const Route& route : routes())
    EXPECT_EQ(route.access == Access::kOpen, route.path == "/" || route.path.starts_with("/health"))
        << route.path;
}

}  // namespace
}  // namespace loci
