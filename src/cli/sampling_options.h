// The sampling options of the commands that generate text. What is not given comes from the model's own
// defaults.
#pragma once

#include <optional>

#include "engine/generation_defaults.h"
#include "engine/request.h"
#include <CLI/CLI.hpp>

namespace loci::cli {

struct SamplingOptions {
  int max_tokens = 256;
  std::optional<float> temperature, top_p, min_p, repetition_penalty;
  std::optional<int> top_k;
  std::optional<std::uint64_t> seed;

  SamplingParams params(const GenerationDefaults& defaults) const;
};

void add_sampling_options(CLI::App& command, SamplingOptions& options);

}  // namespace loci::cli
