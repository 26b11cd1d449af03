// GGUF v2 and v3: the model file of the llama.cpp family.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
//
// The parser trusts nothing: every count, length and offset is compared with the bytes that are left before
// it is used, so that a hostile file can neither crash it nor make it allocate more than a small multiple of
// the file. Strings and tensors are windows on the parsed bytes, which must outlive the result.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace loci {

/// One metadata value. Integers of every width become int64 (uint64 above 2^63 - 1 is refused), floats become
/// double.
using GgufValue = std::variant<bool, std::int64_t, double, std::string_view, std::vector<bool>,
                               std::vector<std::int64_t>, std::vector<double>, std::vector<std::string_view>>;

class GgufMetadata {
 public:
  bool contains(std::string_view key) const { return values_.find(key) != values_.end(); }

  /// The value of `key` as T (bool, std::int64_t, double, std::string_view or a vector of one of them).
  /// kCorrupt naming the key where it is absent or of another type; an integer serves where a double is asked
  /// for.
  template <class T>
  Result<T> get(std::string_view key) const;
  /// As get(), but `fallback` where the key is absent. A present key of another type is still an error.
  template <class T>
  Result<T> get_or(std::string_view key, T fallback) const;
  /// The array under `key` without copying it, or nullptr where it is absent or of another type.
  template <class T>
  const std::vector<T>* array(std::string_view key) const;

  const std::map<std::string, GgufValue, std::less<>>& values() const { return values_; }

 private:
  friend struct GgufParser;
  std::map<std::string, GgufValue, std::less<>> values_;
};

struct GgufFile {
  int version = 0;
  std::size_t alignment = 32;
  GgufMetadata metadata;
  std::vector<Tensor> tensors;  // in file order
};

/// Parses a whole GGUF image. Errors name the field: "tensor 'blk.0.attn_q.weight': ends at byte 900, the
/// file at 512".
Result<GgufFile> parse_gguf(std::span<const std::byte> bytes);

}  // namespace loci
