// Finds tags in text that arrives byte by byte.
#pragma once

#include <bitset>
#include <span>
#include <string>
#include <string_view>

namespace loci::dialect {

/// Matches a text against a few tags, none of which is the beginning of another. Time: linear in the text,
/// times the tags' number and length.
class TagMatcher {
 public:
  explicit TagMatcher(std::span<const std::string_view> tags) : tags_(tags) {
    for (const std::string_view tag : tags) first_.set(static_cast<unsigned char>(tag.front()));
  }

  /// Whether the next byte is plain text: no tag is underway, and none begins with it. Then it need not be
  /// pushed.
  bool passes(char next) const { return pending_.empty() && !first_[static_cast<unsigned char>(next)]; }

  /// Adds a byte. The index of the tag that it completes (then the matcher is empty again), or -1. Text that
  /// can no longer be part of a tag moves to `text`.
  int push(char next, std::string& text);
  /// What may still become a tag.
  std::string_view pending() const { return pending_; }

 private:
  std::span<const std::string_view> tags_;
  std::bitset<256> first_;  // the bytes that tags begin with
  std::string pending_;     // the beginning of a tag
};

}  // namespace loci::dialect
