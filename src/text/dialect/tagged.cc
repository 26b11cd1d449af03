#include <vector>

#include "text/dialect/form.h"
#include "text/dialect/tags.h"

namespace loci::dialect {
namespace {

/// What a tag in the text does.
enum class Meaning : std::uint8_t { kCall, kThink, kThinkEnd, kNothing };

struct KnownTag {
  Meaning meaning;
  std::size_t index;  // in its list
};

/// The tags that matter in one state of the answer.
struct TagSet {
  std::vector<std::string_view> texts;
  std::vector<KnownTag> known;

  void add(Meaning meaning, std::size_t index, std::string_view text) {
    for (const std::string_view present : texts)
      if (present == text) return;
    texts.push_back(text);
    known.push_back({meaning, index});
  }
  void add_all(Meaning meaning, Tags tags) {
    for (std::size_t i = 0; i < tags.size(); ++i) add(meaning, i, tags[i]);
  }
};

constexpr std::size_t kAnyBlock = static_cast<std::size_t>(-1);
constexpr int kTextEnd = -1, kBare = -2;

/// The tags that may end thinking block `block`, or any block.
TagSet tags_in_reasoning(const AnswerReader& in, const Form& form, std::size_t block) {
  TagSet tags;
  for (std::size_t i = 0; i < form.reasoning.size(); ++i) {
    if (block != kAnyBlock && block != i) continue;
    tags.add(Meaning::kThinkEnd, i, form.reasoning[i].close);
    tags.add(Meaning::kThink, i, form.reasoning[i].open);
  }
  if (form.calls_end_reasoning && in.options().tools) tags.add_all(Meaning::kCall, form.call_tags);
  return tags;
}

TagSet tags_in_content(const AnswerReader& in, const Form& form) {
  TagSet tags;
  if (in.options().tools && form.read_calls != nullptr) tags.add_all(Meaning::kCall, form.call_tags);
  for (std::size_t i = 0; i < form.reasoning.size(); ++i) {
    tags.add(Meaning::kThink, i, form.reasoning[i].open);
    tags.add(Meaning::kThinkEnd, i, form.reasoning[i].close);
  }
  tags.add_all(Meaning::kNothing, form.dropped);
  return tags;
}

/// Everything up to the end of the block: the index in `tags` of what ended it, or kTextEnd. A second opening
/// tag at the block's begin is dropped: some prompts open the block and the model opens it again.
Read<int> read_reasoning(AnswerReader& in, const TagSet& tags) {
  TagMatcher matcher(tags.texts);
  in.begin_reasoning();
  bool blank = true;  // nothing but white space so far
  int found = kTextEnd;
  for (;;) {
    const int next = co_await in.next();
    if (next < 0) break;
    const char c = static_cast<char>(next);
    if (matcher.passes(c)) {
      blank = blank && is_space(next);
      in.reasoning({&c, 1});
      continue;
    }
    std::string text;
    found = matcher.push(c, text);
    for (const char passed : text) blank = blank && is_space(passed);
    in.reasoning(text);
    if (found < 0) continue;
    const auto at = static_cast<std::size_t>(found);
    if (tags.known[at].meaning != Meaning::kThink) break;
    if (!blank) in.reasoning(tags.texts[at]);
    found = kTextEnd;
  }
  in.reasoning(matcher.pending());
  in.end_reasoning();
  co_return found;
}

/// Content up to the next tag: its index in `tags`, kBare in front of a byte of `bare`, kTextEnd at the end.
Read<int> read_content(AnswerReader& in, const TagSet& tags, std::string_view bare) {
  TagMatcher matcher(tags.texts);
  for (;;) {
    const int next = co_await in.peek();
    if (next < 0) break;
    const bool may_be_bare = matcher.pending().empty() && !in.in_prose();
    if (may_be_bare && bare.find(static_cast<char>(next)) != std::string_view::npos) co_return kBare;
    co_await in.next();
    const char c = static_cast<char>(next);
    if (matcher.passes(c)) {
      in.content({&c, 1});
      continue;
    }
    std::string text;
    const int found = matcher.push(c, text);
    in.content(text);
    if (found >= 0) co_return found;
  }
  in.content(matcher.pending());
  co_return kTextEnd;
}

Read<bool> read_calls(AnswerReader& in, const Form& form, int tag) {
  in.hold(tag < 0 ? std::string_view() : form.call_tags[static_cast<std::size_t>(tag)]);
  const bool good = co_await form.read_calls(in, tag);
  if (good) in.drop_held();
  in.release();
  co_return good;
}

/// A thinking block, and the calls whose tag ends it.
Read<bool> read_block(AnswerReader& in, const Form& form, std::size_t block) {
  const TagSet tags = tags_in_reasoning(in, form, block);
  const int found = co_await read_reasoning(in, tags);
  if (found < 0) co_return true;
  const KnownTag& tag = tags.known[static_cast<std::size_t>(found)];
  if (tag.meaning == Meaning::kCall) co_await read_calls(in, form, static_cast<int>(tag.index));
  co_return true;
}

}  // namespace

Read<bool> read_tagged(AnswerReader& in, const Form& form) {
  if (in.options().reasoning_open && !form.reasoning.empty()) co_await read_block(in, form, kAnyBlock);
  const TagSet tags = tags_in_content(in, form);
  const bool tools = in.options().tools && form.read_calls != nullptr;
  for (;;) {
    const int found = co_await read_content(in, tags, tools ? form.bare : std::string_view());
    if (found == kTextEnd) co_return true;
    if (found == kBare) {
      co_await read_calls(in, form, -1);
      continue;
    }
    const KnownTag& tag = tags.known[static_cast<std::size_t>(found)];
    const bool think = tag.meaning == Meaning::kThink || tag.meaning == Meaning::kThinkEnd;
    if (tag.meaning == Meaning::kCall) {
      co_await read_calls(in, form, static_cast<int>(tag.index));
    } else if (think && in.in_prose()) {
      in.content(tags.texts[static_cast<std::size_t>(found)]);
    } else if (tag.meaning == Meaning::kThink) {
      co_await read_block(in, form, tag.index);
    } else if (tag.meaning == Meaning::kThinkEnd) {
      in.begin_reasoning();  // a block that the prompt began, and closed too
      in.end_reasoning();
    }
  }
}

}  // namespace loci::dialect
