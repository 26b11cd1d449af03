#include "text/tokenize/charsmap.h"

#include <cstring>

#include "text/utf8.h"

namespace loci {
namespace {

constexpr std::size_t kMaxContent = 256;  // bytes; the longest of Unicode's compatibility forms has 33

// A unit of the double array: a label and where the children are, or (behind a unit with a leaf) a value.
bool has_leaf(std::uint32_t unit) {
  return (unit >> 8 & 1) != 0;
}
std::uint32_t value(std::uint32_t unit) {
  return unit & 0x7FFFFFFF;
}
std::uint32_t label(std::uint32_t unit) {
  return unit & 0x800000FF;
}
std::uint32_t offset(std::uint32_t unit) {
  return (unit >> 10) << ((unit & 0x200) >> 6);
}

Result<void> check_contents(std::string_view contents) {
  for (std::size_t at = 0; at < contents.size();) {
    const std::size_t end = std::min(contents.find('\0', at), contents.size());
    const std::string_view one = contents.substr(at, end - at);
    if (one.size() > kMaxContent)
      return fail(ErrorCode::kUnsupported, "a result of {} bytes, more than {}", one.size(), kMaxContent);
    if (!is_valid_utf8(one)) return fail(ErrorCode::kCorrupt, "a result that is not UTF-8");
    at = end + 1;
  }
  return {};
}

}  // namespace

Result<Charsmap> Charsmap::parse(std::string_view blob) {
  Charsmap map;
  if (blob.empty()) return map;
  std::uint32_t size = 0;
  if (blob.size() < sizeof size) return fail(ErrorCode::kCorrupt, "cut short");
  std::memcpy(&size, blob.data(), sizeof size);
  blob.remove_prefix(sizeof size);
  if (size == 0 || size % sizeof(std::uint32_t) != 0 || size > blob.size())
    return fail(ErrorCode::kCorrupt, "a trie of {} bytes in {}", size, blob.size());
  map.units_.resize(size / sizeof(std::uint32_t));
  std::memcpy(map.units_.data(), blob.data(), size);
  map.contents_ = blob.substr(size);
  LOCI_TRY_VOID(check_contents(map.contents_));
  return map;
}

std::optional<Charsmap::Rule> Charsmap::find(std::string_view text, bool stop_at_first) const {
  std::optional<Rule> found;
  if (units_.empty()) return found;
  std::size_t node = offset(units_[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (node >= units_.size() || label(units_[node]) != byte) break;
    const std::uint32_t unit = units_[node];
    node ^= offset(unit);
    if (node >= units_.size()) break;
    if (!has_leaf(unit)) continue;
    const std::uint32_t begin = value(units_[node]);
    // A value into the middle of a character would make text that is not UTF-8.
    const bool whole =
        begin < contents_.size() && (static_cast<unsigned char>(contents_[begin]) & 0xC0) != 0x80;
    if (!whole) continue;
    const std::size_t end = std::min(contents_.find('\0', begin), contents_.size());
    found = Rule{i + 1, std::string_view(contents_).substr(begin, end - begin)};
    if (stop_at_first) break;
  }
  return found;
}

}  // namespace loci
