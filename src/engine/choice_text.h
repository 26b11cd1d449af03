// The text of one choice as it grows: tokens become whole characters, characters are searched for stop
// strings, and what can no longer be part of one may leave.
#pragma once

#include <optional>
#include <string>

#include "engine/request.h"
#include "text/detokenizer.h"
#include "text/stop_strings.h"

namespace loci {

class ChoiceText {
 public:
  ChoiceText(const Tokenizer& tokenizer, const Request& request)
      : detokenizer_(tokenizer, {.skip_special = request.skip_special_tokens,
                                 .continues_text = true,
                                 .kept_special = request.kept_special_tokens}),
        stop_strings_(request.stop, request.include_stop_in_output),
        stops_(request.stop) {}

  /// Adds a token; the text that may leave. Sets matched() if a stop string is complete.
  std::string push(TokenId token) { return search(detokenizer_.push(token)); }
  /// As push, but stop strings do not count yet (before min_tokens).
  std::string push_unsearched(TokenId token) { return detokenizer_.push(token); }

  /// The choice ended without a stop string: what had been held back.
  std::string flush() {
    std::string text = search(detokenizer_.flush());
    if (!matched_) text += stop_strings_.flush();
    return text;
  }

  const std::optional<std::string>& matched() const { return matched_; }

 private:
  std::string search(std::string text) {
    if (stops_.empty()) return text;
    StopStrings::Output output = stop_strings_.push(text);
    if (output.matched >= 0) matched_ = stops_[static_cast<std::size_t>(output.matched)];
    return std::move(output.text);
  }

  Detokenizer detokenizer_;
  StopStrings stop_strings_;
  std::vector<std::string> stops_;
  std::optional<std::string> matched_;
};

}  // namespace loci
