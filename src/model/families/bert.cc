// BERT, MiniLM, RoBERTa, XLM-RoBERTa and DistilBERT: encoders for embeddings. Every token sees the whole
// text; learned positions and a type of sentence, norms behind each sum. Devlin et al. 2019; Liu et al. 2019;
// Sanh et al. 2019.
#include "model/families/family.h"

namespace loci {
namespace {

using kernels::Activation;
using kernels::NormKind;

constexpr TensorNames kBertNames{.embedding = "embeddings.word_embeddings",
                                 .positions = "embeddings.position_embeddings",
                                 .token_type = "embeddings.token_type_embeddings",
                                 .embedding_norm = "embeddings.LayerNorm",
                                 .layer = "encoder.layer.{}.",
                                 .query = "attention.self.query",
                                 .key = "attention.self.key",
                                 .value = "attention.self.value",
                                 .attention_output = "attention.output.dense",
                                 .attention_stream_norm = "attention.output.LayerNorm",
                                 .up = "intermediate.dense",
                                 .down = "output.dense",
                                 .mlp_stream_norm = "output.LayerNorm"};
constexpr TensorNames kDistilBertNames{.embedding = "embeddings.word_embeddings",
                                       .positions = "embeddings.position_embeddings",
                                       .embedding_norm = "embeddings.LayerNorm",
                                       .layer = "transformer.layer.{}.",
                                       .query = "attention.q_lin",
                                       .key = "attention.k_lin",
                                       .value = "attention.v_lin",
                                       .attention_output = "attention.out_lin",
                                       .attention_stream_norm = "sa_layer_norm",
                                       .up = "ffn.lin1",
                                       .down = "ffn.lin2",
                                       .mlp_stream_norm = "output_layer_norm"};

/// RoBERTa counts positions from behind the row of its padding token.
Result<> read_position_offset(PlanBuilder& b) {
  LOCI_TRY(const double padding, b.config.number_or("pad_token_id", 1));
  if (!(padding >= 0 && padding + 2 <= b.spec.context_length))
    return fail(ErrorCode::kCorrupt, "field 'pad_token_id' is {}, there are {} positions", padding,
                b.spec.context_length);
  b.spec.embedding.position_offset = static_cast<int>(padding) + 1;
  b.spec.context_length -= b.spec.embedding.position_offset;
  return {};
}

Result<> plan(PlanBuilder& b) {
  LOCI_TRY_VOID(b.layer_norm_decoder(Activation::kGelu));
  LOCI_TRY_VOID(b.set_norms(NormKind::kLayer, "layer_norm_eps", 1e-12));
  b.spec.causal = b.spec.has_head = false;
  b.spec.embedding.learned_positions = b.spec.context_length;
  b.spec.embedding.norm = b.spec.output_norm;
  b.spec.output_norm = {};
  b.each_layer([](LayerSpec& layer, int) {
    layer.attention_stream_norm = layer.mlp_stream_norm = layer.attention_norm;
    layer.attention_norm = layer.mlp_norm = {};
  });
  b.spec.embedding.token_type = b.has_tensor("token_types.weight");
  if (b.is_gguf()) return {};
  LOCI_TRY(const std::string positions, b.config.text_or("position_embedding_type", "absolute"));
  if (positions != "absolute")
    return fail(ErrorCode::kUnsupported, "field 'position_embedding_type' \"{}\" is not supported",
                positions);
  const bool distilled = b.spec.architecture.starts_with("DistilBert");
  const bool roberta = b.spec.architecture.find("Roberta") != std::string::npos;
  if (roberta) LOCI_TRY_VOID(read_position_offset(b));
  b.spec.embedding.token_type = !distilled;
  b.layout.roots = {"", "bert.", "roberta.", "distilbert."};
  b.layout.names = distilled ? kDistilBertNames : kBertNames;
  return {};
}

constexpr KeyAlias kAliases[] = {{"hidden_size", "dim"},
                                 {"num_hidden_layers", "n_layers"},
                                 {"num_attention_heads", "n_heads"},
                                 {"intermediate_size", "hidden_dim"},
                                 {"hidden_act", "activation"}};
constexpr std::string_view kHf[] = {"BertModel",
                                    "BertForMaskedLM",
                                    "BertForSequenceClassification",
                                    "RobertaModel",
                                    "RobertaForMaskedLM",
                                    "XLMRobertaModel",
                                    "XLMRobertaForMaskedLM",
                                    "DistilBertModel",
                                    "DistilBertForMaskedLM"};
constexpr std::string_view kGguf[] = {"bert"};

}  // namespace

const Family kBertFamily{"bert", kHf, kGguf, plan, kAliases};

}  // namespace loci
