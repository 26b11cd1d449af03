#include "text/tokenizer_tiktoken.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "text/tokenize/base64.h"
#include "text/tokenize/bpe_builder.h"
#include "text/tokenize/byte_alphabet.h"
#include "text/tokenize/gguf_pre_tokenizers.h"
#include "text/tokenize/json_fields.h"
#include "text/tokenize/pipeline_tokenizer.h"
#include "text/tokenize/tiktoken_encodings.h"

namespace loci {
namespace {

// Ids may have gaps (p50k_base has one), but not such that a small file makes a huge table.
constexpr std::size_t kIdsPerToken = 8, kSpareIds = 65536;
// A token of n bytes can be put together in n - 1 ways; the longest in use has 128 bytes.
constexpr std::size_t kMaxTokenBytes = 1024;

struct Ranked {
  std::string bytes;
  TokenId rank;
};

Result<Ranked> parse_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return fail(ErrorCode::kCorrupt, "not a token and its rank");
  const auto bytes = from_base64(line.substr(0, space));
  if (!bytes || bytes->empty())
    return fail(ErrorCode::kCorrupt, "{} is not base64", shown(line.substr(0, space)));
  if (bytes->size() > kMaxTokenBytes)
    return fail(ErrorCode::kUnsupported, "a token of more than {} bytes", kMaxTokenBytes);
  const std::string_view number = line.substr(space + 1);
  TokenId rank = 0;
  const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), rank);
  if (error != std::errc() || stop != number.data() + number.size() || rank < 0)
    return fail(ErrorCode::kCorrupt, "{} is not a rank", shown(number));
  return Ranked{*bytes, rank};
}

/// Calls use(line) for every line with anything in it; errors name the line.
template <class Use>
Result<void> for_each_line(std::string_view text, Use use) {
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (!line.empty())
      if (auto done = use(line); !done)
        return std::unexpected(std::move(done).error().in(fmt::format("line {}", number)));
    at = end + 1;
  }
  return {};
}

/// The file's tokens, and what they are merged from.
class RankReader {
 public:
  Result<void> read(std::string_view text);
  Result<std::unique_ptr<const TokenModel>> make_model();

  std::size_t ranks() const { return ranks_.size(); }
  std::unique_ptr<Vocabulary> take_vocabulary() { return std::move(vocabulary_); }

 private:
  Result<void> add(std::string_view line);
  void add_merges(std::string_view token, TokenId rank, BpeBuilder& builder) const;

  std::unique_ptr<Vocabulary> vocabulary_;
  std::unordered_map<std::string_view, TokenId> ranks_;  // windows on texts_
  std::vector<std::unique_ptr<std::string>> texts_;
};

Result<void> RankReader::read(std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  vocabulary_ = std::make_unique<Vocabulary>(lines * kIdsPerToken + kSpareIds);
  ranks_.reserve(lines);
  LOCI_TRY_VOID(for_each_line(text, [this](std::string_view line) { return add(line); }));
  if (ranks_.empty()) return fail(ErrorCode::kCorrupt, "no tokens");
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (!ranks_.contains({&c, 1})) return fail(ErrorCode::kCorrupt, "no token for the byte 0x{:02X}", byte);
  }
  return {};
}

Result<void> RankReader::add(std::string_view line) {
  LOCI_TRY(Ranked token, parse_line(line));
  texts_.push_back(std::make_unique<std::string>(std::move(token.bytes)));
  const std::string& bytes = *texts_.back();
  if (!ranks_.emplace(bytes, token.rank).second)
    return fail(ErrorCode::kCorrupt, "token {} is given twice", shown(to_byte_alphabet(bytes)));
  return vocabulary_->add(token.rank, to_byte_alphabet(bytes), bytes, TokenKind::kText);
}

/// Every way to put a token together from two others is a merge of its rank.
void RankReader::add_merges(std::string_view token, TokenId rank, BpeBuilder& builder) const {
  for (std::size_t cut = 1; cut < token.size(); ++cut) {
    const auto left = ranks_.find(token.substr(0, cut));
    if (left == ranks_.end()) continue;
    const auto right = ranks_.find(token.substr(cut));
    if (right != ranks_.end())
      builder.add_merge(left->second, right->second, {static_cast<std::uint32_t>(rank), rank});
  }
}

Result<std::unique_ptr<const TokenModel>> RankReader::make_model() {
  BpeBuilder builder(*vocabulary_, 3 * ranks_.size());
  builder.use_bytes();
  for (const auto& text : texts_) add_merges(*text, ranks_.find(*text)->second, builder);
  builder.spec().whole_words = vocabulary_.get();
  return std::make_unique<BpeModel>(std::move(builder.spec()));
}

/// "cl100k_base.tiktoken" -> "cl100k_base".
std::string_view stem(std::string_view name) {
  return name.substr(0, name.find('.'));
}

Result<void> add_special(std::string_view name, TokenId id, TokenizerParts& parts) {
  if (parts.vocabulary->contains(id)) return {};  // this file gives the id to a token of its own
  LOCI_TRY_VOID(parts.vocabulary->add(id, name, name, TokenKind::kSpecial));
  parts.raw_added.add({.content = std::string(name), .id = id, .special = true});
  return {};
}

Result<void> add_specials(const TiktokenEncoding& encoding, TokenizerParts& parts) {
  for (const TiktokenSpecial& special : encoding.specials)
    LOCI_TRY_VOID(add_special(special.name, special.id, parts));
  for (int i = 0; i < encoding.numbered; ++i)
    LOCI_TRY_VOID(add_special(
        fmt::format("{}{}{}", encoding.numbered_head, encoding.first_number + i, encoding.numbered_tail),
        encoding.first_numbered_id + i, parts));
  if (!encoding.bos.empty()) parts.bos = parts.vocabulary->find(encoding.bos);
  if (!encoding.eos.empty()) parts.eos = parts.vocabulary->find(encoding.eos);
  if (parts.bos) parts.front = {*parts.bos};
  return {};
}

}  // namespace

bool looks_like_tiktoken(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  return line.size() < 2 * kMaxTokenBytes && parse_line(line).has_value();
}

Result<std::unique_ptr<Tokenizer>> tokenizer_from_tiktoken(std::string_view bytes, std::string_view name,
                                                           std::string_view pre) {
  RankReader reader;
  LOCI_TRY_VOID(reader.read(bytes));
  const TiktokenEncoding* encoding = find_tiktoken_encoding(pre.empty() ? stem(name) : pre);
  if (encoding == nullptr && pre.empty()) encoding = find_tiktoken_encoding(reader.ranks());
  const std::string_view wanted = encoding != nullptr ? encoding->pre : pre.empty() ? "cl100k" : pre;
  const GgufPreTokenizer* pre_tokenizer = find_gguf_pre_tokenizer(wanted);
  if (pre_tokenizer == nullptr) return fail(ErrorCode::kUnsupported, "pre-tokenizer {}", shown(wanted));
  TokenizerParts parts;
  LOCI_TRY(parts.model, reader.make_model());
  parts.vocabulary = reader.take_vocabulary();
  LOCI_TRY_VOID(use_gguf_pre_tokenizer(*pre_tokenizer, parts));
  if (encoding != nullptr) LOCI_TRY_VOID(add_specials(*encoding, parts));
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

}  // namespace loci
