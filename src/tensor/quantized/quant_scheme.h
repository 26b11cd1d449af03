// What the configuration of a Hugging Face folder says about how its weights are quantized.
#pragma once

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "base/json.h"

namespace loci {

struct QuantScheme {
  enum class Method { kGptq, kAwq, kFp8, kCompressedTensors };
  Method method;
  // GPTQ and AWQ: columns that share a scale; 0 is a whole row.
  std::size_t group_columns = 0;
  // GPTQ: what is to be added to a stored zero point, 1 in the first version of the format.
  int zero_offset = 0;
  // FP8 and compressed tensors: the block of the weight that shares a scale; 0 where scales are per row or
  // tensor.
  std::size_t block_rows = 0, block_columns = 0;
  // Compressed tensors: activations are to be rounded to 8 bits when they are there, symmetrically, each row
  // under a scale of its own. True where every group of 8-bit integer weights says so.
  bool scales_activation_rows = false;
};

/// The scheme of an object "quantization_config" of config.json, or of an older folder's quantize_config.json
/// or quant_config.json, for which `method_if_absent` stands in where "quant_method" is missing. kUnsupported
/// naming the field where Loci cannot read such weights.
Result<QuantScheme> read_quant_scheme(const json::object& config, std::string_view method_if_absent);

}  // namespace loci
