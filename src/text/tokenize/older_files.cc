#include "text/tokenize/older_files.h"

#include "text/tokenize/gguf_pre_tokenizers.h"
#include "text/tokenize/json_fields.h"
#include "text/tokenize/tiktoken_encodings.h"
#include "text/utf8.h"

namespace loci {
namespace {

/// Calls use(line) for every line, without its end.
template <class Use>
void for_each_line(std::string_view text, Use use) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    use(line);
    at = end + 1;
  }
}

/// The pre-tokenizers of transformers' classes that have vocab.json and merges.txt.
std::string_view pre_of_class(std::string_view name) {
  if (name.starts_with("Qwen2Tokenizer")) return "qwen2";
  const bool gpt2 = name.starts_with("GPT2Tokenizer") || name.starts_with("RobertaTokenizer") ||
                    name.starts_with("CodeGenTokenizer") || name.starts_with("BartTokenizer") ||
                    name.starts_with("WhisperTokenizer") || name.starts_with("LongformerTokenizer");
  return gpt2 ? "gpt-2" : "";
}

json::object split_by(std::string_view pattern) {
  return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}};
}

json::object added_token(std::string_view content, std::int64_t id, bool special) {
  return {{"id", id}, {"content", content}, {"special", special}, {"normalized", !special}};
}

/// tokenizer_config.json's "added_tokens_decoder", {"0": {"content": ...}}, and added_tokens.json, {"<x>":
/// 0}.
Result<json::array> read_added(const TokenizerFiles& files) {
  json::array tokens;
  const json::value* decoder = find_field(files.tokenizer_config, "added_tokens_decoder");
  if (decoder != nullptr && decoder->is_object()) {
    for (const auto& [id, value] : decoder->get_object()) {
      LOCI_TRY(const JsonPart part,
               JsonPart::of(value, fmt::format("tokenizer_config.json: added_tokens_decoder.{}",
                                               std::string_view(id))));
      json::object token = *part.object;
      const std::string digits(id);
      if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos)
        return fail(ErrorCode::kCorrupt, "{}: not an id", part.path);
      token["id"] = std::stoi(digits);
      tokens.push_back(std::move(token));
    }
    return tokens;
  }
  for (const auto& [content, id] : files.added_tokens) {
    if (!id.is_int64())
      return fail(ErrorCode::kCorrupt, "added_tokens.json: {}: not an integer",
                  shown(std::string_view(content)));
    tokens.push_back(added_token(content, id.get_int64(), true));
  }
  return tokens;
}

/// The special tokens of a known encoding that neither the vocabulary nor `tokens` has.
void add_known_specials(const TiktokenEncoding& encoding, const json::object& vocab, json::array& tokens) {
  const auto add = [&](std::string_view name, TokenId id) {
    if (!vocab.contains(name)) tokens.push_back(added_token(name, id, true));
  };
  for (const TiktokenSpecial& special : encoding.specials) add(special.name, special.id);
  for (int i = 0; i < encoding.numbered; ++i)
    add(fmt::format("{}{}{}", encoding.numbered_head, encoding.first_number + i, encoding.numbered_tail),
        encoding.first_numbered_id + i);
}

Result<json::object> parse_vocab(const TokenizerFile& file) {
  auto value = parse_json(file.bytes);
  if (!value) return std::unexpected(std::move(value).error().in(file.name));
  if (!value->is_object()) return fail(ErrorCode::kCorrupt, "{}: not an object", file.name);
  return std::move(value->get_object());
}

Result<json::array> parse_merges(const TokenizerFile& file) {
  if (!is_valid_utf8(file.bytes)) return fail(ErrorCode::kCorrupt, "{}: not UTF-8", file.name);
  json::array merges;
  for_each_line(file.bytes, [&](std::string_view line) {
    if (!line.empty() && !line.starts_with("#version")) merges.emplace_back(line);
  });
  return merges;
}

}  // namespace

Result<json::object> tokenizer_json_of_merges(const TokenizerFiles& files, std::string_view pre) {
  LOCI_TRY(json::object vocab, parse_vocab(files.vocabulary[0]));
  LOCI_TRY(json::array merges, parse_merges(files.vocabulary[1]));
  LOCI_TRY(json::array added, read_added(files));
  const JsonPart config{&files.tokenizer_config, "tokenizer_config.json"};
  LOCI_TRY(const std::string_view class_name, config.text_or("tokenizer_class", ""));
  const TiktokenEncoding* known = find_tiktoken_encoding(vocab.size());
  std::string_view name = pre.empty() ? pre_of_class(class_name) : pre;
  if (name.empty()) name = known != nullptr ? known->pre : "gpt-2";
  if (known != nullptr && added.empty()) add_known_specials(*known, vocab, added);
  const GgufPreTokenizer* found = find_gguf_pre_tokenizer(name);
  if (found == nullptr) return fail(ErrorCode::kUnsupported, "pre-tokenizer {}", shown(name));
  json::array steps;
  for (const std::string_view pattern : found->patterns) steps.push_back(split_by(pattern));
  steps.push_back(json::object{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}});
  json::object file = {{"added_tokens", std::move(added)},
                       {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}}},
                       {"decoder", {{"type", "ByteLevel"}}},
                       {"model",
                        {{"type", "BPE"},
                         {"ignore_merges", found->ignore_merges},
                         {"vocab", std::move(vocab)},
                         {"merges", std::move(merges)}}}};
  if (found->composes) file["normalizer"] = json::object{{"type", "NFC"}};
  return file;
}

Result<json::object> tokenizer_json_of_words(const TokenizerFiles& files) {
  const TokenizerFile& source = files.vocabulary[0];
  if (!is_valid_utf8(source.bytes)) return fail(ErrorCode::kCorrupt, "{}: not UTF-8", source.name);
  json::object vocab;
  std::int64_t id = 0;
  for_each_line(source.bytes, [&](std::string_view line) { vocab.emplace(line, id++); });
  const JsonPart config{&files.tokenizer_config, "tokenizer_config.json"};
  LOCI_TRY(const bool lowercase, config.flag_or("do_lower_case", true));
  LOCI_TRY(const bool ideographs, config.flag_or("tokenize_chinese_chars", true));
  LOCI_TRY(const bool strips, config.flag_or("strip_accents", lowercase));
  json::array added;
  for (const std::string_view name : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
    if (const json::value* token = vocab.if_contains(name))
      added.push_back(added_token(name, token->get_int64(), true));
  json::object file = {{"added_tokens", std::move(added)},
                       {"normalizer",
                        {{"type", "BertNormalizer"},
                         {"lowercase", lowercase},
                         {"handle_chinese_chars", ideographs},
                         {"strip_accents", strips}}},
                       {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
                       {"decoder", {{"type", "WordPiece"}}}};
  const json::value *cls = vocab.if_contains("[CLS]"), *sep = vocab.if_contains("[SEP]");
  if (cls != nullptr && sep != nullptr)
    file["post_processor"] = json::object{
        {"type", "BertProcessing"}, {"cls", json::array{"[CLS]", *cls}}, {"sep", json::array{"[SEP]", *sep}}};
  file["model"] = json::object{{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"vocab", std::move(vocab)}};
  return file;
}

}  // namespace loci
