// JSON strings byte by byte, in both directions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace loci::dialect {

/// Decodes what stands behind the opening quote of a JSON string.
class JsonStringDecoder {
 public:
  enum class Step : std::uint8_t { kMore, kLast, kWrong };
  /// Takes the next byte and appends what it makes known to `out`. kLast: it was the closing quote.
  /// Surrogates without a partner become U+FFFD; control characters pass.
  Step push(char next, std::string& out);

 private:
  enum class State : std::uint8_t { kText, kEscape, kHex };
  Step escape(char next, std::string& out);
  Step hex(char next, std::string& out);
  void unit(std::string& out);
  void flush_surrogate(std::string& out);

  State state_ = State::kText;
  int hex_left_ = 0;
  std::uint32_t unit_ = 0;
  std::uint32_t high_ = 0;  // a high surrogate that waits for its partner; 0: none
};

/// Appends `text` as the inside of a JSON string.
void append_json_escaped(std::string_view text, std::string& out);

}  // namespace loci::dialect
