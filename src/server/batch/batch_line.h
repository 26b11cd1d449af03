// The lines of OpenAI's batch files: {"custom_id", "method", "url", "body"} in, {"id", "custom_id",
// "response", "error"} out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "server/http.h"

namespace loci {

inline constexpr std::size_t kMaxCustomIdBytes = 512;

struct BatchLine {
  std::string custom_id;
  HttpRequest request;
};

/// The custom_id of a line, as far as it can be read.
std::optional<std::string> custom_id_of(std::string_view line);

/// A request to a POST endpoint that answers at once; offline, for nobody waits for a single line. The error
/// says what is wrong with the line.
Result<BatchLine> parse_batch_line(std::string_view line);

/// The output line, with its newline.
std::string answer_line(std::string_view custom_id, std::string_view request_id,
                        const HttpResponse& response);
/// Of a line that is no request; its number (from 1) identifies one without custom_id.
std::string error_line(const std::optional<std::string>& custom_id, std::int64_t number, const Error& error);

/// Which input line an output line answers: its custom_id, else its number.
struct AnsweredLine {
  std::optional<std::string> custom_id;
  std::int64_t number = 0;
};
/// kCorrupt where it is no line of an output file.
Result<AnsweredLine> parse_answered_line(std::string_view line);

}  // namespace loci
