// Normalizers rewrite a text before it is cut into words. Immutable; safe from any thread.
// Time: linear in the text, up to a logarithm (runs of combining marks are sorted).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace loci {

class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  /// `text` is valid UTF-8, and so is the result.
  virtual std::string apply(std::string text) const = 0;
};
using NormalizerStepPtr = std::unique_ptr<const NormalizerStep>;

class Normalizer {
 public:
  Normalizer() = default;
  explicit Normalizer(std::vector<NormalizerStepPtr> steps) : steps_(std::move(steps)) {}

  bool empty() const { return steps_.empty(); }
  std::string apply(std::string_view text) const;

 private:
  std::vector<NormalizerStepPtr> steps_;
};

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

NormalizerStepPtr unicode_form_step(UnicodeForm form);
/// Puts `prefix` in front of a text that is not empty.
NormalizerStepPtr prepend_step(std::string prefix);
/// `pattern`, a string that is not empty, becomes `content`.
NormalizerStepPtr replace_step(std::string pattern, std::string content);
/// The matches of a regular expression become `content`.
Result<NormalizerStepPtr> replace_regex_step(std::string_view pattern, std::string content);
NormalizerStepPtr lowercase_step();
NormalizerStepPtr strip_step(bool left, bool right);

}  // namespace loci
