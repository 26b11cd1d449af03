// Checks of flags' values whose refusals read well: CLI11's own names the largest double with its 309 digits.
#pragma once

#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace loci::cli {

/// Accepts numbers of at least `least`.
inline CLI::Validator at_least(int least) {
  const auto refusal = [least](const std::string& text) {
    double number = 0;
    const bool accepted = CLI::detail::lexical_cast(text, number) && number >= least;
    return accepted ? std::string() : fmt::format("'{}' is not a number of at least {}", text, least);
  };
  return CLI::Validator(refusal, fmt::format(">= {}", least), "at least");
}

/// "1,4,16": none where an item is empty, no whole number, or outside [low, high].
inline std::optional<std::vector<int>> parse_numbers(std::string_view text, int low, int high) {
  std::vector<int> numbers;
  for (;;) {
    const std::string_view item = text.substr(0, text.find(','));
    int number = 0;
    const auto read = std::from_chars(item.data(), item.data() + item.size(), number);
    if (read.ec != std::errc() || read.ptr != item.data() + item.size() || number < low || number > high)
      return std::nullopt;
    numbers.push_back(number);
    if (item.size() == text.size()) return numbers;
    text.remove_prefix(item.size() + 1);
  }
}

/// Accepts what parse_numbers() does. (CLI11's own lists drop empty items.)
inline CLI::Validator numbers_between(int low, int high) {
  const auto refusal = [low, high](const std::string& text) {
    return parse_numbers(text, low, high)
               ? std::string()
               : fmt::format("'{}' is no list of numbers from {} to {}", text, low, high);
  };
  return CLI::Validator(refusal, fmt::format("{}..{},...", low, high), "numbers");
}

}  // namespace loci::cli
