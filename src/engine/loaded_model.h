// Everything that one model file brings: weights, tokenizer, chat template and generation defaults.
// Immutable.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "engine/embedding_defaults.h"
#include "engine/generation_defaults.h"
#include "model/model.h"
#include "text/chat_template.h"
#include "text/dialect/dialect.h"
#include "text/tokenizer.h"

namespace loci {

enum class GenerationConfigSource {
  kAuto,
  kVllm
};  // --generation-config auto: the model's; vllm: none, as in vLLM

struct LoadOptions {
  std::optional<std::filesystem::path> chat_template;  // --chat-template FILE
  std::optional<DType> dtype;  // --dtype float16, bfloat16: of the float matrices; default: the file's own
  Arithmetic arithmetic = Arithmetic::kNative;  // --dtype float32: kFloat32
  GenerationConfigSource generation_config = GenerationConfigSource::kAuto;
  int threads = 0;                   // that pack the weights; 0: one a core
  std::optional<Pooling> pooling{};  // --pooling; default: the model's own, else mean
  int served_context = 0;            // --max-model-len: decides RoPE variants that depend on a text's length
  /// Called where a part of loading begins: "open" (map the files, read what they say), "tokenizer" (with
  /// template and defaults), "weights" (packing).
  std::function<void(const char* part)> on_part{};
};

class LoadedModel {
 public:
  /// `path` empty: the embedded default model.
  static Result<LoadedModel> load(const std::filesystem::path& path, const LoadOptions& options);

  /// The prompt of a conversation. Messages may have any form of the API (ChatTemplate::fit); the template's
  /// BOS and EOS are the tokenizer's. kInvalidArgument with the template's words where it refuses.
  Result<std::string> render_chat(ChatTemplateInput conversation) const;
  /// Renders a conversation and tokenizes it, special tokens as the template writes them.
  Result<std::vector<TokenId>> encode_chat(ChatTemplateInput conversation,
                                           EncodeOptions options = {.add_special_tokens = false}) const;

  /// A text whose embedding is wanted: special tokens as the model's own tokenizer adds them, cut where the
  /// model says so (from the end, the closing special token stays).
  std::vector<TokenId> encode_for_embedding(std::string_view text) const;

  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const ChatTemplate& chat_template() const { return *chat_template_; }
  /// How the model writes tool calls and reasoning; nullptr: it answers in plain text.
  const Dialect* dialect() const { return dialect_; }
  /// The dialect's marks that are special tokens of this model.
  const std::vector<TokenId>& marker_tokens() const { return marker_tokens_; }
  const GenerationDefaults& defaults() const { return defaults_; }
  const EmbeddingDefaults& embedding_defaults() const { return embedding_; }
  const std::vector<TokenId>& end_tokens() const { return end_tokens_; }  // end of sequence, end of turn
  const std::string& name() const { return name_; }                       // default model id

 private:
  LoadedModel() = default;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  const Dialect* dialect_ = nullptr;
  std::vector<TokenId> marker_tokens_;
  GenerationDefaults defaults_;
  EmbeddingDefaults embedding_;
  std::vector<TokenId> end_tokens_;
  std::string name_;
};

}  // namespace loci
