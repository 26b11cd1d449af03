#include "text/jinja/engine_cases.h"

namespace loci::jinja {
namespace {

// Expectations come from Python's jinja2 3.1.6 over kCaseContext.
constexpr Case kCases[] = {
    {"{{ a is defined }}", "True"},
    {"{{ zzz is defined }}", "False"},
    {"{{ zzz is not defined }}", "True"},
    {"{{ zzz is undefined }}", "True"},
    {"{{ d.zzz is defined }}", "False"},
    {"{{ l[10] is defined }}", "False"},
    {"{{ l.append is defined }}", "False"},
    {"{{ d.pop is defined }}", "False"},
    {"{{ '%s is %d and %5.2f|%-5s|%05d|%x|%r|%%' % ('x', 3, 2.567, 'ab', 42, 255, 'q') }}",
     "x is 3 and  2.57|ab   |00042|ff|'q'|%"},
    {"{{ namespace(a=1).zz is defined }}", "False"},
    {"{{ 1 is number, 1.0 is number, true is number, '1' is number }}", "(True, True, True, False)"},
    {"{{ 1 is integer, true is integer, 1.0 is integer, 1.0 is float, 1 is float }}",
     "(True, False, False, True, False)"},
    {"{{ true is boolean, 1 is boolean, true is true, 1 is true, false is false, 0 is false }}",
     "(True, False, True, False, True, False)"},
    {"{{ s is string, l is string, d is mapping, l is mapping, l is iterable, s is iterable, a is iterable, "
     "d is iterable, zzz is iterable }}",
     "(True, False, True, False, True, True, False, True, True)"},
    {"{{ s is sequence, l is sequence, d is sequence, (1,) is sequence, a is sequence, zzz is sequence, "
     "d.items() is sequence, range(2) is sequence }}",
     "(True, True, True, True, False, True, False, True)"},
    {"{{ n is none, zzz is none, n is not none }}", "(True, False, False)"},
    {"{{ 2 is even, 3 is odd, 9 is divisibleby 3, 9 is divisibleby(2) }}", "(True, True, True, False)"},
    {"{{ 1 is eq 1, 1 is equalto(2), 1 is ne 2, 1 is lt 2, 2 is ge 2, 1 is in [1], 'a' is in 'abc' }}",
     "(True, False, True, True, True, True, True)"},
    {"{{ 'abc' is lower, 'ABC' is upper, 'aB' is lower, '1' is lower }}", "(True, True, False, False)"},
    {"{{ d.items is callable, a is callable, range is callable }}", "(True, False, True)"},
    {"{{ 'upper' is filter, 'zork' is filter, 'odd' is test }}", "(True, False, True)"},
    {"{{ 1 is sameas 1, n is sameas none }}", "(True, True)"},
    {"{{ a is not string and b is not string }}", "True"},
    {"{{ a is defined and b is defined or zzz is defined }}", "True"},
    {"{{ loop is defined }}", "False"},
    {"{{ 'abc'.upper is defined }}", "True"},
    {"{{ (o.a or {}).b is defined }}", "False"},
};

TEST(JinjaTests, RenderAsPythonDoes) {
  expect_renders(kCases);
}

// What Python refuses too.
constexpr std::string_view kRefused[] = {
    "{{ s is zork }}",
    "{{ o.a.b is defined }}",
};

TEST(JinjaTests, RefuseWhatPythonRefuses) {
  expect_refusals(kRefused);
}

}  // namespace
}  // namespace loci::jinja
