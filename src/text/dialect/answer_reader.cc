#include "text/dialect/answer_reader.h"

#include "base/check.h"

namespace loci::dialect {

bool is_space(int byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

int AnswerReader::byte(bool consume) {
  if (position_ == piece_.size() || overfull()) return kEnd;
  const char found = piece_[position_];
  if (consume) {
    ++position_;
    if (holding_) held_.push_back(found);
  }
  return static_cast<unsigned char>(found);
}

void AnswerReader::resume() {
  waiting_ = false;
  while (current_ && !waiting_) current_.resume();
}

AnswerDelta AnswerReader::run(std::string_view piece) {
  LOCI_CHECK(!ended_);
  piece_ = piece;
  position_ = 0;
  if (!piece.empty()) resume();  // a coroutine that wakes without a byte takes it for the end
  LOCI_CHECK(position_ == piece_.size());
  return std::exchange(delta_, {});
}

AnswerDelta AnswerReader::finish() {
  piece_ = {};
  position_ = 0;
  ended_ = true;
  resume();
  LOCI_CHECK(!current_);
  if (calls_ == 0) delta_.content += content_space_;
  return std::exchange(delta_, {});
}

void AnswerReader::content(std::string_view text) {
  for (const char c : text) {
    if (is_space(c) && !wrote_content_ && trims_) continue;
    const bool may_be_dropped = options_.tools || !wrote_content_;
    if (is_space(c) && may_be_dropped && content_space_.size() < kMaxSpace) {
      content_space_.push_back(c);
      continue;
    }
    delta_.content += content_space_;
    delta_.content += c;
    content_space_.clear();
    wrote_content_ = in_prose_ = true;
  }
}

void AnswerReader::begin_reasoning() {
  if (!wrote_content_) content_space_.clear();
  trims_ = new_block_ = true;
}

void AnswerReader::reasoning(std::string_view text) {
  for (const char c : text) {
    if (is_space(c) && new_block_) continue;
    if (is_space(c) && reasoning_space_.size() < kMaxSpace) {
      reasoning_space_.push_back(c);
      continue;
    }
    if (new_block_ && wrote_reasoning_) delta_.reasoning += '\n';
    delta_.reasoning += reasoning_space_;
    delta_.reasoning += c;
    reasoning_space_.clear();
    wrote_reasoning_ = true;
    new_block_ = false;
  }
}

void AnswerReader::end_reasoning() {
  reasoning_space_.clear();
  in_prose_ = false;
}

void AnswerReader::hold(std::string_view tag) {
  holding_ = true;
  held_ = tag;
}

void AnswerReader::begin_call(std::string_view name, std::string_view id) {
  LOCI_CHECK(holding_ && !in_call_);
  holding_ = false;
  held_.clear();
  if (!wrote_content_) content_space_.clear();
  in_call_ = trims_ = true;
  in_prose_ = false;
  delta_.tool_calls.push_back({calls_, std::string(id), std::string(name), {}});
}

void AnswerReader::arguments(std::string_view json) {
  LOCI_CHECK(in_call_);
  if (delta_.tool_calls.empty() || delta_.tool_calls.back().index != calls_)
    delta_.tool_calls.push_back({calls_, {}, {}, {}});
  delta_.tool_calls.back().arguments += json;
}

void AnswerReader::end_call() {
  LOCI_CHECK(in_call_);
  in_call_ = false;
  ++calls_;
  hold({});
}

void AnswerReader::release() {
  if (in_call_) ++calls_;
  in_call_ = holding_ = false;
  const std::string text = std::exchange(held_, {});
  content(text);
}

}  // namespace loci::dialect
