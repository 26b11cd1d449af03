// Python's ways to put values into a text: "%s %5.2f" % values, "{} {:>8}".format(values), and strftime.
#pragma once

#include "text/jinja/runtime.h"

namespace loci::jinja {

/// format % values, where values is a tuple, a dict or one value.
Result<Value> format_percent(Runtime& rt, const Value& format, const Value& values);

/// format.format(*args, **kwargs): fields, their attributes and items, !r and !s, and the common format
/// specs.
Result<Value> format_braces(Runtime& rt, const Value& format, const CallArgs& args);

/// datetime.strftime of that instant, taken as local time, in the C locale.
Result<Value> format_time(Runtime& rt, std::chrono::sys_seconds when, std::string_view format);

}  // namespace loci::jinja
