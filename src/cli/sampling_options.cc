#include "cli/sampling_options.h"

#include "cli/completion.h"
#include "cli/validators.h"

namespace loci::cli {

SamplingParams SamplingOptions::params(const GenerationDefaults& defaults) const {
  SamplingParams p;
  p.temperature = temperature.value_or(defaults.temperature.value_or(p.temperature));
  p.top_p = top_p.value_or(defaults.top_p.value_or(p.top_p));
  p.top_k = top_k.value_or(defaults.top_k.value_or(p.top_k));
  p.min_p = min_p.value_or(defaults.min_p.value_or(p.min_p));
  p.repetition_penalty =
      repetition_penalty.value_or(defaults.repetition_penalty.value_or(p.repetition_penalty));
  p.seed = seed ? *seed : random_seed();
  return p;
}

void add_sampling_options(CLI::App& command, SamplingOptions& options) {
  command.add_option("--max-tokens", options.max_tokens, "tokens to generate at most")
      ->capture_default_str()
      ->check(at_least(1));
  command.add_option("--temperature", options.temperature, "0: always the most likely token");
  command.add_option("--top-p", options.top_p,
                     "of the most likely tokens that together reach this probability");
  command.add_option("--top-k", options.top_k, "of this many most likely tokens; 0: all");
  command.add_option("--min-p", options.min_p,
                     "of tokens at least this likely, relative to the most likely one");
  command.add_option("--repetition-penalty", options.repetition_penalty,
                     "above 1: tokens already seen become less likely");
  command.add_option("--seed", options.seed, "the same seed gives the same text");
}

}  // namespace loci::cli
