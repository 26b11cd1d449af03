#include "text/tokenize/pipeline_tokenizer.h"

#include "text/utf8.h"

namespace loci {

std::vector<TokenId> PipelineTokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = to_valid_utf8(text);
    text = repaired;
  }
  std::vector<TokenId> ids;
  ids.reserve(text.size() / 3 + parts_.front.size() + parts_.behind.size());
  if (options.add_special_tokens) ids = parts_.front;
  parts_.raw_added.split(
      text, options.parse_special_tokens,
      [&](std::string_view stretch) {
        encode_stretch(stretch, stretch.data() == text.data(), options.parse_special_tokens, ids);
      },
      [&](TokenId token) { ids.push_back(token); });
  if (options.add_special_tokens) ids.insert(ids.end(), parts_.behind.begin(), parts_.behind.end());
  return ids;
}

void PipelineTokenizer::encode_stretch(std::string_view text, bool at_start, bool parse_special,
                                       std::vector<TokenId>& ids) const {
  std::string normalized;
  if (!parts_.normalizer.empty()) {
    normalized = parts_.normalizer.apply(text);
    text = normalized;
  }
  parts_.normalized_added.split(
      text, parse_special,
      [&](std::string_view part) { encode_normalized(part, at_start && part.data() == text.data(), ids); },
      [&](TokenId token) { ids.push_back(token); });
}

void PipelineTokenizer::encode_normalized(std::string_view text, bool at_start,
                                          std::vector<TokenId>& ids) const {
  if (parts_.pre_tokenizer == nullptr) return parts_.model->encode(text, ids);
  parts_.pre_tokenizer->split({text, at_start}, [&](Piece word) { parts_.model->encode(word.text, ids); });
}

bool PipelineTokenizer::adds_bos() const {
  return parts_.bos && !parts_.front.empty() && parts_.front.front() == *parts_.bos;
}

}  // namespace loci
