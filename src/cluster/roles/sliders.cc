#include "cluster/roles/sliders.h"

#include <algorithm>

namespace loci::cluster {
namespace {

std::unexpected<Error> refuse(std::string_view slider, const std::string& why) {
  return std::unexpected(
      Error{ErrorCode::kInvalidArgument, fmt::format("{}: {}", slider, why), std::string(slider)});
}

constexpr int kMostReplicas = 1 << 16;

}  // namespace

Result<std::vector<ReplicaPlan>> arrange(const Sliders& sliders) {
  const auto [prefill, decode, prefill_chunk, decode_chunk] = sliders;
  if (prefill < 0 || prefill > kMostReplicas)
    return refuse("prefill_heavy", fmt::format("{} is not within 0..{}", prefill, kMostReplicas));
  if (decode < 0 || decode > kMostReplicas)
    return refuse("decode_heavy", fmt::format("{} is not within 0..{}", decode, kMostReplicas));
  if (prefill + decode == 0) return refuse("prefill_heavy", "a fleet needs a replica");
  if (prefill_chunk < 1) return refuse("prefill_chunk", fmt::format("{} is less than 1", prefill_chunk));
  if (decode_chunk < 0 || decode_chunk > prefill_chunk)
    return refuse("decode_chunk",
                  fmt::format("{} is not within 0..prefill_chunk ({})", decode_chunk, prefill_chunk));
  if (prefill == 0 && decode_chunk == 0) return refuse("decode_chunk", "nobody computes prompts");
  const bool all_alike = prefill_chunk == decode_chunk || prefill == 0 || decode == 0;
  std::vector<ReplicaPlan> plans;
  for (int i = 0; i < prefill; ++i)
    plans.push_back({all_alike ? ReplicaRole::kMixed : ReplicaRole::kPrefill, prefill_chunk});
  for (int i = 0; i < decode; ++i)
    plans.push_back({all_alike ? ReplicaRole::kMixed : ReplicaRole::kDecode, decode_chunk});
  return plans;
}

std::vector<Sliders> all_sliders(int replicas, std::span<const int> chunks) {
  std::vector<int> sizes(chunks.begin(), chunks.end());
  std::erase_if(sizes, [](int chunk) { return chunk < 1; });
  std::ranges::sort(sizes);
  sizes.erase(std::ranges::unique(sizes).begin(), sizes.end());
  std::vector<Sliders> all;
  if (replicas < 1) return all;
  for (const int chunk : sizes) all.push_back(aggregated(replicas, chunk));
  for (int prefill = 1; prefill < replicas; ++prefill) {
    const int decode = replicas - prefill;
    all.push_back(disaggregated(prefill, decode));
    for (const int large : sizes)
      for (const int small : sizes)
        if (small < large) all.push_back({prefill, decode, large, small});
  }
  return all;
}

}  // namespace loci::cluster
