// docs/claims.md and its plot, from claims and their last results.
#pragma once

#include <span>

#include "lab/claim_result.h"

namespace loci::lab {

using ClaimResults = std::map<std::string, ClaimResult>;

/// Markdown; `plot` is the name of the plot's file beside it.
std::string claims_page(std::span<const Claim> claims, const ClaimResults& results, std::string_view plot);

/// SVG in one piece: a bar a claim that was run, from its ratio to 1, with the interval; ratios on a
/// logarithmic scale, so that twice and half are as long.
std::string claims_plot(std::span<const Claim> claims, const ClaimResults& results);

}  // namespace loci::lab
