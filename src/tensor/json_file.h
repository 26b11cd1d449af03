// The small JSON files of a Hugging Face folder.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "base/json.h"

namespace loci {

bool is_there(const std::filesystem::path& file);

/// A JSON object of at most 64 MB; errors name the file.
Result<json::object> read_json_object(const std::filesystem::path& file);
/// The same, empty where there is no such file.
Result<json::object> read_optional_json_object(const std::filesystem::path& file);

}  // namespace loci
