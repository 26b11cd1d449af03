#include "text/utf8.h"

#include <cstdint>
#include <cstring>

namespace loci {
namespace {

struct Lead {
  std::size_t length;       // of the whole character; 0: not a lead byte
  unsigned char low, high;  // what the second byte may be (Unicode table 3-7)
};

constexpr Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};  // below: overlong
  if (byte == 0xED) return {3, 0x80, 0x9F};  // above: surrogates
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};  // below: overlong
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};  // above: beyond U+10FFFF
  return {0, 0, 0};
}

/// How many bytes at the front of `bytes` are certainly ASCII; a multiple of 8.
std::size_t ascii_prefix(std::string_view bytes) {
  std::size_t i = 0;
  for (std::uint64_t word; i + sizeof word <= bytes.size(); i += sizeof word) {
    std::memcpy(&word, bytes.data() + i, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return i;
}

}  // namespace

Utf8Step read_utf8(std::string_view bytes) {
  using Status = Utf8Step::Status;
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return {Status::kCharacter, first, 1};
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {Status::kIllFormed, 0, 1};
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == bytes.size()) return {Status::kUnfinished, 0, i};
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const unsigned char low = i == 1 ? lead.low : 0x80, high = i == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) return {Status::kIllFormed, 0, i};
  }
  std::size_t length = 0;
  const char32_t code_point = read_valid_utf8(bytes.data(), length);
  return {Status::kCharacter, code_point, length};
}

void append_utf8(char32_t code_point, std::string& out) {
  const auto push = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(ascii_prefix(bytes));
    if (bytes.empty()) break;
    const Utf8Step step = read_utf8(bytes);
    if (step.status != Utf8Step::Status::kCharacter) return false;
    bytes.remove_prefix(step.length);
  }
  return true;
}

std::size_t append_lossy(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const Utf8Step step = read_utf8(bytes.substr(at));
    if (step.status == Utf8Step::Status::kUnfinished) break;
    if (step.status == Utf8Step::Status::kCharacter)
      out.append(bytes.substr(at, step.length));
    else
      out.append(kReplacementCharacter);
    at += step.length;
  }
  return at;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  if (append_lossy(bytes, out) < bytes.size()) out.append(kReplacementCharacter);
  return out;
}

}  // namespace loci
