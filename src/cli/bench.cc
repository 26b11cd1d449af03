// `loci bench`: what this machine can do, and how near Loci comes to it.
#include "cli/bench.h"

#include <vector>

namespace loci::cli {

Command add_bench(CLI::App& app) {
  CLI::App* bench = app.add_subcommand("bench", "measure the speed of this machine");
  bench->require_subcommand(1);
  const std::vector commands{add_bench_model(*bench), add_bench_kernels(*bench), add_bench_roofline(*bench),
                             add_bench_tokenizer(*bench)};
  return {bench, [commands]() -> Result<> {
            for (const Command& command : commands)
              if (command.parser->parsed()) return command.action();
            return {};
          }};
}

}  // namespace loci::cli
