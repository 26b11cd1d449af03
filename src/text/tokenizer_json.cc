#include "text/tokenizer_json.h"

#include <algorithm>

#include "text/tokenize/added_tokens_json.h"
#include "text/tokenize/bpe_json.h"
#include "text/tokenize/bpe_model.h"
#include "text/tokenize/decoder_json.h"
#include "text/tokenize/normalizer_json.h"
#include "text/tokenize/pipeline_tokenizer.h"
#include "text/tokenize/post_processor_json.h"
#include "text/tokenize/pre_tokenizer_json.h"
#include "text/tokenize/unigram_json.h"
#include "text/tokenize/wordpiece_json.h"

namespace loci {
namespace {

struct ModelKind {
  std::string_view type;
  Result<std::unique_ptr<const TokenModel>> (*make)(const JsonPart& model, const ModelContext& context);
  bool scored = false;  // the vocabulary is a list of [piece, score], else an object of piece: id
};
constexpr ModelKind kModelKinds[] = {
    {"BPE", bpe_from_json},
    {"WordPiece", wordpiece_from_json},
    {"Unigram", unigram_from_json, true},
};

// Ids may have gaps (padding of the embedding), but not such that a small file makes a huge table.
constexpr std::size_t kIdsPerToken = 8, kSpareIds = 65536;

/// The file, read part by part in read()'s order: the later parts need what the earlier ones said.
class Reader {
 public:
  Reader(JsonPart root, const json::object& tokenizer_config, const json::object& model_config)
      : root_(std::move(root)), tokenizer_config_(tokenizer_config), model_config_(model_config) {}

  Result<std::unique_ptr<Tokenizer>> read();

 private:
  Result<std::optional<JsonPart>> optional_part(std::string_view key) const;
  Result<void> read_steps();
  Result<void> read_vocabulary(const JsonPart& model);
  void start_vocabulary(std::size_t tokens);
  Result<void> read_named_pieces(const json::object& vocab, bool byte_fallback);
  Result<void> read_scored_pieces(const json::array& vocab, bool byte_fallback);
  Result<void> read_model(const JsonPart& model);
  Result<void> read_special_tokens();
  Result<void> read_frame();
  Result<std::optional<TokenId>> special_token(const std::string& name) const;
  Result<std::optional<TokenId>> configured_id(const std::string& key) const;
  Result<void> add_piece(std::int64_t id, std::string_view piece, bool byte_fallback);

