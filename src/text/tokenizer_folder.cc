#include "text/tokenizer_folder.h"

#include "text/tokenize/older_files.h"
#include "text/tokenizer_json.h"
#include "text/tokenizer_sentencepiece.h"
#include "text/tokenizer_tiktoken.h"

namespace loci {
namespace {

using TokenizerResult = Result<std::unique_ptr<Tokenizer>>;

TokenizerResult in(std::string_view file, TokenizerResult result) {
  if (result) return result;
  return std::unexpected(std::move(result).error().in(file));
}

TokenizerResult read_json(const TokenizerFiles& files, std::string_view) {
  return tokenizer_from_json(files.vocabulary.front().bytes, files.tokenizer_config, files.model_config);
}

/// "tokenizer.model" is SentencePiece's, but Llama-3's authors gave that name to a rank file.
TokenizerResult read_model(const TokenizerFiles& files, std::string_view pre) {
  const TokenizerFile& file = files.vocabulary.front();
  if (looks_like_tiktoken(file.bytes))
    return in(file.name, tokenizer_from_tiktoken(file.bytes, file.name, pre));
  return in(file.name, tokenizer_from_sentencepiece(file.bytes, files.tokenizer_config));
}

TokenizerResult read_merges(const TokenizerFiles& files, std::string_view pre) {
  LOCI_TRY(const json::object file, tokenizer_json_of_merges(files, pre));
  return in(files.vocabulary.front().name,
            tokenizer_from_json(file, files.tokenizer_config, files.model_config));
}

TokenizerResult read_words(const TokenizerFiles& files, std::string_view) {
  LOCI_TRY(const json::object file, tokenizer_json_of_words(files));
  return in(files.vocabulary.front().name,
            tokenizer_from_json(file, files.tokenizer_config, files.model_config));
}

struct Kind {
  std::string_view suffix;  // of the first file's name
  TokenizerResult (*read)(const TokenizerFiles& files, std::string_view pre);
};
constexpr Kind kKinds[] = {
    {"tokenizer.json", read_json}, {".model", read_model},        {".tiktoken", read_model},
    {"vocab.json", read_merges},   {"encoder.json", read_merges}, {"vocab.txt", read_words},
};

}  // namespace

TokenizerResult tokenizer_from_files(const TokenizerFiles& files, std::string_view pre) {
  if (files.vocabulary.empty())
    return fail(ErrorCode::kNotFound, "no tokenizer.json, nor another vocabulary, in the model's folder");
  const std::string& name = files.vocabulary.front().name;
  for (const Kind& kind : kKinds)
    if (name.ends_with(kind.suffix)) return kind.read(files, pre);
  return fail(ErrorCode::kUnsupported, "{}: vocabulary of an unknown kind", name);
}

}  // namespace loci
