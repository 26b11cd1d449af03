#include "text/tokenize/vocabulary.h"

#define XXH_INLINE_ALL
#include <limits>
#include <xxhash.h>

#include "base/check.h"

namespace loci {

Result<void> Vocabulary::add(std::int64_t id, std::string_view piece, std::string_view bytes,
                             TokenKind kind) {
  if (id < 0 || static_cast<std::uint64_t>(id) >= limit_)
    return fail(ErrorCode::kCorrupt, "token id {} is not in 0..{}", id, limit_ - 1);
  const auto token = static_cast<TokenId>(id);
  if (contains(token)) return fail(ErrorCode::kCorrupt, "token id {} is given twice", id);
  if (arena_.size() + piece.size() + bytes.size() > std::numeric_limits<std::uint32_t>::max())
    return fail(ErrorCode::kUnsupported, "a vocabulary of more than 4 GiB");
  if (index(token) >= entries_.size()) entries_.resize(index(token) + 1);
  const Text stored = store(piece);
  entries_[index(token)] = {stored, bytes == piece ? stored : store(bytes), kind, true};
  if ((used_slots_ + 1) * 2 > slots_.size()) grow_slots();
  TokenId& slot = slots_[slot_of(piece)];
  if (slot < 0) {
    slot = token;
    ++used_slots_;
  }
  return {};
}

void Vocabulary::redefine(TokenId id, std::string_view bytes, TokenKind kind) {
  LOCI_CHECK(contains(id));
  Entry& entry = entries_[index(id)];
  if (bytes != view(entry.bytes)) entry.bytes = bytes == view(entry.piece) ? entry.piece : store(bytes);
  entry.kind = kind;
}

std::string_view Vocabulary::piece(TokenId id) const {
  return contains(id) ? view(entries_[index(id)].piece) : std::string_view();
}
std::string_view Vocabulary::bytes(TokenId id) const {
  return contains(id) ? view(entries_[index(id)].bytes) : std::string_view();
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const {
  if (slots_.empty()) return std::nullopt;
  const TokenId id = slots_[slot_of(piece)];
  if (id < 0) return std::nullopt;
  return id;
}

Vocabulary::Text Vocabulary::store(std::string_view text) {
  const Text stored{static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(text.size())};
  arena_.append(text);
  return stored;
}

std::size_t Vocabulary::slot_of(std::string_view piece) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = XXH3_64bits(piece.data(), piece.size()) & mask;
  while (slots_[i] >= 0 && view(entries_[index(slots_[i])].piece) != piece) i = (i + 1) & mask;
  return i;
}

void Vocabulary::grow_slots() {
  const std::vector<TokenId> old = std::move(slots_);
  slots_.assign(old.empty() ? 64 : old.size() * 2, -1);
  for (const TokenId id : old)
    if (id >= 0) slots_[slot_of(view(entries_[index(id)].piece))] = id;
}

}  // namespace loci
