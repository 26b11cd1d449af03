// What a run printed, as one JSON value, and the number in it that a metric means.
#pragma once

#include "base/json.h"
#include "lab/claim.h"

namespace loci::lab {

/// JSON, or JSON a line: then an array of the lines.
Result<json::value> parse_output(std::string_view text);

/// The number at `path`: names with dots between them, numbers into arrays. A name may hold dots itself.
/// kNotFound that lists what there is instead.
Result<double> number_at(const json::value& document, std::string_view path);

/// The metric of a document; of an array the one object that `select` fits.
Result<double> measure(const Metric& metric, const json::value& document);

}  // namespace loci::lab
