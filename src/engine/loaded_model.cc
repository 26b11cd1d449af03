#include "engine/loaded_model.h"

#include <chrono>

#include "base/log.h"
#include "base/processors.h"
#include "engine/embedded_model.h"

namespace loci {
namespace {

constexpr std::size_t kMaxTemplateBytes = std::size_t{1} << 20;
constexpr std::string_view kEmbeddedName = "loci-tiny";

Result<Checkpoint> open_checkpoint(const std::filesystem::path& path) {
  if (path.empty()) return Checkpoint::from_gguf_image(embedded_model(), std::string(kEmbeddedName));
  return Checkpoint::open(path);
}

std::string template_source(const Checkpoint& checkpoint) {
  if (!checkpoint.is_gguf()) return checkpoint.chat_template();
  return std::string(checkpoint.gguf().get<std::string_view>("tokenizer.chat_template").value_or(""));
}

struct TemplateSource {
  std::string text, where;  // empty text: there is none
};

/// The file of --chat-template, else the model's own.
Result<TemplateSource> find_template(const Checkpoint& checkpoint, const LoadOptions& options) {
  if (!options.chat_template) return TemplateSource{template_source(checkpoint), checkpoint.name()};
  LOCI_TRY(std::string text, read_text_file(*options.chat_template, kMaxTemplateBytes));
  return TemplateSource{std::move(text), options.chat_template->string()};
}

/// ChatML where there is no template.
Result<ChatTemplate> parse_template(const TemplateSource& source, const Tokenizer& tokenizer) {
  if (source.text.empty()) return ChatTemplate::chatml(tokenizer.adds_bos());
  auto parsed = ChatTemplate::parse(source.text);
  if (!parsed)
    return std::unexpected(std::move(parsed).error().in(fmt::format("chat template of {}", source.where)));
  return parsed;
}

std::vector<TokenId> marker_tokens_of(const Dialect* dialect, const Tokenizer& tokenizer) {
  std::vector<TokenId> ids;
  if (dialect == nullptr) return ids;
  for (const std::string_view marker : dialect->markers) {
    const auto id = tokenizer.find(marker);
    if (id && tokenizer.kind(*id) == TokenKind::kSpecial) ids.push_back(*id);
  }
  return ids;
}

std::string piece_of(const Tokenizer& tokenizer, std::optional<TokenId> token) {
  return token ? std::string(tokenizer.piece(*token)) : std::string();
}

}  // namespace

Result<std::string> LoadedModel::render_chat(ChatTemplateInput conversation) const {
  conversation.bos_token = piece_of(*tokenizer_, tokenizer_->bos());
  conversation.eos_token = piece_of(*tokenizer_, tokenizer_->eos());
  if (!conversation.now)
    conversation.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  chat_template_->fit(conversation.messages);
  return chat_template_->render(conversation);
}

Result<std::vector<TokenId>> LoadedModel::encode_chat(ChatTemplateInput conversation,
                                                      EncodeOptions options) const {
  LOCI_TRY(const std::string text, render_chat(std::move(conversation)));
  return tokenizer_->encode(text, options);
}

std::vector<TokenId> LoadedModel::encode_for_embedding(std::string_view text) const {
  std::vector<TokenId> tokens =
      tokenizer_->encode(text, {.add_special_tokens = true, .parse_special_tokens = false});
  const auto limit = static_cast<std::size_t>(embedding_.max_tokens.value_or(0));
  if (limit == 0 || tokens.size() <= limit) return tokens;
  const TokenId last = tokens.back();
  tokens.resize(limit);
  if (tokenizer_->kind(last) == TokenKind::kSpecial) tokens.back() = last;
  return tokens;
}

Result<LoadedModel> LoadedModel::load(const std::filesystem::path& path, const LoadOptions& options) {
  const auto begin_part = [&](const char* part) {
    if (options.on_part) options.on_part(part);
  };
  begin_part("open");
  LOCI_TRY(const Checkpoint checkpoint, open_checkpoint(path));
  const auto in_model = [&](Error error) {
    return std::unexpected(std::move(error).in(path.empty() ? kEmbeddedName : path.native()));
  };
  LoadedModel loaded;
  loaded.name_ = checkpoint.name();
  begin_part("tokenizer");
  auto tokenizer = load_tokenizer(checkpoint);
  if (!tokenizer) return in_model(std::move(tokenizer).error());
  loaded.tokenizer_ = std::move(*tokenizer);
  LOCI_TRY(const TemplateSource source, find_template(checkpoint, options));
  LOCI_TRY(loaded.chat_template_, parse_template(source, *loaded.tokenizer_));
  loaded.dialect_ = dialect_of_template(source.text);
  loaded.marker_tokens_ = marker_tokens_of(loaded.dialect_, *loaded.tokenizer_);
  if (options.generation_config == GenerationConfigSource::kAuto) {
    auto defaults = read_generation_defaults(checkpoint);
    if (!defaults) return in_model(std::move(defaults).error());
    loaded.defaults_ = *defaults;
  }
  auto embedding = read_embedding_defaults(checkpoint);
  if (!embedding) return in_model(std::move(embedding).error());
  loaded.embedding_ = *embedding;
  if (options.pooling) loaded.embedding_.pooling = *options.pooling;
  loaded.end_tokens_ = read_end_tokens(checkpoint, *loaded.tokenizer_);

  begin_part("weights");
  WorkerPool pool(options.threads > 0 ? options.threads : available_processors());
  auto model = Model::load(checkpoint, {options.dtype, options.arithmetic, options.served_context}, pool);
  if (!model) return in_model(std::move(model).error());
  loaded.model_ = std::move(*model);
  const ModelSpec& spec = loaded.model_->spec();
  if (source.text.empty() && spec.has_head)
    log_warning("{} has no chat template: chats are rendered as ChatML; --chat-template FILE sets another",
                source.where);
  if (!spec.causal && loaded.embedding_.max_tokens.value_or(spec.context_length) >= spec.context_length)
    loaded.embedding_.max_tokens = spec.context_length;
  return loaded;
}

}  // namespace loci
