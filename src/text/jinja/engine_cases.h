// What the engine's tests share: one context, and checks of tables of templates over it.
#pragma once

#include <gtest/gtest.h>
#include <span>

#include "text/jinja/template.h"

namespace loci::jinja {

struct Case {
  std::string_view source, expected;
};

inline constexpr std::string_view kCaseContext = R"json({
  "a": 1,
  "b": 2.5,
  "s": "Hello, Wörld",
  "e": "",
  "n": null,
  "t": true,
  "f": false,
  "l": [3, 1, 2],
  "ll": [[1, 2], [3, 4]],
  "d": {"z": 1, "a": "x", "items": 5, "m": {"k": [1, 2]}},
  "u": [{"name": "bob", "age": 3, "r": "user"}, {"name": "Al", "age": 1, "r": "tool"}, {"name": "cy", "age": 2, "r": "user"}],
  "big": 1234567,
  "neg": -7,
  "w": "  pad \n",
  "html": "<b>&'\"</b>",
  "jp": "日本語🚀",
  "msgs": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}],
  "o": {}
})json";

/// 2025-07-26 12:00, for strftime_now.
inline constexpr std::chrono::sys_seconds kCaseNow{std::chrono::seconds(1753531200)};

inline Result<std::string> render_case(std::string_view source, Limits limits = {}) {
  static const json::object context = json::parse(kCaseContext).as_object();
  LOCI_TRY(const Template parsed, Template::parse(source));
  return parsed.render(context, {limits, kCaseNow});
}

inline void expect_renders(std::span<const Case> cases) {
  for (const auto& [source, expected] : cases) {
    SCOPED_TRACE(std::string(source));
    const auto out = render_case(source);
    if (out) {
      EXPECT_EQ(*out, expected);
    } else {
      ADD_FAILURE() << out.error().message;
    }
  }
}

inline void expect_refusals(std::span<const std::string_view> sources) {
  for (const std::string_view source : sources) EXPECT_FALSE(render_case(source)) << source;
}

}  // namespace loci::jinja
