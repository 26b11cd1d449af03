#include "text/jinja/engine_cases.h"

namespace loci::jinja {
namespace {

// Expectations come from Python's jinja2 3.1.6 over kCaseContext.
constexpr Case kCases[] = {
    {"{# comment #}a{# multi\nline #}b", "ab"},
    {"a {#- c -#} b", "ab"},
    {"{% raw %}{{ x }}{% y %}{% endraw %}z", "{{ x }}{% y %}z"},
    {"a {%- raw -%} {{ x }} {%- endraw -%} b", "a{{ x }}b"},
    {"  {% raw %}\nx\n  {% endraw %}\ny", "\nx\ny"},
    {"a\n{% if t %}\nb\n{% endif %}\nc\n", "a\nb\nc"},
    {"a\n   {% if t %}\n   b\n   {% endif %}\nc", "a\n   b\nc"},
    {"a\n   {%+ if t %}\n   b\n   {%+ endif +%}\nc", "a\n      b\n   \nc"},
    {"a   {%- if t -%}   b   {%- endif -%}   c", "abc"},
    {"a {{- a -}} b", "a1b"},
    {"a\n  {{ a }}\nb", "a\n  1\nb"},
    {"x {% if t %} y {% endif %} z", "x  y  z"},
    {"  {# c #}\nx", "x"},
    {"x  {# c #}\ny", "x  y"},
    {"\n\na\n\n", "\n\na\n"},
    {"a\n\n", "a\n"},
    {"a\r\nb\r\n", "a\nb"},
    {"{{ '{{' }}{{ \"}}\" }}", "{{}}"},
    {"{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"},
    {"{{ {'a': {'b': 1}}.a.b}}", "1"},
    {"{%if t%}x{%endif%}", "x"},
    {"{%- set x = 1 -%}\n  {{ x }}", "1"},
    {"{% set x = 1 %}\n{{ x }}", "1"},
    {"{{ a }}\n{% set x = 1 %}\nb", "1\nb"},
    {"{%- for x in l %}\n- {{ x }}\n{%- endfor %}\nend", "- 3- 1- 2end"},
    {"{% for x in l -%}\n  {{ x }}\n{% endfor %}", "3\n1\n2\n"},
};

TEST(JinjaWhitespace, RenderAsPythonDoes) {
  expect_renders(kCases);
}

}  // namespace
}  // namespace loci::jinja
