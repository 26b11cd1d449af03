// Methods of str, some of which filters share.
#pragma once

#include <span>

#include "text/jinja/builtins.h"

namespace loci::jinja {

std::span<const MethodEntry> string_methods();

Result<Value> replace_text(Runtime& rt, const Text& text, std::string_view from, std::string_view to,
                           std::int64_t at_most);
/// First letter upper, the rest lower.
std::string capitalize(std::string_view text);
/// Left, both or right, of white space or of any of `chars`.
enum class Side { kLeft, kRight, kBoth };
std::string_view strip_chars(std::string_view text, const Value* chars, Side side);
Result<Value> center_text(Runtime& rt, const Text& text, std::int64_t width, std::string_view fill);

}  // namespace loci::jinja
