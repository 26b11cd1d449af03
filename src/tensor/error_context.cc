#include "tensor/error_context.h"

#include <iterator>

namespace loci {

std::string printable(std::string_view untrusted) {
  constexpr std::size_t kShown = 80;
  std::string text = "'";
  for (const char c : untrusted.substr(0, kShown)) {
    if (c >= ' ' && c <= '~')
      text += c;
    else
      fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(c));
  }
  text += untrusted.size() > kShown ? "...'" : "'";
  return text;
}

std::unexpected<Error> in_part(std::string_view kind, std::string_view name, std::unexpected<Error> error) {
  Error inner = std::move(error).error().in(fmt::format("{} {}", kind, printable(name)));
  inner.field = name;
  return std::unexpected(std::move(inner));
}

std::unexpected<Error> in_file(std::string_view file, std::unexpected<Error> error) {
  return std::unexpected(std::move(error).error().in(file));
}

}  // namespace loci
