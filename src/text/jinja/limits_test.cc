// A hostile template ends in an error, soon, and without much memory.
#include "text/jinja/engine_cases.h"

namespace loci::jinja {
namespace {

std::string repeated(std::string_view what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

/// The error, or "" where there is none.
std::string error_of(std::string_view source, Limits limits = {}) {
  const auto out = render_case(source, limits);
  return out ? "" : out.error().message;
}

constexpr std::string_view kNoRoom = "the template's values need more than";
constexpr std::string_view kNoSteps = "the template took more than";
constexpr Limits kFewSteps{.max_steps = 1'000'000};  // so that the tests are quick

void expect_says(std::string_view source, std::string_view what, Limits limits = {}) {
  const std::string message = error_of(source, limits);
  EXPECT_NE(message.find(what), std::string::npos) << source.substr(0, 100) << "\n gave: " << message;
}

TEST(JinjaLimits, RepetitionIsBounded) {
  expect_says("{{ 'a' * 10**9 }}", kNoRoom);
  expect_says("{{ 'ab' * 9223372036854775807 }}", kNoRoom);
  expect_says("{{ [1] * 10**9 }}", kNoRoom);
  EXPECT_EQ(render_case("{{ '' * 10**9 }}{{ [] * 10**9 }}").value(), "[]");
  EXPECT_EQ(error_of("{{ '' * 10**6 }}{{ [] * 10**6 }}{{ 'a' * -5 }}"), "");
}

TEST(JinjaLimits, RangesAreBounded) {
  expect_says("{{ range(10**9) }}", "Range too big");
  expect_says("{{ range(-9223372036854775807, 9223372036854775807) }}", "Range too big");
  expect_says("{{ range(0, 9223372036854775807, 9223372036854775807)|list }}{{ 1/0 }}", "division by zero");
}

TEST(JinjaLimits, DoublingIsBounded) {
  const std::string set = "{% set x = x + x %}", join = "{% set x = [x, x] | join %}";
  const std::string pass = "{% set x = x ~ x %}", replace = "{% set x = x | replace('a', 'aa') %}";
  for (const std::string& each : {set, join, pass})
    expect_says("{% set x = 'a' %}" + repeated(each, 60), kNoRoom);
  expect_says("{% set x = 'a' %}" + repeated(replace, 60), kNoSteps, kFewSteps);
  expect_says("{% set x = [1] %}" + repeated(set, 60), kNoRoom);
  expect_says("{% set x = '%s%s' %}" + repeated("{% set x = x % (x, x) %}", 60), "");
}

TEST(JinjaLimits, SharedListsCostWhatTheyShow) {
  const std::string tower = "{% set x = [1] %}" + repeated("{% set x = [x, x] %}", 60);
  const std::string other = "{% set y = [1] %}" + repeated("{% set y = [y, y] %}", 60);
  expect_says(tower + "{{ x }}", kNoSteps, kFewSteps);
  expect_says(tower + "{{ x | tojson }}", kNoSteps, kFewSteps);
  expect_says(tower + other + "{{ x == y }}", kNoSteps, kFewSteps);
}

TEST(JinjaLimits, WidthsAreBounded) {
  expect_says("{{ '%1000000000d' % 1 }}", "too large");
  expect_says("{{ '%.1000000000f' % 1 }}", "too large");
  expect_says("{{ '%*d' % (1000000000, 1) }}", "too large");
  expect_says("{{ '{:>1000000000}'.format('a') }}", "too large");
  expect_says("{{ 'a'.center(10**9) }}", "too large");
  expect_says("{{ 'a'.ljust(10**9) }}", "too large");
  expect_says("{{ 'a' | indent(10**9) }}", "too large");
  expect_says("{{ '1'.zfill(10**9) }}", "too large");
  expect_says("{{ strftime_now('%1000000d') }}", "does not fit");
}

TEST(JinjaLimits, LoopsEnd) {
  const std::string open = repeated("{% for i in range(100000) %}", 4), close = repeated("{% endfor %}", 4);
  expect_says(open + close, kNoSteps, kFewSteps);
  expect_says(open + "x" + close, kNoSteps, kFewSteps);
  expect_says(
      "{% set ns = namespace(s='') %}{% for i in range(100000) %}{% for j in range(100000) %}"
      "{% set ns.s = ns.s ~ 'aaaaaaaaaaaaaaaa' %}{% endfor %}{% endfor %}",
      kNoSteps, kFewSteps);
}

TEST(JinjaLimits, CostlyCallsPayForTheirWork) {
  const auto many = [](std::string_view what) {
    return "{% set a = 'a' * 1000 * 1000 %}{% set b = 'a' * 1000 * 400 ~ 'b' %}{% set d = {a: 1} %}"
           "{% for i in range(100000) %}{{ (" +
           std::string(what) + ") is defined and '' }}{% endfor %}";
  };
  for (const char* what : {"b in a",
                           "a.find(b)",
                           "a.rfind(b)",
                           "a.split(b)",
                           "a.rsplit(b)",
                           "a.count(b)",
                           "a | replace(b, '')",
                           "d[a]",
                           "a in d",
                           "d.get(a)",
                           "a.startswith(a)",
                           "'x'.strip(a)",
                           "a | int",
                           "a | float",
                           "a == a ~ ''",
                           "a < a ~ ''",
                           "a.strip('a')",
                           "a[::-1]",
                           "a | upper",
                           "a.isalpha()",
                           "a is lower",
                           "a | wordcount",
                           "a | tojson",
                           "[a] | string",
                           "a | e",
                           "a % d",
                           "a.format()",
                           "[a, a] | unique | list",
                           "{a: 1, a ~ 'b': 2}",
                           "a | list",
                           "a | truncate"}) {
    expect_says(many(what), kNoSteps, kFewSteps);
  }
}

TEST(JinjaLimits, OutputIsBounded) {
  expect_says("{% set x = 'a' * 10**6 %}{% for i in range(1000) %}{{ x }}{% endfor %}",
              "output has more than");
}

TEST(JinjaLimits, RecursionIsBounded) {
  expect_says("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion");
  expect_says(
      "{% macro f(x) %}{% for i in x %}{% if i %}{{ f([f(x)]) }}{% endif %}{% endfor %}{% endmacro %}{{ "
      "f([1]) }}",
      "recursion");
  expect_says("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "recursion");
  expect_says("{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}", "recursion");
}

TEST(JinjaLimits, NestedValuesAreBounded) {
  const std::string_view source =
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}";
  expect_says(source, "nested more than");
  expect_says(
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x.index] %}{% endfor %}",
      "nested more than");
  expect_says(
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = {1: ns.x}.items() | list %}"
      "{% endfor %}",
      "nested more than");
}

