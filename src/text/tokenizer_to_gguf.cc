#include "text/tokenizer_to_gguf.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "text/tokenize/gguf_pre_tokenizers.h"
#include "text/tokenize/piece_type.h"
#include "text/tokenize/sentencepiece_proto.h"
#include "text/tokenizer_folder.h"
#include "text/tokenizer_gguf.h"

namespace loci {
namespace {

// What tells pre-tokenizers apart: contractions in both cases, numbers of one to seven digits, runs of spaces
// and line ends, marks beside letters, case within words, scripts, letters in two forms of Unicode, symbols
// beyond its first plane.
constexpr std::string_view kTexts[] = {
    "Hello, world! It's what they'LL do, isn't it? WE'RE here; he'd've gone.",
    "In 1999 there were 7, 42, 365, 2024, 10000, 123456 and 1234567 of them (3.14 or 1,000.50).",
    "  two   spaces\n\n\nthree lines \t tab\r\n    indented = call(x[0], 'y');  // end   ",
    "camelCase HTTPServer snake_case kConstant42 e-mail@example.com https://a.b/c?d=e&f=%20 #tag $5 "
    "+1-2*3/4^5",
    "caf\u00e9 cafe\u0301 na\u00efve \u00c5ngstr\u00f6m stra\u00dfe \u0130stanbul \u00a0 no-break \u2014 "
    "dash \u2026 \u201cquoted\u201d",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002 \u3053\u3093\u306b\u3061\u306f\u4e16\u754c "
    "\uc548\ub155\ud558\uc138\uc694 "
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u0645\u0631\u062d\u0628\u0627 "
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001d400 \u2211\u222b\u221a \u00bd \u2167 "
    "\uff11\uff12\uff13 \u0661\u0662\u0663",
    "a\n b\n\n c \n  d\n   \n!!! ??? ... --- ((( ))) <<< >>> ||| ```code``` ~~~",
};

/// Names of GGUF, one for each thing that they can mean, the commonest first.
constexpr std::string_view kPreTokenizers[] = {
    "llama-bpe",      "qwen2",  "gpt-2",       "smollm",    "tekken",      "gpt-4o",
    "stablelm2",      "glm4",   "chatglm-bpe", "command-r", "deepseek-v3", "deepseek-llm",
    "deepseek-coder", "falcon", "bloom",       "viking",    "olmo"};

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";

struct Tokens {
  std::vector<std::string> pieces;
  std::vector<std::int64_t> types;  // PieceType
  std::vector<double> scores{};     // of SentencePiece
};

Tokens tokens_of(const Tokenizer& tokenizer, const json::object* file, int vocab_size) {
  Tokens tokens;
  for (int id = 0; id < std::max(vocab_size, tokenizer.vocab_size()); ++id) {
    const std::string piece(tokenizer.piece(id));
    const bool absent = piece.empty();
    const TokenKind kind = tokenizer.kind(id);
    const PieceType type = absent                        ? PieceType::kUnused
                           : kind == TokenKind::kSpecial ? PieceType::kControl
                           : kind == TokenKind::kByte    ? PieceType::kByte
                                                         : PieceType::kNormal;
    tokens.pieces.push_back(absent ? fmt::format("[PAD{}]", id) : piece);
    tokens.types.push_back(static_cast<std::int64_t>(type));
  }
  const json::value* added = file != nullptr ? find_field(*file, "added_tokens") : nullptr;
  if (added == nullptr || !added->is_array()) return tokens;
  for (const json::value& entry : added->get_array()) {  // the tokenizer has read them: they are well-formed
    const json::object& token = entry.get_object();
    const auto id = static_cast<std::size_t>(token.at("id").as_int64());
    const json::value* special = find_field(token, "special");
    const bool is_special = special != nullptr && special->is_bool() && special->get_bool();
    if (id < tokens.types.size() && !is_special)
      tokens.types[id] = static_cast<std::int64_t>(PieceType::kUserDefined);
  }
  return tokens;
}

/// "a b" of each merge, which newer files have as ["a", "b"].
std::vector<std::string> merges_of(const json::object& model) {
  std::vector<std::string> merges;
  for (const json::value& merge : model.at("merges").as_array())
    merges.emplace_back(merge.is_string() ? std::string(merge.get_string())
                                          : fmt::format("{} {}", std::string_view(merge.at(0).as_string()),
                                                        std::string_view(merge.at(1).as_string())));
  return merges;
}

void set_tokens(const Tokens& tokens, GgufWriter& writer) {
  writer.set(kTokens, GgufValue(std::vector<std::string_view>(tokens.pieces.begin(), tokens.pieces.end())));
  writer.set("tokenizer.ggml.token_type", GgufValue(tokens.types));
  if (!tokens.scores.empty()) writer.set("tokenizer.ggml.scores", GgufValue(tokens.scores));
}

void set_special_tokens(const Tokenizer& tokenizer, GgufWriter& writer) {
  const std::vector<TokenId> around = tokenizer.encode("");  // what is put around a text, which may say more
  std::optional<TokenId> bos = tokenizer.bos(), eos = tokenizer.eos();
  if (!bos && !around.empty() && around.front() != eos) bos = around.front();
  const bool add_bos = !around.empty() && around.front() == bos;
  const bool add_eos = around.size() > (add_bos ? 1u : 0u) && around.back() == eos;
  if (bos) writer.set("tokenizer.ggml.bos_token_id", GgufValue(std::int64_t{*bos}));
  if (eos) writer.set("tokenizer.ggml.eos_token_id", GgufValue(std::int64_t{*eos}));
  writer.set("tokenizer.ggml.add_bos_token", GgufValue(add_bos));
  writer.set("tokenizer.ggml.add_eos_token", GgufValue(add_eos));
}

/// The first text that both do not read alike; empty: there is none.
Result<std::string_view> first_difference(const Tokenizer& original, const GgufWriter& keys) {
  const std::vector<std::byte> image = keys.image();
  LOCI_TRY(const GgufFile file, parse_gguf(image));
  LOCI_TRY(const auto written, tokenizer_from_gguf(file.metadata));
  for (const std::string_view text : kTexts)
    if (original.encode(text) != written->encode(text)) return text;
  return std::string_view();
}

/// The expressions by which the file cuts texts; ByteLevel brings GPT-2's.
void collect_patterns(const json::value& part, std::vector<std::string_view>& patterns) {
  if (const json::array* list = part.if_array())
    for (const json::value& item : *list) collect_patterns(item, patterns);
  const json::object* object = part.if_object();
  if (object == nullptr) return;
  for (const auto& [key, value] : *object) {
    if (key == "Regex" && value.is_string()) patterns.push_back(value.get_string());
    collect_patterns(value, patterns);
  }
}

/// The names to try, those first whose patterns stand in the file: a small vocabulary does not show the
/// difference.
std::vector<std::string_view> names_to_try(const json::object& file) {
  std::vector<std::string_view> patterns, names(std::begin(kPreTokenizers), std::end(kPreTokenizers));
  if (const json::value* pre = find_field(file, "pre_tokenizer")) collect_patterns(*pre, patterns);
  if (patterns.empty()) patterns.push_back(find_gguf_pre_tokenizer("gpt-2")->patterns.front());
  std::ranges::stable_partition(names, [&](std::string_view name) {
    return std::ranges::all_of(find_gguf_pre_tokenizer(name)->patterns, [&](std::string_view pattern) {
      return std::ranges::find(patterns, pattern) != patterns.end();
    });
  });
  return names;
}

/// Byte-level BPE: the pre-tokenizer's name is found by trying.
Result<> byte_level(const Tokenizer& tokenizer, const json::object& file, const Tokens& tokens,
                    GgufWriter& writer) {
  const std::vector<std::string> merges = merges_of(file.at("model").as_object());
  const auto set_keys = [&](GgufWriter& keys, std::string_view pre) {
    keys.set("tokenizer.ggml.model", "gpt2");
    keys.set("tokenizer.ggml.pre", pre);
    set_tokens(tokens, keys);
    keys.set("tokenizer.ggml.merges", GgufValue(std::vector<std::string_view>(merges.begin(), merges.end())));
    set_special_tokens(tokenizer, keys);
  };
  for (const std::string_view pre : names_to_try(file)) {
    GgufWriter keys;
    set_keys(keys, pre);
    LOCI_TRY(const std::string_view difference, first_difference(tokenizer, keys));
    if (difference.empty()) return set_keys(writer, pre), Result<>{};
  }
  return fail(
      ErrorCode::kUnsupported,
      "tokenizer.json: cuts texts into words in a way for which GGUF has no name (tokenizer.ggml.pre)");
}

/// SentencePiece's BPE: of two neighbours those become one first whose piece has the highest score.
/// tokenizer.json has the merges in that order, and no scores.
std::vector<double> scores_of_merges(const json::object& model, const Tokens& tokens) {
  std::map<std::string, double, std::less<>> ranks;
  double rank = 0;
  for (std::string merge : merges_of(model)) {
    merge.erase(merge.find(' ', 1), 1);  // pieces have no space, only its mark
    ranks.emplace(std::move(merge), --rank);
  }
  std::vector<double> scores;
  for (const std::string& piece : tokens.pieces) {
    const auto found = ranks.find(piece);
    scores.push_back(found == ranks.end() ? --rank : found->second);
  }
  return scores;
}

Result<> sentencepiece(const Tokenizer& tokenizer, const Tokens& tokens, GgufWriter& writer) {
  const auto set_keys = [&](GgufWriter& keys) {
    keys.set("tokenizer.ggml.model", "llama");
    keys.set("tokenizer.ggml.pre", "default");
    set_tokens(tokens, keys);
    for (std::size_t id = 0; id < tokens.types.size(); ++id)
      if (tokens.types[id] == static_cast<std::int64_t>(PieceType::kUnknown))
        keys.set("tokenizer.ggml.unknown_token_id", GgufValue(static_cast<std::int64_t>(id)));
    keys.set("tokenizer.ggml.add_space_prefix", GgufValue(tokenizer.strips_leading_space()));
    set_special_tokens(tokenizer, keys);
  };
  GgufWriter keys;
  set_keys(keys);
  LOCI_TRY(const std::string_view difference, first_difference(tokenizer, keys));
  if (!difference.empty())
    return fail(ErrorCode::kUnsupported, "the tokenizer reads texts otherwise than GGUF's \"llama\" would");
  return set_keys(writer), Result<>{};
}

Result<> from_model_file(std::string_view bytes, const Tokenizer& tokenizer, int vocab_size,
                         GgufWriter& writer) {
  LOCI_TRY(const SentencePieceFile file, parse_sentencepiece(bytes));
  if (file.model != SentencePieceFile::Model::kBpe)
    return fail(ErrorCode::kUnsupported,
                "tokenizer.model: only its BPE has a place in the GGUF of a decoder");
  Tokens tokens = tokens_of(tokenizer, nullptr, vocab_size);
  tokens.scores = file.scores;
  tokens.scores.resize(tokens.pieces.size(), -1000);
  for (std::size_t id = 0; id < file.types.size(); ++id)
    tokens.types[id] = static_cast<std::int64_t>(file.types[id]);
  return sentencepiece(tokenizer, tokens, writer);
}

Result<> from_json_file(std::string_view bytes, const Tokenizer& tokenizer, int vocab_size,
                        GgufWriter& writer) {
  LOCI_TRY(const json::value parsed, parse_json(bytes));
  const json::object& file = parsed.as_object();  // the tokenizer has been read from it
  const json::object& model = file.at("model").as_object();
  const json::value* type = find_field(model, "type");
  const bool is_bpe = type == nullptr ? model.contains("merges") : *type == "BPE";
  if (!is_bpe)
    return fail(ErrorCode::kUnsupported,
                "tokenizer.json: model.type {} has no place in the GGUF of a decoder",
                type != nullptr ? json::serialize(*type) : "(none)");
  Tokens tokens = tokens_of(tokenizer, &file, vocab_size);
  const json::value* pre = find_field(file, "pre_tokenizer");
  const json::value* decoder = find_field(file, "decoder");
  const auto says_byte_level = [](const json::value* part) {
    return part != nullptr && json::serialize(*part).contains("\"ByteLevel\"");
  };
  if (says_byte_level(pre) || says_byte_level(decoder)) return byte_level(tokenizer, file, tokens, writer);
  tokens.scores = scores_of_merges(model, tokens);
  if (const json::value* unknown = find_field(model, "unk_token"); unknown != nullptr && unknown->is_string())
    if (const auto id = tokenizer.find(unknown->get_string()))
      tokens.types[static_cast<std::size_t>(*id)] = static_cast<std::int64_t>(PieceType::kUnknown);
  return sentencepiece(tokenizer, tokens, writer);
}

}  // namespace

Result<> tokenizer_to_gguf(const TokenizerFiles& files, int vocab_size, GgufWriter& writer) {
  LOCI_TRY(const auto tokenizer, tokenizer_from_files(files));
  const TokenizerFile& first = files.vocabulary.front();
  if (first.name == "tokenizer.json") return from_json_file(first.bytes, *tokenizer, vocab_size, writer);
  if (first.name == "tokenizer.model" && first.bytes.starts_with('\n'))
    return from_model_file(first.bytes, *tokenizer, vocab_size, writer);
  return fail(ErrorCode::kUnsupported,
              "{}: no tokenizer.json and no tokenizer.model of SentencePiece: GGUF cannot be made of it",
              first.name);
}

}  // namespace loci
