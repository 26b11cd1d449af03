// The model that the API answers for: its engine, its tokenizer and defaults, and the names it is known by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/live_engine.h"
#include "engine/loaded_model.h"
#include "server/api_error.h"
#include "server/openai/generation_request.h"
#include "server/random_id.h"

namespace loci {

/// What is pointed to must live until the server has stopped.
struct ServedModel {
  LiveEngine& engine;
  const LoadedModel& model;
  std::vector<std::string> names;  // at least one; the first is shown, the others are accepted too
  std::int64_t created = 0;        // seconds since 1970
  SeedSeries* seeds = nullptr;     // of requests that bring none; nullptr: random ones

  std::uint64_t next_seed() const { return seeds != nullptr ? seeds->next() : random_number(); }
  const std::string& name() const { return names.front(); }
  ParseContext parse_context() const { return {model.defaults(), model.tokenizer().vocab_size()}; }
};

/// model_not_found unless `asked` is absent or one of the names.
ApiResult<> check_model(const ServedModel& served, const std::optional<std::string>& asked);

}  // namespace loci
