// Checks that report instead of ending the process.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace loci {

/// Runs `audit`, which changes nothing, on this thread; the first LOCI_CHECK that fails in it is returned, as
/// "expression (file:line)", instead of ending the process.
std::optional<std::string> failed_check_in(const std::function<void()>& audit);

}  // namespace loci
