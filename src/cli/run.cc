// `loci run [MODEL] PROMPT`: completes a prompt to standard output.
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/model_options.h"
#include "cli/sampling_options.h"

namespace loci::cli {
namespace {

struct RunOptions {
  ModelOptions model;
  SamplingOptions sampling;
  std::vector<std::string> words;  // [MODEL] PROMPT
};

/// One word is the prompt, two are model and prompt. Without a prompt, or with "-", it is read from standard
/// input.
Result<std::string> split_words(RunOptions& options) {
  auto& words = options.words;
  const bool only_model =
      words.size() == 1 && (std::filesystem::exists(words[0]) || is_pulled_model(words[0]));
  if (words.size() == 2 || only_model) {
    options.model.model = words[0];
    words.erase(words.begin());
  }
  if (!words.empty() && words[0] != "-") return words[0];
  if (::isatty(STDIN_FILENO) != 0)
    return fail(ErrorCode::kInvalidArgument, "no prompt: give one, or pipe one in");
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<> run_completion(RunOptions& options) {
  LOCI_TRY(const std::string prompt, split_words(options));
  LOCI_TRY_VOID(options.model.apply());
  LOCI_TRY(const LoadedModel model, LoadedModel::load(options.model.model, options.model.load_options()));
  options.model.engine.max_num_seqs = 1;
  LOCI_TRY(const auto engine, LiveEngine::start(model, options.model.engine));
  Request request;
  request.prompt = model.tokenizer().encode(prompt);
  request.sampling = options.sampling.params(model.defaults());
  // What does not fit into the context is not generated; a prompt that leaves no room is the engine's to
  // refuse.
  const int room = engine->max_model_len() - static_cast<int>(request.prompt.size());
  request.max_tokens = std::max(1, std::min(options.sampling.max_tokens, room));
  LOCI_TRY_VOID(complete(*engine, std::move(request), print_text));
  if (::isatty(STDOUT_FILENO) != 0) print_text("\n");
  return {};
}

}  // namespace

Command add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  options->model.log_level = "warning";
  CLI::App* command = app.add_subcommand("run", "complete a prompt to standard output");
  command
      ->add_option("[MODEL] PROMPT", options->words,
                   "the model, if not the embedded one, and the prompt (raw; - or none: standard input)")
      ->expected(0, 2);
  add_sampling_options(*command, options->sampling);
  add_model_options(*command, options->model);
  add_engine_options(*command, options->model);
  return {command, [options] { return run_completion(*options); }};
}

}  // namespace loci::cli
