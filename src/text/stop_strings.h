// Finds stop strings in streamed text. Text that may be the beginning of a stop string is held back until it
// is known not to be one, so that a client never sees any part of a stop string. What is found does not
// depend on how the text was cut into pushes. Time: linear in the text, times the number of stop strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace loci {

class StopStrings {
 public:
  /// Empty strings are ignored. With `include`, the stop string itself is delivered too.
  explicit StopStrings(std::vector<std::string> stops, bool include = false);

  struct Output {
    std::string text;  // safe to deliver
    int matched = -1;  // index of the stop string that ended the text; -1: none
  };
  /// Adds text. The stop string that is complete first wins; of several that end at the same byte the
  /// longest, of equal ones the first. After a match, nothing more is delivered.
  Output push(std::string_view text);
  /// The text was not stopped: what had been held back.
  std::string flush();

 private:
  struct Stop {
    std::string text;
    std::vector<std::size_t>
        border;                // [i]: the longest proper prefix of text[0..i] that is also its suffix (KMP)
    std::size_t progress = 0;  // the longest prefix of `text` that ends the text so far
    int index = 0;             // among the strings given
  };
  static std::size_t advance(const Stop& stop, char next);
  const Stop* complete() const;
  std::size_t longest_progress() const;

  std::vector<Stop> stops_;
  bool include_;
  bool stopped_ = false;
  std::string held_;  // as long as the longest progress, between pushes
};

}  // namespace loci
