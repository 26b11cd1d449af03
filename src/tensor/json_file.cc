#include "tensor/json_file.h"

#include <system_error>

#include "base/mapped_file.h"
#include "tensor/error_context.h"

namespace loci {
namespace {

constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 20;

}  // namespace

bool is_there(const std::filesystem::path& file) {
  std::error_code error;
  return std::filesystem::exists(file, error);
}

Result<json::object> read_json_object(const std::filesystem::path& file) {
  LOCI_TRY(const auto text, read_text_file(file, kMaxJsonBytes));
  LOCI_TRY(auto value, in_file(file.string(), parse_json(text)));
  if (!value.is_object()) return fail(ErrorCode::kCorrupt, "{}: not a JSON object", file.string());
  return std::move(value.as_object());
}

Result<json::object> read_optional_json_object(const std::filesystem::path& file) {
  if (!is_there(file)) return json::object();
  return read_json_object(file);
}

}  // namespace loci
