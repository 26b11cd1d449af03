#include "tensor/random/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "tensor/formats/format.h"
#include "tensor/quantize/mixture.h"
#include "tensor/random/random_weights.h"

namespace loci {
namespace {

constexpr FormatMix kMixtures[] = {{"Q4_K_M", DType::kQ4_K, DType::kQ6_K},
                                   {"Q5_K_M", DType::kQ5_K, DType::kQ6_K}};

bool same_name(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::ranges::equal(a, b, {}, upper, upper);
}

void set_llama_keys(GgufWriter& writer, const ModelShape& shape) {
  writer.set("general.architecture", "llama");
  writer.set("general.name", std::string_view(fmt::format("{} (random weights)", shape.name)));
  const auto set = [&](std::string_view key, int value) {
    writer.set(fmt::format("llama.{}", key), GgufValue(std::int64_t{value}));
  };
  set("context_length", shape.context);
  set("embedding_length", shape.hidden);
  set("block_count", shape.layers);
  set("feed_forward_length", shape.intermediate);
  set("attention.head_count", shape.heads);
  set("attention.head_count_kv", shape.kv_heads);
  set("attention.key_length", shape.head_dim);
  set("attention.value_length", shape.head_dim);
  set("rope.dimension_count", shape.head_dim);
  set("vocab_size", shape.vocabulary);
  writer.set("llama.rope.freq_base", GgufValue(500000.0));
  writer.set("llama.attention.layer_norm_rms_epsilon", GgufValue(double{1e-5f}));
}

constexpr std::string_view kChatTemplate =
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant: ";

void append_utf8(std::string& text, unsigned code) {  // below U+0800
  if (code >= 0x80) text += static_cast<char>(0xC0u | code >> 6);
  text += static_cast<char>(code < 0x80 ? code : 0x80u | (code & 0x3Fu));
}

/// The letters by which GPT-2's vocabularies name the bytes: printable ones stand for themselves, the others
/// for U+0100 and up.
std::string byte_letter(unsigned byte) {
  const auto prints = [](unsigned b) { return (b > 32 && b < 127) || (b > 160 && b != 173); };
  unsigned hidden = 0;
  for (unsigned b = 0; b < byte; ++b) hidden += prints(b) ? 0 : 1;
  std::string letter;
  append_utf8(letter, prints(byte) ? byte : 256 + hidden);
  return letter;
}

void set_byte_tokenizer(GgufWriter& writer, int vocabulary) {
  std::vector<std::string> names{"<unk>", "<s>", "</s>"};
  const std::size_t special = names.size(), count = static_cast<std::size_t>(vocabulary);
  for (unsigned byte = 0; byte < 256; ++byte) names.push_back(byte_letter(byte));
  names.push_back(byte_letter(0xFE) + byte_letter(0xFF));
  while (names.size() < count) names.push_back(fmt::format("<x{}>", names.size() - special - 257));
  constexpr std::int64_t kNormal = 1, kControl = 3;
  std::vector<std::int64_t> types(count, kNormal);
  std::fill_n(types.begin(), special, kControl);
  writer.set("tokenizer.ggml.model", "gpt2");
  writer.set("tokenizer.ggml.pre", "gpt-2");
  writer.set("tokenizer.ggml.tokens", GgufValue(std::vector<std::string_view>(names.begin(), names.end())));
  writer.set("tokenizer.ggml.token_type", GgufValue(types));
  // The `gguf` package writes no empty list: a merge of two bytes that no UTF-8 text has.
  const std::string merge = fmt::format("{} {}", byte_letter(0xFE), byte_letter(0xFF));
  writer.set("tokenizer.ggml.merges", GgufValue(std::vector<std::string_view>{merge}));
  writer.set("tokenizer.ggml.bos_token_id", GgufValue(std::int64_t{1}));
  writer.set("tokenizer.ggml.eos_token_id", GgufValue(std::int64_t{2}));
  writer.set("tokenizer.ggml.add_bos_token", GgufValue(false));
  writer.set("tokenizer.chat_template", kChatTemplate);
}

/// Declares the tensors, each with the way to make it.
class TensorMaker {
 public:
  TensorMaker(GgufWriter& writer, WorkerPool& pool, RandomModelOptions options)
      : writer_(writer), pool_(pool), options_(std::move(options)) {}

