// The tokens of a model: what the file calls each of them, which bytes it stands for, and its kind.
// Filled by the readers, then immutable. Memory: the pieces once, the bytes where they differ, 24 bytes a
// token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "text/tokenizer.h"

namespace loci {

struct Token {
  std::string_view piece;  // as the file writes it
  std::string_view bytes;  // what it contributes to text
  TokenKind kind;
};

class Vocabulary {
 public:
  /// Ids run below `limit`, so that a file with a huge id cannot make the table huge.
  explicit Vocabulary(std::size_t limit) : limit_(limit) {}

  /// kCorrupt where `id` is taken or not in [0, limit). Of equal pieces the first keeps the name.
  Result<void> add(std::int64_t id, std::string_view piece, std::string_view bytes, TokenKind kind);
  /// Changes a token that is there.
  void redefine(TokenId id, std::string_view bytes, TokenKind kind);

  int size() const { return static_cast<int>(entries_.size()); }  // highest id + 1
  bool contains(TokenId id) const { return id >= 0 && id < size() && entries_[index(id)].present; }
  std::string_view piece(TokenId id) const;  // empty where there is no such token; so with bytes()
  std::string_view bytes(TokenId id) const;
  TokenKind kind(TokenId id) const { return contains(id) ? entries_[index(id)].kind : TokenKind::kText; }
  std::optional<TokenId> find(std::string_view piece) const;

 private:
  struct Text {
    std::uint32_t begin = 0, size = 0;  // in arena_
  };
  struct Entry {
    Text piece, bytes;
    TokenKind kind = TokenKind::kText;
    bool present = false;
  };
  static std::size_t index(TokenId id) { return static_cast<std::size_t>(id); }
  Text store(std::string_view text);
  std::string_view view(Text text) const { return std::string_view(arena_).substr(text.begin, text.size); }
  std::size_t slot_of(std::string_view piece) const;  // where it is or would be in slots_
  void grow_slots();

  std::size_t limit_;
  std::vector<Entry> entries_;  // [id]
  std::string arena_;
  std::vector<TokenId> slots_;  // hash table by piece, linear probing, at most half full; -1: free
  std::size_t used_slots_ = 0;
};

}  // namespace loci
