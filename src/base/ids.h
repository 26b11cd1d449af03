// Strong identifiers: a block's number cannot be passed where a sequence's is wanted.
#pragma once

#include <cstdint>
#include <type_traits>

namespace loci {

using TokenId = std::int32_t;  // index into the vocabulary, >= 0

enum class RequestId : std::uint64_t {};   // what a client asked; unique in a process
enum class SequenceId : std::uint64_t {};  // one token stream; a request has one per choice
enum class BlockId : std::uint32_t {};     // a block of KV in the fast arena

template <class Id>
constexpr auto raw(Id id) {
  return static_cast<std::underlying_type_t<Id>>(id);
}

}  // namespace loci
