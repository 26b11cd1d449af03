#include "cli/cli.h"

#include <cstdio>
#include <vector>

#include "cli/command.h"
#include "cli/config_file.h"

namespace loci::cli {
namespace {

constexpr int kStatusError = 1;
constexpr int kStatusUsage = 2;

int fail_with(const Error& error, int status) {
  fmt::print(stderr, "loci: {}\n", error.message);
  return status;
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app{"Loci: an inference server for large language models that treats context as memory"};
  app.set_version_flag("--version", "loci " LOCI_VERSION);
  app.require_subcommand(1);
  const std::vector commands{add_serve(app),    add_run(app),      add_chat(app),       add_inspect(app),
                             add_bench(app),    add_tokenize(app), add_detokenize(app), add_render(app),
                             add_pull(app),     add_quantize(app), add_make_model(app), add_fsck(app),
                             add_sim(app),      add_plan(app),     add_tune(app),       add_claim(app),
                             add_run_batch(app)};

  auto arguments = with_config_file({argv + 1, argv + argc});
  if (!arguments) return fail_with(arguments.error(), kStatusUsage);
  try {
    std::vector<std::string> reversed(arguments->rbegin(), arguments->rend());  // as CLI11 wants them
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kStatusUsage;  // --help and --version are no errors
  }
  for (const Command& command : commands) {
    if (!command.parser->parsed()) continue;
    if (const auto done = command.action(); !done) return fail_with(done.error(), kStatusError);
  }
  return 0;
}

}  // namespace loci::cli
