// What people call a model on a hub: "org/name", or "org/name:Q4_K_M" for the GGUF files of one quantization.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace loci {

struct ModelName {
  std::string org, name;
  std::string quant{};  // as typed; empty: none was asked for

  std::string repo() const { return org + '/' + name; }
  std::string text() const { return quant.empty() ? repo() : repo() + ':' + quant; }
};

/// kInvalidArgument where `text` is no such name. Its parts are safe as names of folders.
Result<ModelName> parse_model_name(std::string_view text);

}  // namespace loci
