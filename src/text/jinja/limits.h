// What one template may cost. A template comes with a model's files and its input from a client: neither is
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace loci::jinja {

inline constexpr std::size_t kMaxSourceBytes = 1 << 20;  // the longest real template has 30 KB
inline constexpr int kMaxNesting = 100;                  // of expressions, brackets and blocks in the source
inline constexpr int kMaxTreeHeight = 160;          // of the syntax tree: chains like a.b.c grow it as well
inline constexpr int kMaxValueDepth = 128;          // lists in lists; twice what parse_json lets through
inline constexpr std::int64_t kMaxRange = 100'000;  // as jinja2's sandbox has it

struct Limits {
  std::uint64_t max_steps = 30'000'000;      // a node evaluated, 256 bytes copied: a few seconds at worst
  std::size_t max_live_bytes = 256u << 20;   // held by values at one time
  std::size_t max_output_bytes = 64u << 20;  // of the rendered text or of one captured block
  int max_run_depth = 800;                   // nodes within nodes, macro calls included
};

}  // namespace loci::jinja
