// The processors that this process may run on.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace loci {

/// How many threads compute by default: one a physical core in the process's affinity mask, because two of a
/// core share its multipliers and its caches, and no more than whole processors that the control group may
/// use (`docker run --cpus`); at least 1.
int available_processors();

/// The processors in the affinity mask, in the order in which threads are tied to them: one of each core
/// first, socket by socket. Empty if the system does not tell.
std::vector<int> processors_for_threads();

/// A processor's place in the machine.
struct Processor {
  int cpu;
  int core;  // the lowest processor of the same core
  int socket;
  auto operator<=>(const Processor&) const = default;
};

/// As /sys/devices/system/cpu (`root`) tells; a processor of which it tells nothing is a core of its own.
std::vector<Processor> read_topology(std::span<const int> cpus, const std::filesystem::path& root);
/// `processors` in the order of processors_for_threads(), and how many cores they are.
struct ThreadOrder {
  std::vector<int> cpus;
  int cores = 0;
};
ThreadOrder order_for_threads(std::span<const Processor> processors);

/// The processors that this control group and those above it allow (2.5 where a `cpu.max` says `250000
/// 100000`). `groups` is /proc/self/cgroup, `root` /sys/fs/cgroup. None: no limit.
std::optional<double> processor_quota(const std::string& groups, const std::filesystem::path& root);

}  // namespace loci
