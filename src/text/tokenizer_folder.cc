#include "text/tokenizer_folder.h"

#include "text/tokenizer_json.h"

namespace loci {
namespace {

using TokenizerResult = Result<std::unique_ptr<Tokenizer>>;

TokenizerResult read_json(const TokenizerFiles& files, std::string_view) {
  return tokenizer_from_json(files.vocabulary.front().bytes, files.tokenizer_config, files.model_config);
}

struct Kind {
  std::string_view name;  // of the first file
  TokenizerResult (*read)(const TokenizerFiles& files, std::string_view pre);
};
constexpr Kind kKinds[] = {
    {"tokenizer.json", read_json},
};

}  // namespace

TokenizerResult tokenizer_from_files(const TokenizerFiles& files, std::string_view pre) {
  if (files.vocabulary.empty())
    return fail(ErrorCode::kNotFound, "no tokenizer.json, nor another vocabulary, in the model's folder");
  const std::string& name = files.vocabulary.front().name;
  for (const Kind& kind : kKinds)
    if (name == kind.name) return kind.read(files, pre);
  return fail(ErrorCode::kUnsupported, "{}: vocabulary of an unknown kind", name);
}

}  // namespace loci
