// Server-sent events (WHATWG HTML, section 9.2) out of bytes that come in pieces of any size: a piece may end
// inside a line, between the two bytes of "\r\n", or inside a character.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace loci::bench {

class SseParser {
 public:
  static constexpr std::size_t kMaxEventBytes = std::size_t{16} << 20;  // more: kResourceExhausted

  /// Calls `on_event(std::string_view data)` for each event that `bytes` completes; the data lines of one
  /// event are joined by '\n'. Comments, ids and names of events are passed over.
  template <class F>
  Result<> feed(std::string_view bytes, F&& on_event) {
    for (std::size_t at = 0; at < bytes.size();) {
      if (after_return_ && bytes[at] == '\n') ++at;  // the second half of "\r\n"
      after_return_ = false;
      const std::size_t end = std::min(bytes.find_first_of("\r\n", at), bytes.size());
      line_.append(bytes.substr(at, end - at));
      if (line_.size() + data_.size() > kMaxEventBytes)
        return fail(ErrorCode::kResourceExhausted, "an event of the stream is longer than {} bytes",
                    kMaxEventBytes);
      if (end == bytes.size()) break;
      after_return_ = bytes[end] == '\r';
      at = end + 1;
      if (take_line()) {
        on_event(std::string_view(data_).substr(0, data_.size() - 1));
        data_.clear();
      }
    }
    return {};
  }

 private:
  /// True where the line was the empty one behind an event with data.
  bool take_line();

  std::string line_, data_;  // data_: lines of the event so far, '\n' behind each
  bool after_return_ = false, first_line_ = true;
};

}  // namespace loci::bench
