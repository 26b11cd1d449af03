#include "bench/sse.h"

namespace loci::bench {

bool SseParser::take_line() {
  std::string_view line = line_;
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  if (line.empty()) {
    line_.clear();
    return !data_.empty();
  }
  const std::size_t colon = std::min(line.find(':'), line.size());
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (line.substr(0, colon) == "data") data_.append(value).push_back('\n');
  line_.clear();
  return false;
}

}  // namespace loci::bench
