#include "text/tokenize/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <new>
#include <pcre2.h>
#include <string>

namespace loci {
namespace {

// Backtracking steps from one start position. The patterns of real tokenizers need about one a character; the
// limit lets a megabyte of spaces through and ends an exponential search within a fraction of a second.
constexpr std::uint32_t kMatchLimit = 4'000'000;
constexpr std::size_t kJitStackStart = 32 << 10, kJitStackLimit = 4 << 20;

/// What matching needs besides the pattern; one per thread.
class MatchState {
 public:
  MatchState()
      : data_(pcre2_match_data_create(1, nullptr)),
        context_(pcre2_match_context_create(nullptr)),
        stack_(pcre2_jit_stack_create(kJitStackStart, kJitStackLimit, nullptr)) {
    if (data_ == nullptr || context_ == nullptr || stack_ == nullptr) throw std::bad_alloc();
    pcre2_set_match_limit(context_, kMatchLimit);
    pcre2_jit_stack_assign(context_, nullptr, stack_);
  }
  ~MatchState() {
    pcre2_match_data_free(data_);
    pcre2_match_context_free(context_);
    pcre2_jit_stack_free(stack_);
  }
  MatchState(const MatchState&) = delete;
  MatchState& operator=(const MatchState&) = delete;

  int match(const pcre2_code* code, std::string_view text, std::size_t from) {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    constexpr std::uint32_t kOptions = PCRE2_NO_UTF_CHECK;
    int result = pcre2_match(code, subject, text.size(), from, kOptions, data_, context_);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT)  // the interpreter keeps its state on the heap
      result = pcre2_match(code, subject, text.size(), from, kOptions | PCRE2_NO_JIT, data_, context_);
    return result;
  }
  const PCRE2_SIZE* offsets() const { return pcre2_get_ovector_pointer(data_); }

 private:
  pcre2_match_data* data_;
  pcre2_match_context* context_;
  pcre2_jit_stack* stack_;
};

/// What Oniguruma means by \s and \w, for the inside of a class. PCRE2's \s has U+180E, which left
/// White_Space with Unicode 6.3; its \w has every number and no mark.
/// The numbers of Latin-1 are Oniguruma's.
constexpr std::string_view kSpaces = R"(\p{Z}\t-\r\x{85})";
constexpr std::string_view kWord =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})";

/// \s, \S, \w and \W written out; \S and \W in a class stay.
std::string spell_out_classes(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      const bool space = escaped == 's' || escaped == 'S', word = escaped == 'w' || escaped == 'W';
      const bool negated = escaped == 'S' || escaped == 'W';
      if ((!space && !word) || (in_class && negated))
        out.append({c, escaped});
      else if (in_class)
        out.append(space ? kSpaces : kWord);
      else
        out.append(negated ? "[^" : "[").append(space ? kSpaces : kWord).append("]");
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out.push_back(c);
  }
  return out;
}

/// Patterns that search in quadratic time, with an equal one that does not. "\s+$" (DeepSeek) tries every
/// space of a long run that does not end the line; a match can only begin where the run begins.
std::string_view without_quadratic_search(std::string_view pattern) {
  return pattern == R"(\s+$)" ? std::string_view(R"((?<!\s)\s+$)") : pattern;
}

}  // namespace

struct Regex::Code {
  pcre2_code* code;
  explicit Code(pcre2_code* compiled) : code(compiled) {}
  ~Code() { pcre2_code_free(code); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
};

Result<Regex> Regex::compile(std::string_view pattern) {
  const std::string source = spell_out_classes(without_quadratic_search(pattern));
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                                   &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR reason[128] = {};
    pcre2_get_error_message(error, reason, sizeof reason);
    return fail(ErrorCode::kUnsupported, "regular expression: {} at byte {}",
                reinterpret_cast<const char*>(reason), offset);
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where that fails, the interpreter matches
  return Regex(std::make_unique<const Code>(code));
}

std::optional<Regex::Match> Regex::find(std::string_view text, std::size_t from) const {
  thread_local MatchState state;
  if (state.match(code_->code, text, from) < 1) return std::nullopt;
  const PCRE2_SIZE* offsets = state.offsets();
  if (offsets[0] > offsets[1]) return std::nullopt;  // \K in a lookahead
  return Match{offsets[0], offsets[1]};
}

Regex::Regex(std::unique_ptr<const Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

}  // namespace loci
