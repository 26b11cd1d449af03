#include "cli/text_input.h"

#include <iostream>
#include <iterator>
#include <limits>
#include <unistd.h>

#include "base/mapped_file.h"

namespace loci::cli {

Result<std::string> read_standard_input(std::string_view wanted) {
  if (::isatty(STDIN_FILENO) != 0)
    return fail(ErrorCode::kInvalidArgument, "no {}: give one, or pipe one in", wanted);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<std::string> read_whole_file(const std::filesystem::path& path) {
  return read_text_file(path, std::numeric_limits<std::size_t>::max());
}

}  // namespace loci::cli
