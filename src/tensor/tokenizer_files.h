// The files of a tokenizer as a Hugging Face folder holds them, read but not understood: text/ does that.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace loci {

struct TokenizerFile {
  std::string name;  // without the folder
  std::string bytes;
};

struct TokenizerFiles {
  /// The files of the first vocabulary that the folder has, in this order: tokenizer.json; tokenizer.model
  /// and SentencePiece's other names; vocab.json with merges.txt; encoder.json with vocab.bpe; the one
  /// *.tiktoken or tiktoken.model; vocab.txt. Empty: it has none.
  std::vector<TokenizerFile> vocabulary;
  // Each empty where the folder has no such file.
  json::object tokenizer_config;  // tokenizer_config.json
  json::object added_tokens;      // added_tokens.json
  json::object sentence_config;   // sentence_bert_config.json
  json::object pooling_config;    // 1_Pooling/config.json
  json::array sentence_modules;   // modules.json: what computes a sentence transformer's vectors
  json::object model_config;      // config.json

  /// Errors name the file: kIo, kCorrupt (not a JSON object), kInvalidArgument (several *.tiktoken).
  static Result<TokenizerFiles> read(const std::filesystem::path& folder);

  /// Only the JSON files beside `file`; no vocabulary.
  static Result<TokenizerFiles> read_beside(const std::filesystem::path& file);
  /// One of two files that are a vocabulary together, and the other. kNotFound where that is absent.
  static Result<TokenizerFiles> read_pair(const std::filesystem::path& file);

  const TokenizerFile* find(std::string_view name) const;
};

}  // namespace loci
