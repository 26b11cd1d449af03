// `loci render TEMPLATE.jinja CONTEXT.json`: a chat template, rendered as transformers renders it.
#include <chrono>
#include <ctime>
#include <memory>

#include "base/json.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/text_input.h"
#include "text/jinja/template.h"

namespace loci::cli {
namespace {

struct RenderCommand {
  std::string template_file, context_file, now;
};

/// `time` on the clock of the wall, as if it were UTC.
std::chrono::sys_seconds as_if_utc(std::tm time) {
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&time)));
}

std::chrono::sys_seconds local_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return as_if_utc(local);
}

/// "2025-07-26T12:00", with seconds if wanted.
Result<std::chrono::sys_seconds> parse_instant(const std::string& text) {
  for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    std::tm time{};
    const char* end = ::strptime(text.c_str(), form, &time);
    if (end != nullptr && *end == '\0') return as_if_utc(time);
  }
  return fail(ErrorCode::kInvalidArgument, "--now {}: not a time like 2025-07-26T12:00", text);
}

template <class T>
Result<T> in_file(const std::string& file, Result<T> result) {
  if (result) return result;
  return std::unexpected(std::move(result).error().in(file));
}

Result<> render(const RenderCommand& options) {
  jinja::RenderOptions how;
  how.now = local_now();
  if (!options.now.empty()) {
    LOCI_TRY(how.now, parse_instant(options.now));
  }
  LOCI_TRY(const std::string source, read_whole_file(options.template_file));
  LOCI_TRY(const auto parsed, in_file(options.template_file, jinja::Template::parse(source)));
  LOCI_TRY(const std::string text, read_whole_file(options.context_file));
  LOCI_TRY(const json::value context, in_file(options.context_file, parse_json(text)));
  if (!context.is_object())
    return fail(ErrorCode::kInvalidArgument, "{}: not a JSON object", options.context_file);
  LOCI_TRY(const std::string rendered,
           in_file(options.template_file, parsed.render(context.get_object(), how)));
  print_text(rendered);
  return {};
}

}  // namespace

Command add_render(CLI::App& app) {
  auto options = std::make_shared<RenderCommand>();
  CLI::App* command = app.add_subcommand("render", "render a chat template with the variables of a file");
  command->add_option("TEMPLATE", options->template_file, "a Jinja file")->required();
  command->add_option("CONTEXT", options->context_file, "a JSON object: messages, tools, bos_token, ...")
      ->required();
  command->add_option("--now", options->now,
                      "what strftime_now tells, as 2025-07-26T12:00; default: the local time");
  return {command, [options] { return render(*options); }};
}

}  // namespace loci::cli
