#include "server/openai/json_text.h"

#include <fmt/format.h>
#include <iterator>

namespace loci {
namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text, begin, i - begin);
    append_escaped(text[i], out);
    begin = i + 1;
  }
  out.append(text, begin);
  out += '"';
}

void append_logprob(float logprob, std::string& out) {
  constexpr float kLowest = -9999.0f;
  fmt::format_to(std::back_inserter(out), "{}", logprob >= kLowest ? logprob : kLowest);
}

}  // namespace loci