TEST(JinjaLimits, RingsAndLongChainsOfNamespacesDie) {
  EXPECT_EQ(error_of("{% set ns = namespace() %}{% set ns.me = ns %}{% set ns.l = [ns] %}{{ ns }}"),
            "");  // the leak checker of the sanitized build looks on
  EXPECT_EQ(
      error_of(
          "{% set h = namespace() %}{% set h.at = h %}{% for i in range(100000) %}"
          "{% set n = namespace() %}{% set c = h.at %}{% set c.next = n %}{% set h.at = n %}{% endfor %}"),
      "");
  EXPECT_EQ(error_of("{% for i in [1, 2] %}{% macro m() %}{{ m }}{% endmacro %}{{ m() }}"
                     "{{ loop.changed(loop) }}{% endfor %}"),
            "");
}

TEST(JinjaLimits, DeepSourceIsRefused) {
  constexpr std::size_t kDeep = 100'000;
  const auto nested = [](std::string_view open, std::string_view close) {
    return "{{ " + repeated(open, kDeep) + "1" + repeated(close, kDeep) + " }}";
  };
  for (const std::string& source :
       {nested("(", ")"), nested("[", "]"), nested("{1:", "}"), nested("-", ""), nested("not ", ""),
        nested("a[", "]"), nested("a(", ")"), nested("1 if 1 else ", ""), nested("a|d(", ")"),
        repeated("{% if 1 %}", kDeep), repeated("{% for x in y %}", kDeep),
        repeated("{% macro m() %}", kDeep / 2), "{{ a" + repeated(".b", kDeep) + " }}",
        "{{ a" + repeated("|d", kDeep) + " }}", "{{ a" + repeated("()", kDeep) + " }}",
        "{{ 1" + repeated(" if 1", kDeep) + " }}",
        "{% set " + repeated("(", kDeep) + "a" + repeated(")", kDeep) + " = 1 %}"}) {
    const auto out = Template::parse(source);
    ASSERT_FALSE(out) << source.substr(0, 40);
    EXPECT_EQ(out.error().code, ErrorCode::kCorrupt);
  }
}

TEST(JinjaLimits, LongFlatChainsAreFine) {
  EXPECT_EQ(render_case("{{ 1" + repeated(" + 1", 10'000) + " }}").value(), "10001");
  EXPECT_EQ(render_case("{{ 1" + repeated(" and 1", 10'000) + " }}").value(), "1");
  EXPECT_EQ(render_case("{{ ''" + repeated(" ~ 'a'", 1'000) + " }}").value(), repeated("a", 1'000));
  EXPECT_EQ(render_case("{{ 1" + repeated(" < 2 > 1", 10'000) + " }}").value(), "True");
  EXPECT_EQ(render_case("{% if 0 %}" + repeated("{% elif 0 %}", 10'000) + "{% else %}x{% endif %}").value(),
            "x");
}

TEST(JinjaLimits, SourceIsBounded) {
  const auto out = Template::parse(std::string(kMaxSourceBytes + 1, 'a'));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, ErrorCode::kCorrupt);
}

TEST(JinjaLimits, LimitsAreSettings) {
  EXPECT_EQ(error_of("{% for i in range(100) %}x{% endfor %}"), "");
  expect_says("{% for i in range(100) %}x{% endfor %}", kNoSteps, {.max_steps = 100});
  expect_says("{{ 'a' * 2000 }}", kNoRoom, {.max_live_bytes = 1000});
  expect_says("12345678901", "output has more than 10 bytes", {.max_output_bytes = 10});
  expect_says("{{ ((((a)))) + (1 + (2 * (3 - 4))) }}", "recursion", {.max_run_depth = 3});
}

TEST(JinjaLimits, IntegersDoNotOverflow) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
        "{{ 10 ** 19 }}", "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ (-9223372036854775807 - 1) | abs }}"}) {
    expect_says(source, "more than 64 bits");
  }
  EXPECT_EQ(render_case("{{ (-9223372036854775807 - 1) % -1 }}").value(), "0");
}

}  // namespace
}  // namespace loci::jinja
