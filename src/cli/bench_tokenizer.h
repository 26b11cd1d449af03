// `loci bench tokenizer`: how fast texts become tokens and tokens texts.
#pragma once

#include "cli/command.h"

namespace loci::cli {

/// Adds the command under `bench`.
Command add_bench_tokenizer(CLI::App& bench);

}  // namespace loci::cli
