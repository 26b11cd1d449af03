// A checkpoint's configuration under one set of names, whatever its container: Hugging Face's keys. For GGUF
// they are translated ("hidden_size" -> "llama.embedding_length"); a family's own spelling ("n_embd") is an
// alias.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tensor/checkpoint.h"

namespace loci {

/// In this family's config.json, `key` is written `alias`.
struct KeyAlias {
  std::string_view key, alias;
};

/// What a key means where config.json does not have it: transformers leaves out of nested configurations what
/// is the default of their class.
struct KeyDefault {
  std::string_view key;
  double value;
};

/// Errors name the key as the file has it. Integers are extents: in [1, 2^24], since larger ones belong to no
/// model and only invite overflow.
class ModelConfig {
 public:
  explicit ModelConfig(const Checkpoint& checkpoint);
  void add_aliases(std::span<const KeyAlias> aliases) { aliases_ = aliases; }
  /// For config.json alone, before any fallback. `defaults` must outlive this.
  void add_defaults(std::span<const KeyDefault> defaults) { defaults_ = defaults; }

  bool is_gguf() const { return checkpoint_.is_gguf(); }
  bool has(std::string_view key) const;
  /// Not there at all: a null is there and means "none", for has() both are the same.
  bool is_absent(std::string_view key) const;
  Result<int> extent(std::string_view key) const;
  Result<int> extent_or(std::string_view key, int fallback) const;
  Result<double> number(std::string_view key) const;
  Result<double> number_or(std::string_view key, double fallback) const;
  Result<bool> flag_or(std::string_view key, bool fallback) const;
  Result<std::string> text_or(std::string_view key, std::string_view fallback) const;

  /// config.json, or its "text_config" where the model is the text part of a larger one. Empty for GGUF.
  const json::object& json() const { return *json_; }
  const GgufMetadata& gguf() const { return checkpoint_.gguf(); }
  std::string_view architecture() const { return architecture_; }
  /// The key as the file spells it, for messages: "field 'hidden_size'", "llama.embedding_length".
  std::string spelled(std::string_view key) const;
  /// "llama.rope.scaling.type" of "rope.scaling.type". GGUF only.
  std::string gguf_key(std::string_view suffix) const;

 private:
  std::string_view alias_of(std::string_view key) const;
  const json::value* find(std::string_view key) const;
  const KeyDefault* default_of(std::string_view key) const;

  const Checkpoint& checkpoint_;
  const json::object* json_;
  std::string architecture_;
  std::span<const KeyAlias> aliases_;
  std::span<const KeyDefault> defaults_;
};

}  // namespace loci