  JsonPart root_;
  const json::object& tokenizer_config_;
  const json::object& model_config_;
  TokenizerParts parts_;
  DecoderPlan decoder_;
  bool byte_level_ = false;
};

Result<std::optional<JsonPart>> Reader::optional_part(std::string_view key) const {
  const json::value* value = find_field(*root_.object, key);
  if (value == nullptr) return std::nullopt;
  LOCI_TRY(JsonPart part, JsonPart::of(*value, std::string(key)));
  return part;
}

Result<std::unique_ptr<Tokenizer>> Reader::read() {
  LOCI_TRY(const std::optional<JsonPart> model, optional_part("model"));
  if (!model) return fail(ErrorCode::kCorrupt, "model: missing");
  LOCI_TRY_VOID(read_steps());
  LOCI_TRY_VOID(read_vocabulary(*model));
  LOCI_TRY_VOID(read_model(*model));
  if (find_field(*root_.object, "added_tokens") != nullptr) {
    LOCI_TRY(const json::array* tokens, root_.array("added_tokens"));
    LOCI_TRY_VOID(read_added_tokens(*tokens, decoder_, parts_));
  }
  LOCI_TRY_VOID(read_special_tokens());
  return std::make_unique<PipelineTokenizer>(std::move(parts_));
}

Result<void> Reader::read_steps() {
  LOCI_TRY(const std::optional<JsonPart> normalizer, optional_part("normalizer"));
  if (normalizer) {
    LOCI_TRY(parts_.normalizer, normalizer_from_json(*normalizer));
  }
  LOCI_TRY(const std::optional<JsonPart> pre_tokenizer, optional_part("pre_tokenizer"));
  if (pre_tokenizer) {
    LOCI_TRY(PreTokenizerPlan plan, pre_tokenizer_from_json(*pre_tokenizer));
    parts_.pre_tokenizer = std::move(plan.splitter);
    byte_level_ = plan.byte_level;
  }
  LOCI_TRY(const std::optional<JsonPart> decoder, optional_part("decoder"));
  if (decoder) {
    LOCI_TRY(decoder_, decoder_from_json(*decoder));
  } else {
    decoder_ = DecoderPlan::none();
  }
  parts_.strips_leading_space = decoder_.strips_leading_space;
  return {};
}

/// The table of the kinds of models, and the file's older form that leaves the type out.
Result<const ModelKind*> model_kind(const JsonPart& model) {
  const bool untyped_bpe = !model.object->contains("type") && model.object->contains("merges");
  LOCI_TRY(const std::string_view type, model.text_or("type", untyped_bpe ? "BPE" : "none"));
  for (const ModelKind& kind : kModelKinds)
    if (kind.type == type) return &kind;
  return fail(ErrorCode::kUnsupported, "model.type: {}", shown(type));
}

Result<void> Reader::read_vocabulary(const JsonPart& model) {
  LOCI_TRY(const ModelKind* kind, model_kind(model));
  LOCI_TRY(const bool byte_fallback, model.flag_or("byte_fallback", false));
  const json::value* added = find_field(*root_.object, "added_tokens");
  const std::size_t added_count = added != nullptr && added->is_array() ? added->get_array().size() : 0;
  if (kind->scored) {
    LOCI_TRY(const json::array* vocab, model.array("vocab"));
    start_vocabulary(vocab->size() + added_count);
    return read_scored_pieces(*vocab, byte_fallback || decoder_.byte_fallback);
  }
  LOCI_TRY(const JsonPart vocab, model.part("vocab"));
  start_vocabulary(vocab.object->size() + added_count);
  return read_named_pieces(*vocab.object, byte_fallback || decoder_.byte_fallback);
}

void Reader::start_vocabulary(std::size_t tokens) {
  parts_.vocabulary = std::make_unique<Vocabulary>(tokens * kIdsPerToken + kSpareIds);
}

Result<void> Reader::read_named_pieces(const json::object& vocab, bool byte_fallback) {
  for (const auto& [key, id] : vocab) {
    const std::string_view piece(key.data(), key.size());
    if (!id.is_int64()) return fail(ErrorCode::kCorrupt, "model.vocab[{}]: not an integer", shown(piece));
    if (auto done = add_piece(id.get_int64(), piece, byte_fallback); !done)
      return std::unexpected(std::move(done).error().in(fmt::format("model.vocab[{}]", shown(piece))));
  }
  return {};
}

Result<void> Reader::read_scored_pieces(const json::array& vocab, bool byte_fallback) {
  for (std::size_t id = 0; id < vocab.size(); ++id) {
    const json::array* pair = vocab[id].if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_number())
      return fail(ErrorCode::kCorrupt, "model.vocab[{}]: not a piece and its score", id);
    LOCI_TRY_VOID(add_piece(static_cast<std::int64_t>(id), view((*pair)[0].get_string()), byte_fallback));
  }
  return {};
}

Result<void> Reader::add_piece(std::int64_t id, std::string_view piece, bool byte_fallback) {
  const int byte = byte_fallback ? parse_byte_piece(piece) : -1;
  if (byte >= 0)
    return parts_.vocabulary->add(id, piece, std::string(1, static_cast<char>(byte)), TokenKind::kByte);
  return parts_.vocabulary->add(id, piece, decoder_.bytes_of(piece), TokenKind::kText);
}

Result<void> Reader::read_model(const JsonPart& model) {
  LOCI_TRY(const ModelKind* kind, model_kind(model));
  const ModelContext context{*parts_.vocabulary, byte_level_, decoder_.space_mark()};
  LOCI_TRY(parts_.model, kind->make(model, context));
  return {};
}

/// `name` ("bos_token") as tokenizer_config.json has it: a string, or an object with "content"; else
/// config.json's id. A BOS that is null there on purpose does not exist.
Result<std::optional<TokenId>> Reader::special_token(const std::string& name) const {
  const json::value* value = tokenizer_config_.if_contains(name);
  if (value != nullptr && value->is_null() && name == "bos_token") return std::nullopt;
  if (value != nullptr && value->is_object()) value = value->get_object().if_contains("content");
  if (value != nullptr && value->is_string())
    if (const auto id = parts_.vocabulary->find(view(value->get_string()))) return id;
  return configured_id(name + "_id");
}

/// config.json's `key`: an id, or a list of which the first counts; a negative one means none.
Result<std::optional<TokenId>> Reader::configured_id(const std::string& key) const {
  const json::value* value = find_field(model_config_, key);
  if (value != nullptr && value->is_array() && !value->get_array().empty())
    value = &value->get_array().front();
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0) return std::nullopt;
  const std::int64_t id = value->get_int64();
  if (id >= parts_.vocabulary->size() || !parts_.vocabulary->contains(static_cast<TokenId>(id)))
    return fail(ErrorCode::kCorrupt, "config.json's {}: token {} is not in the vocabulary", key, id);
  return static_cast<TokenId>(id);
}

Result<void> Reader::read_special_tokens() {
  LOCI_TRY(parts_.bos, special_token("bos_token"));
  LOCI_TRY(parts_.eos, special_token("eos_token"));
  return read_frame();
}

Result<void> Reader::read_frame() {
  LOCI_TRY(const std::optional<JsonPart> post_processor, optional_part("post_processor"));
  SpecialFrame frame;
  if (post_processor) {
    LOCI_TRY(frame, post_processor_from_json(*post_processor, *parts_.vocabulary));
  }
  if (!frame.stated) {
    const JsonPart config{&tokenizer_config_, "tokenizer_config.json"};
    LOCI_TRY(const bool add_bos, config.flag_or("add_bos_token", false));
    LOCI_TRY(const bool add_eos, config.flag_or("add_eos_token", false));
    if (add_bos && parts_.bos) frame.front = {*parts_.bos};
    if (add_eos && parts_.eos) frame.behind = {*parts_.eos};
  }
  parts_.front = std::move(frame.front);
  parts_.behind = std::move(frame.behind);
  return {};
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> tokenizer_from_json(std::string_view tokenizer_json,
                                                       const json::object& tokenizer_config,
                                                       const json::object& model_config) {
  const auto in_file = [](Error error) { return std::unexpected(std::move(error).in("tokenizer.json")); };
  auto value = parse_json(tokenizer_json);
  if (!value) return in_file(std::move(value).error());
  if (!value->is_object()) return in_file({ErrorCode::kCorrupt, "not an object"});
  auto tokenizer = tokenizer_from_json(value->get_object(), tokenizer_config, model_config);
  if (!tokenizer) return in_file(std::move(tokenizer).error());
  return tokenizer;
}

Result<std::unique_ptr<Tokenizer>> tokenizer_from_json(const json::object& file,
                                                       const json::object& tokenizer_config,
                                                       const json::object& model_config) {
  return Reader(JsonPart{&file, "tokenizer"}, tokenizer_config, model_config).read();
}

}  // namespace loci
