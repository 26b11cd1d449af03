// Machines whose memory lies in several nodes (NUMA), each near to some of the processors.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace loci {

/// The node of each processor, numbered from 0 in the order in which they first appear. All 0 where
/// /sys/devices/system/cpu (`root`) does not tell.
std::vector<int> nodes_of_processors(std::span<const int> cpus, const std::filesystem::path& root);

/// "0-2,5": 0, 1, 2, 5. Numbers of 1024 and more are left out; empty where it is no such list.
std::vector<int> parse_node_list(const std::string& text);

/// Spreads pages that nobody has touched yet over all nodes in turns: for memory that any thread may read.
/// Does nothing where there is one node; a wish, which the system may refuse.
void spread_over_nodes(std::span<std::byte> pages);

}  // namespace loci
