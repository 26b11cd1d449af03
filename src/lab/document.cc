#include "lab/document.h"

#include <charconv>
#include <cmath>

namespace loci::lab {
namespace {

constexpr std::size_t kNamesTold = 12;

const json::value* find(const json::value& from, std::string_view path) {
  if (path.empty()) return &from;
  const std::size_t dot = path.find('.');
  const std::string_view head = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  if (const auto* list = from.if_array()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), index);
    const bool whole = error == std::errc{} && end == head.data() + head.size();
    return whole && index < list->size() ? find((*list)[index], rest) : nullptr;
  }
  const auto* object = from.if_object();
  if (object == nullptr) return nullptr;
  if (const json::value* all = find_field(*object, path)) return all;  // "p99.9_ttft_ms"
  for (std::size_t end = dot; end != std::string_view::npos; end = path.find('.', end + 1))
    if (const json::value* part = find_field(*object, path.substr(0, end)))
      if (const json::value* found = find(*part, path.substr(end + 1))) return found;
  return nullptr;
}

bool fits(const json::value& line, const Metric& metric) {
  const auto* object = line.if_object();
  if (object == nullptr) return false;
  for (const auto& [key, wanted] : metric.select) {
    const json::value* value = find_field(*object, key);
    if (value == nullptr) return false;
    if (const auto* text = std::get_if<std::string>(&wanted.value)) {
      if (!value->is_string() || value->get_string() != *text) return false;
      continue;
    }
    const auto* integer = std::get_if<std::int64_t>(&wanted.value);
    const double number = integer != nullptr ? static_cast<double>(*integer) : std::get<double>(wanted.value);
    if (!value->is_number() || value->to_number<double>() != number) return false;
  }
  return true;
}

}  // namespace

Result<json::value> parse_output(std::string_view text) {
  if (auto whole = parse_json(text)) return whole;
  json::array lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    LOCI_TRY(json::value value, parse_json(line));
    lines.push_back(std::move(value));
  }
  if (lines.empty()) return fail(ErrorCode::kCorrupt, "nothing was printed");
  return lines;
}

Result<double> number_at(const json::value& document, std::string_view path) {
  const json::value* found = find(document, path);
  if (found != nullptr && found->is_number()) {
    const auto number = found->to_number<double>();
    if (std::isfinite(number)) return number;
  }
  std::string names;
  if (const auto* object = document.if_object())
    for (std::size_t i = 0; const auto& field : *object)
      if (field.value().is_number() && i++ < kNamesTold)
        names += fmt::format(" {}", std::string_view(field.key()));
  return fail(ErrorCode::kNotFound, "the run's JSON has no number '{}'; it has{}{}", path,
              names.empty() ? " none" : names, names.empty() ? "" : ", ...");
}

Result<double> measure(const Metric& metric, const json::value& document) {
  const json::value* object = &document;
  if (const auto* list = document.if_array()) {
    std::size_t found = 0;
    for (const json::value& line : *list)
      if (fits(line, metric)) object = &line, ++found;
    if (found != 1)
      return fail(ErrorCode::kNotFound, "metric.select fits {} of the {} objects that were printed, not one",
                  found, list->size());
  }
  LOCI_TRY(const double value, number_at(*object, metric.path));
  if (metric.per.empty()) return value;
  LOCI_TRY(const double per, number_at(*object, metric.per));
  if (per == 0) return fail(ErrorCode::kNotFound, "metric.per: '{}' is 0", metric.per);
  return value / per;
}

}  // namespace loci::lab
