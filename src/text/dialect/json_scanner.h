// A JSON value, checked byte by byte. No recursion; nesting is bounded.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

#include "base/json.h"

namespace loci::dialect {

class JsonScanner {
 public:
  enum class Step : std::uint8_t {
    kMore,   // the byte belongs to the value
    kLast,   // the byte ends the value
    kEnded,  // the value (a number) ended before this byte
    kWrong,  // the text up to this byte begins no JSON value
  };
  explicit JsonScanner(std::size_t max_depth = kMaxJsonDepth) : max_depth_(max_depth) {}

  /// Takes the next byte. Control characters inside strings are let pass: models write them, and JSON's own
  /// escapes can stand for them (`control()`).
  Step push(char next);
  /// Whether the last byte was a control character inside a string.
  bool control() const { return control_; }

 private:
  enum class State : std::uint8_t {
    kValue,         // a value must follow
    kFirstItem,     // behind '[': a value or ']'
    kFirstKey,      // behind '{': a key or '}'
    kKey,           // behind ',' in an object
    kColon,         //
    kAfterItem,     // behind an element or member: ',' or the closing bracket
    kString,        //
    kEscape,        // behind a backslash
    kHex,           // within \uXXXX
    kNumberSign,    // behind '-': a digit
    kNumberZero,    // behind a leading 0
    kNumberDigits,  //
    kFraction,      // behind '.': a digit
    kFractionDigits,
    kExponent,  // behind 'e': a sign or digit
    kExponentSign,
    kExponentDigits,
    kWord,  // within true, false, null
  };
  Step begin_value(char next);
  Step value_done();
  Step number(char next);
  Step open(bool object);
  Step close(bool object);
  bool in_object() const { return depth_ > 0 && objects_[depth_ - 1]; }

  State state_ = State::kValue;
  bool key_ = false;  // the string is a member's key
  bool control_ = false;
  int hex_left_ = 0;
  std::string_view word_{};  // what of a word is still to come
  std::size_t max_depth_, depth_ = 0;
  std::bitset<kMaxJsonDepth> objects_;  // of each open bracket: whether it is a '{'
};

}  // namespace loci::dialect
