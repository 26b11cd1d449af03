// Runs one request on an engine and hands its text over as it comes, on the caller's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/live_engine.h"

namespace loci::cli {

/// Blocks until the request has ended and returns its usage. `on_text` sees each piece of choice 0.
/// The engine's refusal, or kUnavailable where it could not finish.
Result<Usage> complete(LiveEngine& engine, Request request,
                       const std::function<void(std::string_view)>& on_text);

/// Writes to standard output at once.
void print_text(std::string_view text);

/// A seed that no other run has.
std::uint64_t random_seed();

}  // namespace loci::cli
