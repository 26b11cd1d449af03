// For tests: what a parser makes of an answer, and the answers that the templates in ../shared/data render.
#pragma once

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "text/dialect/dialect.h"

namespace loci::test {

/// All deltas of an answer, put together.
struct Answer {
  struct Call {
    std::string id, name, arguments;
    bool operator==(const Call&) const = default;
  };
  std::string content, reasoning;
  std::vector<Call> calls;
  bool operator==(const Answer&) const = default;

  /// Adds a delta; a delta that breaks the rules of dialect.h is a test failure.
  void add(const AnswerDelta& delta);
};
std::ostream& operator<<(std::ostream& out, const Answer& answer);

/// The answer fed in pieces that end at `cuts` (ascending).
Answer parse_answer(const Dialect& dialect, const AnswerOptions& options, std::string_view text,
                    const std::vector<std::size_t>& cuts = {});

const Dialect& dialect_named(std::string_view name);

/// A template in the shared data, the dialect that it shows, and what ends an assistant's turn in it.
struct TemplateRow {
  std::string_view file;     // without ".jinja"
  std::string_view dialect;  // empty: none
  std::string_view turn_end;
  bool renders_calls = true;
};
std::span<const TemplateRow> template_rows();

/// An assistant's turn as a template renders it.
struct RenderedTurn {
  const Dialect* dialect;
  AnswerOptions options;
  std::string text;
};

json::object golden_context(std::string_view file);
/// The assistant's turn messages[1] of `context`, cut out of `rendered`.
RenderedTurn cut_turn(const TemplateRow& row, const json::object& context, const std::string& rendered);
/// messages[0..1] of `context` by the template itself; nullopt where it refuses them.
std::optional<RenderedTurn> render_turn(const TemplateRow& row, const json::object& context);

}  // namespace loci::test
