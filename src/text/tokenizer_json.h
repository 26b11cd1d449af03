// Reads Hugging Face's tokenizer.json (the `tokenizers` library's format, 0.22).
#pragma once

#include <memory>
#include <string_view>

#include "base/json.h"
#include "text/tokenizer.h"

namespace loci {

/// `tokenizer_config` (tokenizer_config.json) names BOS and EOS and, where the file's own post-processor is
/// silent, says whether they are added; `model_config` (config.json) is asked for their ids where it does
/// not. Either may be empty. kCorrupt naming the field ("tokenizer.json: model.merges[3]: ..."), kUnsupported
/// naming the kind of a part that Loci does not know.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_json(std::string_view tokenizer_json,
                                                       const json::object& tokenizer_config = {},
                                                       const json::object& model_config = {});

/// The same of a file that has been parsed, or that another format was written as.
Result<std::unique_ptr<Tokenizer>> tokenizer_from_json(const json::object& file,
                                                       const json::object& tokenizer_config,
                                                       const json::object& model_config);

}  // namespace loci
