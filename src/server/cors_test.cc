#include "server/cors.h"

#include <gtest/gtest.h>

namespace loci {
namespace {

std::string allowed_origin(const std::vector<std::string>& allowed, const char* origin) {
  HttpRequest request;
  if (origin != nullptr) request.headers.push_back({"Origin", origin});
  HttpResponse response;
  add_cors_headers(allowed, request, response);
  const std::string* vary = find_header(response.headers, "Vary");
  EXPECT_EQ(vary != nullptr, origin != nullptr);
  const std::string* echoed = find_header(response.headers, "Access-Control-Allow-Origin");
  return echoed != nullptr ? *echoed : "";
}

TEST(Cors, AnAllowedOriginIsEchoed) {
  EXPECT_EQ(allowed_origin({"*"}, "https://a.example"), "https://a.example");
  EXPECT_EQ(allowed_origin({"https://b.example", "https://a.example"}, "https://a.example"),
            "https://a.example");
  EXPECT_EQ(allowed_origin({"https://a.example"}, "https://a.example.evil"), "");
  EXPECT_EQ(allowed_origin({}, "https://a.example"), "");
  EXPECT_EQ(allowed_origin({"*"}, nullptr), "");
}

}  // namespace
}  // namespace loci
