// The commands of the program. Each adds itself to the command line and returns what runs it.
#pragma once

#include <functional>

#include "base/error.h"
#include <CLI/CLI.hpp>

namespace loci::cli {

/// Runs after the command line has been read; an error is printed as one line and ends the program with
/// status 1.
using Action = std::function<Result<>()>;

struct Command {
  CLI::App* parser;  // the subcommand; owned by the application
  Action action;
};

Command add_serve(CLI::App& app);
Command add_run(CLI::App& app);
Command add_chat(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_tokenize(CLI::App& app);
Command add_detokenize(CLI::App& app);
Command add_render(CLI::App& app);
Command add_pull(CLI::App& app);
Command add_fsck(CLI::App& app);
Command add_run_batch(CLI::App& app);
Command add_quantize(CLI::App& app);
Command add_make_model(CLI::App& app);
Command add_sim(CLI::App& app);
Command add_claim(CLI::App& app);
Command add_plan(CLI::App& app);
Command add_tune(CLI::App& app);

}  // namespace loci::cli
