#include "server/served_model.h"

#include <algorithm>

namespace loci {

ApiResult<> check_model(const ServedModel& served, const std::optional<std::string>& asked) {
  if (asked && std::ranges::find(served.names, *asked) == served.names.end())
    return std::unexpected(model_not_found(*asked, served.name()));
  return {};
}

}  // namespace loci
