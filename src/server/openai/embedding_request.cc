#include "server/openai/embedding_request.h"

namespace loci {
namespace {

void read_list(FieldReader& fields, const json::array& list, std::vector<EmbeddingInput>& inputs) {
  if (!list.empty() && list[0].is_number()) {
    auto tokens = parse_tokens(list, "input");
    if (!tokens) return fields.refuse_error(std::move(tokens).error());
    inputs.emplace_back(std::move(*tokens));
    return;
  }
  if (list.empty() || list.size() > kMaxEmbeddingInputs)
    return fields.refuse(
        "input", fmt::format("'input' has {} elements, must be 1..{}", list.size(), kMaxEmbeddingInputs));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string name = fmt::format("input[{}]", i);
    if (const json::string* text = list[i].if_string()) {
      inputs.emplace_back(std::string(*text));
    } else if (const json::array* ids = list[i].if_array()) {
      auto tokens = parse_tokens(*ids, name);
      if (!tokens) return fields.refuse_error(std::move(tokens).error());
      inputs.emplace_back(std::move(*tokens));
    } else {
      return fields.refuse("input", fmt::format("'{}' is a {}, must be a string or a list of token ids", name,
                                                json_type_name(list[i])));
    }
  }
}

}  // namespace

Result<EmbeddingRequest> parse_embedding_request(const json::object& body) {
  EmbeddingRequest request;
  FieldReader fields(body);
  fields.read("model", request.model);
  read_terms(fields, request.terms);
  const json::value* input = fields.find("input");
  if (input == nullptr) {
    fields.refuse("input", "'input' is required");
  } else if (const json::string* text = input->if_string()) {
    request.inputs.emplace_back(std::string(*text));
  } else if (const json::array* list = input->if_array()) {
    read_list(fields, *list, request.inputs);
  } else {
    fields.refuse_type("input", "a string or a list", *input);
  }
  std::string format = "float";
  fields.read("encoding_format", format);
  if (format != "float" && format != "base64")
    fields.refuse("encoding_format",
                  fmt::format("'encoding_format' is \"{}\", must be \"float\" or \"base64\"", format));
  request.base64 = format == "base64";
  fields.read("dimensions", request.dimensions, IntRange{1, 1 << 24});
  fields.read("truncate_prompt_tokens", request.truncate_prompt_tokens, IntRange{-1, 1 << 24});
  if (request.truncate_prompt_tokens == 0)
    fields.refuse("truncate_prompt_tokens", "'truncate_prompt_tokens' is 0, must be -1 or at least 1");
  LOCI_TRY_VOID(fields.status());
  return request;
}

}  // namespace loci
