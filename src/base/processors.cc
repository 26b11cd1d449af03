#include "base/processors.h"

#include <algorithm>
#include <charconv>
#include <sched.h>
#include <sstream>

#include "base/mapped_file.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 1 << 16;

std::string text_of(const fs::path& file) {
  return read_text_file(file, kMaxFileBytes).value_or("");
}

/// The number that `text` begins with.
std::optional<long> leading_number(std::string_view text) {
  long number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::vector<int> allowed_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  return cpus;
}

ThreadOrder this_machine() {
  return order_for_threads(read_topology(allowed_processors(), "/sys/devices/system/cpu"));
}

std::optional<double> ratio(std::optional<long> quota, std::optional<long> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

/// Of one group: `cpu.max` of version 2 ("max 100000", "250000 100000"), else the two files of version 1.
std::optional<double> quota_of(const fs::path& group) {
  if (const std::string both = text_of(group / "cpu.max"); !both.empty()) {
    const std::size_t space = std::min(both.find(' '), both.size() - 1);
    return ratio(leading_number(both), leading_number(std::string_view(both).substr(space + 1)));
  }
  return ratio(leading_number(text_of(group / "cpu.cfs_quota_us")),
               leading_number(text_of(group / "cpu.cfs_period_us")));
}

/// Where the groups of a line "4:cpu,cpuacct:/some/group" of /proc/self/cgroup lie, if they count processors;
/// version 2 names no controllers.
std::optional<fs::path> folder_of(std::string_view controllers, const fs::path& root) {
  if (controllers.empty()) return root;
  for (std::string_view rest = controllers; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (rest.substr(0, comma) == "cpu") return root / "cpu";
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return std::nullopt;
}

}  // namespace

std::vector<Processor> read_topology(std::span<const int> cpus, const fs::path& root) {
  std::vector<Processor> processors;
  for (const int cpu : cpus) {
    const fs::path topology = root / ("cpu" + std::to_string(cpu)) / "topology";
    const auto core = leading_number(text_of(topology / "thread_siblings_list"));
    const auto socket = leading_number(text_of(topology / "physical_package_id"));
    processors.push_back({cpu, static_cast<int>(core.value_or(cpu)), static_cast<int>(socket.value_or(0))});
  }
  return processors;
}

ThreadOrder order_for_threads(std::span<const Processor> processors) {
  struct Place {
    std::ptrdiff_t sibling;  // 0: the first of its core
    int socket, cpu;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> places;
  for (auto p = processors.begin(); p != processors.end(); ++p)
    places.push_back(
        {std::ranges::count(processors.begin(), p, p->core, &Processor::core), p->socket, p->cpu});
  std::ranges::sort(places);
  ThreadOrder order;
  for (const Place& place : places) order.cpus.push_back(place.cpu);
  order.cores = static_cast<int>(std::ranges::count(places, 0, &Place::sibling));
  return order;
}

std::optional<double> processor_quota(const std::string& groups, const fs::path& root) {
  std::optional<double> least;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto folder = folder_of(std::string_view(line).substr(first + 1, second - first - 1), root);
    if (!folder) continue;
    for (fs::path path = fs::path(line.substr(second + 1)).relative_path();; path = path.parent_path()) {
      if (const auto quota = quota_of(*folder / path)) least = std::min(least.value_or(*quota), *quota);
      if (path.empty()) break;
    }
  }
  return least;
}

int available_processors() {
  const int cores = this_machine().cores;
  const auto quota = processor_quota(text_of("/proc/self/cgroup"), "/sys/fs/cgroup");
  const int paid = quota && *quota < cores ? static_cast<int>(*quota) : cores;
  return std::max(1, paid);
}

std::vector<int> processors_for_threads() {
  return this_machine().cpus;
}

}  // namespace loci
