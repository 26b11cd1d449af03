#include "hub/model_name.h"

#include <algorithm>

namespace loci {
namespace {

constexpr std::size_t kMaxPartBytes = 96;

/// Letters, digits, '-', '_' and '.'; not at the beginning a '.' or '-'.
bool is_part(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= kMaxPartBytes && text[0] != '.' && text[0] != '-' &&
         std::ranges::all_of(text, is_plain);
}

}  // namespace

Result<ModelName> parse_model_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::size_t colon = text.find(':');
  const std::string_view repo = text.substr(0, colon);
  ModelName name;
  if (slash < repo.size()) {
    name.org = repo.substr(0, slash);
    name.name = repo.substr(slash + 1);
  }
  if (colon != std::string_view::npos) name.quant = text.substr(colon + 1);
  const bool good_quant = colon == std::string_view::npos || is_part(name.quant);
  if (!is_part(name.org) || !is_part(name.name) || !good_quant)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no model name: it must be org/name or org/name:quant",
                text.substr(0, 256));
  return name;
}

}  // namespace loci
