// Checks of flags' values whose refusals read well: CLI11's own names the largest double with its 309 digits.
#pragma once

#include <fmt/format.h>
#include <string>

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

}  // namespace loci::cli
