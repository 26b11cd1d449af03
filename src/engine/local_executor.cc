#include "engine/local_executor.h"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

namespace loci {
namespace {

/// Tells layouts of blocks apart, so that no block is read as another model's.
std::uint64_t layout_id(const KvLayout& kv) {
  std::vector<int> numbers{static_cast<int>(kv.dtype), kv.block_tokens};
  for (const KvLayerShape& layer : kv.layers) {
    numbers.push_back(layer.kv_heads);
    numbers.push_back(layer.head_dim);
  }
  return XXH3_64bits(numbers.data(), numbers.size() * sizeof(int));
}

/// The leading copies that do not touch each other: they can be made in any order, and at once.
std::span<const BlockCopy> independent(std::span<const BlockCopy> copies) {
  constexpr std::size_t kMost = 64;
  std::size_t n = 1;
  for (; n < std::min(copies.size(), kMost); ++n) {
    const BlockCopy& next = copies[n];
    const auto touches = [&](const BlockCopy& copy) {
      return copy.move != next.move || copy.to == next.to ||
             (copy.move == BlockMove::kWithin && (copy.to == next.from || copy.from == next.to));
    };
    if (std::ranges::any_of(copies.first(n), touches)) break;
  }
  return copies.first(n);
}

}  // namespace

Result<std::unique_ptr<LocalExecutor>> LocalExecutor::create(const Model& model, const Options& options) {
  LOCI_TRY(KvArena arena, KvArena::allocate(options.kv, options.kv_blocks));
  LOCI_TRY(HostTier host,
           HostTier::allocate(options.kv.block_bytes(), options.host_blocks, layout_id(options.kv)));
  return std::unique_ptr<LocalExecutor>(new LocalExecutor(model, std::move(arena), std::move(host), options));
}

StepResult LocalExecutor::run(const Batch& batch) {
  model_.forward(batch, arena_.layers(), workspace_, ops_, pool_);
  const auto hidden = static_cast<std::size_t>(model_.spec().hidden_size);
  return {workspace_.logits,
          model_.spec().vocab_size,
          {workspace_.states(), batch.state_rows.size() * hidden},
          model_.spec().hidden_size};
}

void LocalExecutor::copy(std::span<const BlockCopy> copies, std::vector<int>& damaged) {
  std::vector<char> refused(copies.size());
  for (std::size_t done = 0; done < copies.size();) {
    const auto group = independent(copies.subspan(done));
    pool_.for_each_chunk(static_cast<int>(group.size()), 1, [&](int begin, int end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        refused[done + i] = !copy_one(group[i]);
    });
    done += group.size();
  }
  for (std::size_t i = 0; i < copies.size(); ++i)
    if (refused[i]) damaged.push_back(static_cast<int>(i));
}

bool LocalExecutor::copy_one(const BlockCopy& copy) {
  switch (copy.move) {
    case BlockMove::kWithin:
      std::ranges::copy(arena_.block(copy.from), arena_.block(copy.to).begin());
      return true;
    case BlockMove::kToHost:
      host_.write(copy.to, copy.key, arena_.block(copy.from));
      return true;
    case BlockMove::kFromHost:
      break;
  }
  return host_.read(copy.from, copy.key, arena_.block(copy.to));
}

}  // namespace loci
