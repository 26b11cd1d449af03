// Regular expressions of tokenizer files: PCRE2 with JIT, in UTF mode with Unicode properties. Immutable;
// safe from any thread (match state is thread-local). A match has a work limit, so that no pattern of a
// hostile file backtracks for ever; a search that runs into it finds nothing.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace loci {

class Regex {
 public:
  struct Match {
    std::size_t begin, end;  // bytes
  };

  /// kUnsupported with offset and reason where PCRE2 does not take `pattern` (valid UTF-8). The dialect is
  /// Oniguruma's (Ruby), as tokenizer.json means it, as far as PCRE2 agrees with it: `\s` is the property
  /// White_Space, `$` ends a line.
  static Result<Regex> compile(std::string_view pattern);

  /// The first match that begins at or after byte `from`, the first byte of a character. `text` is valid
  /// UTF-8.
  std::optional<Match> find(std::string_view text, std::size_t from) const;

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

 private:
  struct Code;
  explicit Regex(std::unique_ptr<const Code> code);
  std::unique_ptr<const Code> code_;
};

}  // namespace loci
