#include "text/tokenizer_gguf.h"

#include "text/tokenize/gguf_byte_level.h"
#include "text/tokenize/gguf_sentencepiece.h"
#include "text/tokenize/gguf_wordpiece.h"
#include "text/tokenize/json_fields.h"
#include "text/tokenize/pipeline_tokenizer.h"

namespace loci {
namespace {

struct ModelKind {
  std::string_view name;  // tokenizer.ggml.model
  Result<TokenizerParts> (*read)(const GgufMetadata& metadata);
};
constexpr ModelKind kModelKinds[] = {
    {"gpt2", byte_level_from_gguf},
    {"llama", sentencepiece_from_gguf},
    {"t5", unigram_from_gguf},
    {"bert", wordpiece_from_gguf},
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> tokenizer_from_gguf(const GgufMetadata& metadata) {
  LOCI_TRY(const std::string_view name, metadata.get<std::string_view>("tokenizer.ggml.model"));
  for (const ModelKind& kind : kModelKinds) {
    if (kind.name != name) continue;
    LOCI_TRY(TokenizerParts parts, kind.read(metadata));
    return std::make_unique<PipelineTokenizer>(std::move(parts));
  }
  return fail(ErrorCode::kUnsupported, "tokenizer.ggml.model: {}", shown(name));
}

}  // namespace loci
