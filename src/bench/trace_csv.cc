// Traces as tables. A format is a row of kFormats: the names of its columns.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "bench/trace_formats.h"

namespace loci::bench {
namespace {

struct CsvFormat {
  std::string_view name;
  std::string_view time;  // column; empty: the trace has lengths alone
  std::string_view input, output;
  bool has_failures;  // an answer of 0 tokens is a request that failed, and is passed over
};

constexpr std::array kFormats{
    CsvFormat{"azure", "TIMESTAMP", "ContextTokens", "GeneratedTokens", false},
    CsvFormat{"burstgpt", "Timestamp", "Request tokens", "Response tokens", true},
    CsvFormat{"vidur", "arrived_at", "num_prefill_tokens", "num_decode_tokens", false},
    CsvFormat{"lengths", "", "num_prefill_tokens", "num_decode_tokens", false},
};

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t comma = std::min(line.find(','), line.size());
    fields.push_back(line.substr(0, comma));
    if (comma == line.size()) return fields;
    line.remove_prefix(comma + 1);
  }
}

struct Columns {
  const CsvFormat* format;
  int time = -1, input = -1, output = -1;
  std::size_t count = 0;
};

Result<Columns> columns_of(const Lines& lines, std::string_view header) {
  const auto names = split(header);
  const auto index = [&](std::string_view name) {
    const auto at = std::ranges::find(names, name);
    return at == names.end() || name.empty() ? -1 : static_cast<int>(at - names.begin());
  };
  for (const CsvFormat& format : kFormats) {
    const Columns columns{&format, index(format.time), index(format.input), index(format.output),
                          names.size()};
    if (columns.input >= 0 && columns.output >= 0 && (columns.time >= 0 || format.time.empty()))
      return columns;
  }
  return lines.refuse("a table with unknown columns ('{}'); known are those of Azure, BurstGPT and Vidur",
                      header.substr(0, 100));
}

template <class T>
std::optional<T> number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "2023-11-16 18:17:03.9799600", with "Z" or "+00:00" behind it or not, in seconds of Unix time.
std::optional<double> date_seconds(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  if (text.ends_with("+00:00")) text.remove_suffix(6);
  constexpr std::string_view kShape = "0000-00-00 00:00:00";
  if (text.size() < kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool fits = kShape[i] == '0' ? digit : text[i] == kShape[i] || (i == 10 && text[i] == 'T');
    if (!fits) return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t size) { return *number<int>(text.substr(at, size)); };
  const std::chrono::year_month_day date(std::chrono::year(part(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(part(8, 2))));
  if (!date.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 60) return std::nullopt;
  const auto fraction = text.substr(17).find('.') == 2 ? number<double>(text.substr(19)) : std::optional(0.0);
  if (!fraction || (text.size() > kShape.size() && text[19] != '.')) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86400 + part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2) + *fraction;
}

std::optional<double> time_of(std::string_view text) {
  const auto seconds = number<double>(text);
  if (seconds) return *seconds >= 0 && *seconds < 1e12 ? seconds : std::nullopt;
  return date_seconds(text);
}

Result<int> tokens_of(const Lines& lines, std::string_view column, std::string_view field) {
  const auto tokens = number<std::int64_t>(field);
  if (!tokens) return lines.refuse("{}: '{}' is no whole number", column, field.substr(0, 40));
  if (*tokens < 0 || *tokens > kMaxTraceTokens)
    return lines.refuse("{}: {} is not in 0..{}", column, *tokens, kMaxTraceTokens);
  return static_cast<int>(*tokens);
}

}  // namespace

Result<Trace> parse_csv(std::string_view text, std::string_view name) {
  Lines lines(text, name);
  std::string_view line;
  if (!lines.next(line)) return lines.refuse("the file is empty");
  LOCI_TRY(const Columns columns, columns_of(lines, line));
  const CsvFormat& format = *columns.format;
  Trace trace{std::string(format.name), columns.time >= 0, {}};
  while (lines.next(line)) {
    const auto fields = split(line);
    if (fields.size() != columns.count)
      return lines.refuse("{} fields, the first line names {}", fields.size(), columns.count);
    const auto field = [&](int column) { return fields[static_cast<std::size_t>(column)]; };
    TraceRequest request;
    if (trace.timed) {
      const auto time = time_of(field(columns.time));
      if (!time)
        return lines.refuse("{}: '{}' is no time, or below 0", format.time,
                            field(columns.time).substr(0, 40));
      request.at = *time;
    }
    LOCI_TRY(request.input_tokens, tokens_of(lines, format.input, field(columns.input)));
    LOCI_TRY(request.output_tokens, tokens_of(lines, format.output, field(columns.output)));
    if (format.has_failures && request.output_tokens == 0) continue;
    request.input_tokens = std::max(request.input_tokens, 1);
    request.output_tokens = std::max(request.output_tokens, 1);
    trace.requests.push_back(std::move(request));
  }
  return trace;
}

}  // namespace loci::bench
