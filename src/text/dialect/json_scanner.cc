#include "text/dialect/json_scanner.h"

namespace loci::dialect {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

JsonScanner::Step JsonScanner::open(bool object) {
  if (depth_ == max_depth_) return Step::kWrong;
  objects_[depth_++] = object;
  state_ = object ? State::kFirstKey : State::kFirstItem;
  return Step::kMore;
}

JsonScanner::Step JsonScanner::close(bool object) {
  if (depth_ == 0 || in_object() != object) return Step::kWrong;
  --depth_;
  return value_done();
}

JsonScanner::Step JsonScanner::value_done() {
  state_ = State::kAfterItem;
  return depth_ == 0 ? Step::kLast : Step::kMore;
}

JsonScanner::Step JsonScanner::begin_value(char next) {
  switch (next) {
    case '{':
      return open(true);
    case '[':
      return open(false);
    case '"':
      state_ = State::kString;
      key_ = false;
      return Step::kMore;
    case '-':
      state_ = State::kNumberSign;
      return Step::kMore;
    case '0':
      state_ = State::kNumberZero;
      return Step::kMore;
    case 't':
      word_ = "rue";
      break;
    case 'f':
      word_ = "alse";
      break;
    case 'n':
      word_ = "ull";
      break;
    default:
      if (!is_digit(next)) return Step::kWrong;
      state_ = State::kNumberDigits;
      return Step::kMore;
  }
  state_ = State::kWord;
  return Step::kMore;
}

/// Within a number, behind a byte that may be its last.
JsonScanner::Step JsonScanner::number(char next) {
  const bool digits_may_follow = state_ != State::kNumberZero;
  if (is_digit(next) && digits_may_follow) return Step::kMore;
  const bool whole = state_ == State::kNumberZero || state_ == State::kNumberDigits;
  if (next == '.' && whole) {
    state_ = State::kFraction;
    return Step::kMore;
  }
  if ((next == 'e' || next == 'E') && state_ != State::kExponentDigits) {
    state_ = State::kExponent;
    return Step::kMore;
  }
  state_ = State::kAfterItem;
  return depth_ == 0 ? Step::kEnded : push(next);
}

JsonScanner::Step JsonScanner::push(char next) {
  control_ = false;
  const auto go = [&](State state) {
    state_ = state;
    return Step::kMore;
  };
  switch (state_) {
    case State::kString:
      if (next == '\\') return go(State::kEscape);
      control_ = static_cast<unsigned char>(next) < 0x20;
      if (next != '"') return Step::kMore;
      return key_ ? go(State::kColon) : value_done();
    case State::kEscape:
      hex_left_ = 4;
      if (next == 'u') return go(State::kHex);
      return std::string_view("\"\\/bfnrt").find(next) == std::string_view::npos ? Step::kWrong
                                                                                 : go(State::kString);
    case State::kHex:
      if (!is_hex(next)) return Step::kWrong;
      return --hex_left_ > 0 ? Step::kMore : go(State::kString);
    case State::kNumberSign:
      if (!is_digit(next)) return Step::kWrong;
      return go(next == '0' ? State::kNumberZero : State::kNumberDigits);
    case State::kExponent:
      if (next == '+' || next == '-') return go(State::kExponentSign);
      [[fallthrough]];
    case State::kExponentSign:
      return is_digit(next) ? go(State::kExponentDigits) : Step::kWrong;
    case State::kFraction:
      return is_digit(next) ? go(State::kFractionDigits) : Step::kWrong;
    case State::kNumberZero:
    case State::kNumberDigits:
    case State::kFractionDigits:
    case State::kExponentDigits:
      return number(next);
    case State::kWord:
      if (next != word_.front()) return Step::kWrong;
      word_.remove_prefix(1);
      return word_.empty() ? value_done() : Step::kMore;
    default:
      break;
  }
  if (is_blank(next)) return Step::kMore;
  switch (state_) {
    case State::kFirstItem:
      if (next == ']') return close(false);
      [[fallthrough]];
    case State::kValue:
      return begin_value(next);
    case State::kFirstKey:
      if (next == '}') return close(true);
      [[fallthrough]];
    case State::kKey:
      key_ = true;
      return next == '"' ? go(State::kString) : Step::kWrong;
    case State::kColon:
      return next == ':' ? go(State::kValue) : Step::kWrong;
    default:
      if (next == ',') return go(in_object() ? State::kKey : State::kValue);
      return next == '}' || next == ']' ? close(next == '}') : Step::kWrong;
  }
}

}  // namespace loci::dialect
