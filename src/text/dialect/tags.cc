#include "text/dialect/tags.h"

namespace loci::dialect {

int TagMatcher::push(char next, std::string& text) {
  pending_.push_back(next);
  std::size_t begin = 0;
  for (; begin < pending_.size(); ++begin) {
    const std::string_view rest = std::string_view(pending_).substr(begin);
    for (std::size_t i = 0; i < tags_.size(); ++i) {
      if (!tags_[i].starts_with(rest)) continue;
      text.append(pending_, 0, begin);
      const bool whole = rest.size() == tags_[i].size();
      pending_ = whole ? std::string() : std::string(rest);
      return whole ? static_cast<int>(i) : -1;
    }
  }
  text += pending_;
  pending_.clear();
  return -1;
}

}  // namespace loci::dialect
