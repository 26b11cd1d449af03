#include "text/jinja/engine_cases.h"

namespace loci::jinja {
namespace {

// Expectations come from Python's jinja2 3.1.6 over kCaseContext.
constexpr Case kCases[] = {
    {"{{ -7 % 3 }}", "2"},
    {"{{ 7 % -3 }}", "-2"},
    {"{{ -7.5 % 2 }}", "0.5"},
    {"{{ d.items() }}", "dict_items([('z', 1), ('a', 'x'), ('items', 5), ('m', {'k': [1, 2]})])"},
    {"{{ d.keys() }}", "dict_keys(['z', 'a', 'items', 'm'])"},
    {"{{ d.get('a'), d.get('q'), d.get('q', 5) }}", "('x', None, 5)"},
    {"{{ d.get(zzz) }}", "None"},
    {"{{ s.upper(), s.lower(), s.title(), s.capitalize(), s.swapcase() }}",
     "('HELLO, WÖRLD', 'hello, wörld', 'Hello, Wörld', 'Hello, wörld', 'hELLO, wÖRLD')"},
    {"{{ 'straße'.upper() }}", "STRASSE"},
    {"{{ \"they're bill's\".title() }}", "They'Re Bill'S"},
    {"{{ s.split(',') }}", "['Hello', ' Wörld']"},
    {"{{ s.split(', ') }}", "['Hello', 'Wörld']"},
    {"{{ 'a b  c'.split() }}", "['a', 'b', 'c']"},
    {"{{ 'a b  c'.split(' ') }}", "['a', 'b', '', 'c']"},
    {"{{ ' a b  c '.split(none, 1) }}", "['a', 'b  c ']"},
    {"{{ 'a,b,c'.split(',', 1) }}", "['a', 'b,c']"},
    {"{{ 'a,b,c'.rsplit(',', 1) }}", "['a,b', 'c']"},
    {"{{ ' a b c '.rsplit(none, 1) }}", "[' a b', 'c']"},
    {"{{ 'a b c'.rsplit(none, 0) }}", "['a b c']"},
    {"{{ 'a,b,c'.split(',')[-1] }}", "c"},
    {"{{ 'a\\nb\\r\\nc\\n'.splitlines() }}", "['a', 'b', 'c']"},
    {"{{ 'a\\nb\\n'.splitlines(true) }}", "['a\\n', 'b\\n']"},
    {"{{ w.strip(), w.lstrip(), w.rstrip() }}", "('pad', 'pad \\n', '  pad')"},
    {"{{ w.strip() ~ '|' }}", "pad|"},
    {"{{ 'xxaxx'.strip('x'), 'xyaxy'.lstrip('xy'), 'xyaxy'.rstrip('xy') }}", "('a', 'axy', 'xya')"},
    {"{{ '\\u3000é\\u3000'.strip() }}", "é"},
    {"{{ s.startswith('Wör', 7) }}", "True"},
    {"{{ s.find('W'), s.find('q'), s.index('l'), s.rfind('l'), s.find('l', 4), s.find('ö'), s.find('d', 0, "
     "-1) }}",
     "(7, -1, 2, 10, 10, 8, -1)"},
    {"{{ s.count('l'), s.count('') }}", "(3, 13)"},
    {"{{ s.replace('l', 'L'), s.replace('l', 'L', 1), s.replace('', '-') }}",
     "('HeLLo, WörLd', 'HeLlo, Wörld', '-H-e-l-l-o-,- -W-ö-r-l-d-')"},
    {"{{ '-'.join(['a','b']), '-'.join('abc'), '-'.join([]) }}", "('a-b', 'a-b-c', '')"},
    {"{{ 'a-b-c'.partition('-'), 'a-b-c'.rpartition('-'), 'abc'.partition('-'), 'abc'.rpartition('-') }}",
     "(('a', '-', 'b-c'), ('a-b', '-', 'c'), ('abc', '', ''), ('', '', 'abc'))"},
    {"{{ '42'.zfill(5), '-42'.zfill(5), 'ab'.ljust(4, '.'), 'ab'.rjust(4, '.'), 'ab'.center(5, '.'), "
     "'abc'.center(6,'.') }}",
     "('00042', '-0042', 'ab..', '..ab', '..ab.', '.abc..')"},
    {"{{ 'abc'.isalpha(), '12'.isdigit(), 'a1'.isalnum(), ' '.isspace(), 'AB'.isupper(), 'ab'.islower(), "
     "''.isalpha() }}",
     "(True, True, True, True, True, True, False)"},
    {"{{ 'abc'.removeprefix('a'), 'abc'.removesuffix('c') }}", "('bc', 'ab')"},
    {"{{ '%(a)s-%(z)d' % d }}", "x-1"},
    {"{{ '%s' % l }}", "[3, 1, 2]"},
    {"{{ '%s' % a }}", "1"},
    {"{{ '%+d % d %e %g %c' % (1, 2, 3.5, 0.0001, 'z') }}", "+1  2 3.500000e+00 0.0001 z"},
    {"{{ '{} {}'.format(1, 'a') }}", "1 a"},
    {"{{ '{0}{1}{0} {x} {x!r}'.format(1, 2, x='q') }}", "121 q 'q'"},
    {"{{ '{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}|{:x}'.format('a','b','c',42,1.005,1234567,255) }}",
     "    a|b    |  c  |00042|1.00|1,234,567|ff"},
    {"{{ '{a.b} {a[k]}'.format(a=d) }}", " "},
    {"{{ '{m[m]}'.format(m=d) }}", "{'k': [1, 2]}"},
    {"{{ '{{}}'.format() }}", "{}"},
    {"{{ strftime_now('%Y-%m-%d %H:%M') }}", "2025-07-26 12:00"},
    {"{{ strftime_now('%d %b %Y, %A %j %p %-d %B %y %f %%') }}",
     "26 Jul 2025, Saturday 207 PM 26 July 25 000000 %"},
    {"{{ cycler(1,2).next() }}", "1"},
    {"{{ 2 * 3 % 4 }}", "2"},
    {"{{ '%d' % 3.7 }}", "3"},
    {"{{ '%s' % none }}", "None"},
    {"{{ 'ǅ'.lower() }}", "ǆ"},
    {"{{ 'a\\tb'.expandtabs() if false else 1 }}", "1"},
    {"{{ ', '.join(d.keys()) }}", "z, a, items, m"},
    {"{{ d.items()[0] }}", ""},
};

TEST(JinjaMethods, RenderAsPythonDoes) {
  expect_renders(kCases);
}

// What Python refuses too.
constexpr std::string_view kRefused[] = {
    "{{ l.append(1) }}",
    "{{ d.pop('a') }}",
    "{{ d.update({}) }}",
    "{{ 'a'.split('') }}",
    "{{ s.startswith('He'), s.startswith(('x','He')), s.endswith('d'), s.endswith(['d']) }}",
    "{{ s.index('q') }}",
    "{{ '-'.join([1]) }}",
    "{{ '%s %s' % a }}",
    "{{ '%d' % 'x' }}",
    "{{ '%s' % ('a','b') }}",
};

TEST(JinjaMethods, RefuseWhatPythonRefuses) {
  expect_refusals(kRefused);
}

}  // namespace
}  // namespace loci::jinja
