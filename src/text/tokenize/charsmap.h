// SentencePiece's compiled normalization rules: a trie of strings (a Darts-clone double array) and what each
// of them becomes. Comes out of a file: every step through the array is checked against its end. Layout: size
// of the array in bytes (uint32), the array (uint32 units), then the results, each ended by a NUL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loci {

class Charsmap {
 public:
  struct Rule {
    std::size_t length;        // bytes that the rule replaces
    std::string_view content;  // valid UTF-8
  };

  /// An empty `blob` has no rules. kCorrupt where the parts do not fit, a result is not UTF-8; kUnsupported
  /// where one is so long that a text could grow out of bounds.
  static Result<Charsmap> parse(std::string_view blob);

  bool empty() const { return units_.empty(); }
  /// The rule for the longest beginning of `text`, or for the shortest.
  std::optional<Rule> longest(std::string_view text) const { return find(text, false); }
  std::optional<Rule> shortest(std::string_view text) const { return find(text, true); }

 private:
  std::optional<Rule> find(std::string_view text, bool stop_at_first) const;

  std::vector<std::uint32_t> units_;
  std::string contents_;
};

}  // namespace loci
