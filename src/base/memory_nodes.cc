#include "base/memory_nodes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "base/mapped_file.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxNode = 1024;

/// N of the folder's entry "nodeN"; -1: there is none.
int node_of(const fs::path& cpu) {
  std::error_code error;
  for (fs::directory_iterator entry(cpu, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    int node = -1;
    const char* end = name.data() + name.size();
    if (name.starts_with("node") && std::from_chars(name.data() + 4, end, node).ptr == end && node >= 0)
      return node;
  }
  return -1;
}

}  // namespace

std::vector<int> nodes_of_processors(std::span<const int> cpus, const fs::path& root) {
  std::vector<int> seen, nodes;
  for (const int cpu : cpus) {
    const int node = node_of(root / ("cpu" + std::to_string(cpu)));
    auto found = std::ranges::find(seen, node);
    if (found == seen.end()) found = seen.insert(seen.end(), node);
    nodes.push_back(static_cast<int>(found - seen.begin()));
  }
  return nodes;
}

std::vector<int> parse_node_list(const std::string& text) {
  std::vector<int> nodes;
  const char *at = text.data(), *end = at + text.size();
  while (at != end && *at != '\n') {
    int first = 0;
    auto read = std::from_chars(at, end, first);
    int last = first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-')
      read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc() || first < 0 || last < first) return {};
    for (int node = first; node <= last && node < kMaxNode; ++node) nodes.push_back(node);
    at = read.ptr != end && *read.ptr == ',' ? read.ptr + 1 : read.ptr;
    if (at == read.ptr && at != end && *at != '\n') return {};
  }
  return nodes;
}

void spread_over_nodes(std::span<std::byte> pages) {
  const std::vector<int> nodes =
      parse_node_list(read_text_file("/sys/devices/system/node/has_memory", 4096).value_or(""));
  if (nodes.size() < 2 || pages.empty()) return;
  std::array<unsigned long, kMaxNode / (8 * sizeof(unsigned long))> mask{};
  for (const int node : nodes) {
    const auto bit = static_cast<std::size_t>(node);
    mask[bit / (8 * sizeof(long))] |= 1ul << bit % (8 * sizeof(long));
  }
  (void)::syscall(SYS_mbind, pages.data(), pages.size(), MPOL_INTERLEAVE, mask.data(), kMaxNode + 1, 0);
}

}  // namespace loci
