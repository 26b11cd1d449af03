#include "lab/made_model.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "lab/process.h"

namespace loci::lab {
namespace {

constexpr Duration kMakeLimit = std::chrono::minutes(10);

/// "bench-0.5b,layers=4" of Q8_0: "bench-0.5b-layers-4-Q8_0.gguf".
std::string file_name(const ModelChoice& choice) {
  std::string name = choice.shape + "-" + choice.format;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_') c = '-';
  return name + ".gguf";
}

}  // namespace

Result<std::string> made_model(const ModelChoice& choice, const RunPlace& place) {
  const std::filesystem::path path = place.models / file_name(choice);
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path.string();
  std::filesystem::create_directories(place.models, error);
  if (error) return fail(ErrorCode::kIo, "{}: cannot be made: {}", place.models.string(), error.message());
  LOCI_TRY(const ScratchFolder scratch, ScratchFolder::make());
  LOCI_TRY(Process process,
           Process::start(place.program,
                          {"make-model", path.string(), "--like", choice.shape, "--format", choice.format},
                          {scratch / "out", scratch / "err"}));
  if (!process.wait(kMakeLimit))
    return fail(ErrorCode::kUnavailable, "{}: was not made in time", path.string());
  if (process.status() != 0)
    return fail(ErrorCode::kInvalidArgument, "model '{}' {}: {}", choice.shape, choice.format,
                last_line(process.files().err));
  return path.string();
}

}  // namespace loci::lab
