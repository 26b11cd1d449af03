// `loci bench`: what this machine can do, how near Loci comes to it, and what a server does under load.
#include "cli/bench.h"

#include <vector>

namespace loci::cli {

Command add_bench(CLI::App& app) {
  CLI::App* bench = app.add_subcommand("bench", "measure the speed of this machine, or of a server");
  bench->require_subcommand(1);
  const std::vector commands{add_bench_model(*bench), add_bench_kernels(*bench), add_bench_roofline(*bench),
                             add_bench_serve(*bench), add_bench_tokenizer(*bench)};
  return {bench, [commands]() -> Result<> {
            for (const Command& command : commands)
              if (command.parser->parsed()) return command.action();
            return {};
          }};
}

}  // namespace loci::cli
