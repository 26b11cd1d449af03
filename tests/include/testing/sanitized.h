// Tests under a sanitizer run ten times slower: where their size is a matter of thoroughness, they ask this.
#pragma once

namespace loci::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace loci::testing
