#include "text/stop_strings.h"

#include <algorithm>
#include <utility>

namespace loci {

StopStrings::StopStrings(std::vector<std::string> stops, bool include) : include_(include) {
  for (std::size_t index = 0; index < stops.size(); ++index) {
    if (stops[index].empty()) continue;
    Stop stop{.text = std::move(stops[index]), .border = {}, .index = static_cast<int>(index)};
    stop.border.assign(stop.text.size(), 0);
    for (std::size_t i = 1; i < stop.text.size(); ++i) {
      stop.progress = stop.border[i - 1];
      stop.border[i] = advance(stop, stop.text[i]);
    }
    stop.progress = 0;
    stops_.push_back(std::move(stop));
  }
}

std::size_t StopStrings::advance(const Stop& stop, char next) {
  std::size_t length = stop.progress;
  while (length > 0 && stop.text[length] != next) length = stop.border[length - 1];
  return stop.text[length] == next ? length + 1 : 0;
}

const StopStrings::Stop* StopStrings::complete() const {
  const Stop* found = nullptr;
  for (const Stop& stop : stops_)
    if (stop.progress == stop.text.size() && (found == nullptr || stop.text.size() > found->text.size()))
      found = &stop;
  return found;
}

std::size_t StopStrings::longest_progress() const {
  std::size_t longest = 0;
  for (const Stop& stop : stops_) longest = std::max(longest, stop.progress);
  return longest;
}

StopStrings::Output StopStrings::push(std::string_view text) {
  if (stopped_) return {};
  for (const char next : text) {
    held_.push_back(next);
    for (Stop& stop : stops_) stop.progress = advance(stop, next);
    if (const Stop* stop = complete()) {
      stopped_ = true;
      if (!include_) held_.resize(held_.size() - stop->text.size());
      return {std::exchange(held_, {}), stop->index};
    }
  }
  const std::size_t safe = held_.size() - longest_progress();
  Output out{held_.substr(0, safe)};
  held_.erase(0, safe);
  return out;
}

std::string StopStrings::flush() {
  for (Stop& stop : stops_) stop.progress = 0;
  return std::exchange(held_, {});
}

}  // namespace loci