  Result<> norm(const std::string& name, int features) {
    return writer_.add(name + ".weight", DType::kF32, {static_cast<std::size_t>(features)},
                       [made = options_.made](std::span<std::byte> bytes) {
                         const float one = 1;
                         for (std::size_t i = 0; i < bytes.size(); i += sizeof one)
                           std::memcpy(&bytes[i], &one, sizeof one);
                         if (made) made(bytes.size());
                       });
  }

  Result<> matrix(const std::string& name, DType dtype, int rows, int columns) {
    const auto height = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(columns);
    const RandomWeights weights(dtype, 1 / std::sqrt(static_cast<double>(columns)), options_.seed);
    return writer_.add(
        name + ".weight", dtype, {height, width},
        [=, &pool = pool_, made = options_.made, stream = ++streams_](std::span<std::byte> bytes) {
          const std::size_t row = row_bytes(dtype, width);
          pool.for_each_chunk(rows, 16, [&](int begin, int end) {
            for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r)
              weights.fill_row(stream, r, width, &bytes[r * row]);
          });
          if (made) made(bytes.size());
        });
  }

 private:
  GgufWriter& writer_;
  WorkerPool& pool_;
  RandomModelOptions options_;
  std::uint64_t streams_ = 0;
};

Result<> add_layer(TensorMaker& make, const ModelShape& shape, const FormatMix& mix, int layer) {
  const std::string prefix = fmt::format("blk.{}.", layer);
  const int query = shape.heads * shape.head_dim, kv = shape.kv_heads * shape.head_dim;
  const DType more = gets_more_bits(layer, shape.layers) ? mix.more : mix.main;
  LOCI_TRY_VOID(make.norm(prefix + "attn_norm", shape.hidden));
  LOCI_TRY_VOID(make.matrix(prefix + "attn_q", mix.main, query, shape.hidden));
  LOCI_TRY_VOID(make.matrix(prefix + "attn_k", mix.main, kv, shape.hidden));
  LOCI_TRY_VOID(make.matrix(prefix + "attn_v", more, kv, shape.hidden));
  LOCI_TRY_VOID(make.matrix(prefix + "attn_output", mix.main, shape.hidden, query));
  LOCI_TRY_VOID(make.norm(prefix + "ffn_norm", shape.hidden));
  LOCI_TRY_VOID(make.matrix(prefix + "ffn_gate", mix.main, shape.intermediate, shape.hidden));
  LOCI_TRY_VOID(make.matrix(prefix + "ffn_up", mix.main, shape.intermediate, shape.hidden));
  return make.matrix(prefix + "ffn_down", more, shape.hidden, shape.intermediate);
}

}  // namespace

Result<FormatMix> parse_format_mix(std::string_view name) {
  for (const FormatMix& mix : kMixtures)
    if (same_name(name, mix.name)) return mix;
  std::vector<std::string_view> names;
  for (const Format& format : formats()) {
    if (!format.ggml_type || !can_be_random(format.dtype)) continue;
    if (same_name(name, format.traits.name)) return FormatMix{format.traits.name, format.dtype, format.dtype};
    names.push_back(format.traits.name);
  }
  for (const FormatMix& mix : kMixtures) names.push_back(mix.name);
  return fail(ErrorCode::kInvalidArgument, "format '{}' is none of {}", name, fmt::join(names, ", "));
}

Result<GgufWriter> make_random_model(const ModelShape& shape, const FormatMix& mix, WorkerPool& pool,
                                     RandomModelOptions options) {
  GgufWriter writer;
  set_llama_keys(writer, shape);
  set_byte_tokenizer(writer, shape.vocabulary);
  TensorMaker make(writer, pool, std::move(options));
  LOCI_TRY_VOID(make.matrix("token_embd", shape.tied ? mix.more : mix.main, shape.vocabulary, shape.hidden));
  for (int layer = 0; layer < shape.layers; ++layer) LOCI_TRY_VOID(add_layer(make, shape, mix, layer));
  LOCI_TRY_VOID(make.norm("output_norm", shape.hidden));
  if (!shape.tied) LOCI_TRY_VOID(make.matrix("output", mix.more, shape.vocabulary, shape.hidden));
  return writer;
}

}  // namespace loci
