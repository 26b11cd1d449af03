// The commands under `loci bench`. Each adds itself to `bench` and returns what runs it.
#pragma once

#include "cli/command.h"

namespace loci::cli {

Command add_bench_kernels(CLI::App& bench);
Command add_bench_model(CLI::App& bench);
Command add_bench_roofline(CLI::App& bench);
Command add_bench_serve(CLI::App& bench);
Command add_bench_tokenizer(CLI::App& bench);

}  // namespace loci::cli
