// Reads numbers from a checkpoint's configuration, with errors that name the field.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "tensor/gguf.h"

namespace loci {

/// An integer in [1, 2^24]: larger extents belong to no model and only invite overflow.
Result<int> positive_field(const json::object& config, std::string_view key);
Result<int> positive_field_or(const json::object& config, std::string_view key, int fallback);
Result<double> number_field_or(const json::object& config, std::string_view key, double fallback);
Result<bool> bool_field_or(const json::object& config, std::string_view key, bool fallback);

Result<int> positive_key(const GgufMetadata& metadata, std::string_view key);
Result<int> positive_key_or(const GgufMetadata& metadata, std::string_view key, int fallback);

}  // namespace loci
