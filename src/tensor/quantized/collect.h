// Finds the parts of quantized weights among a folder's tensors.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "tensor/quantized/parted_weight.h"
#include "tensor/quantized/quant_scheme.h"

namespace loci {

using TensorMap = std::map<std::string, Tensor, std::less<>>;
using PartedWeightMap = std::map<std::string, PartedWeight, std::less<>>;

/// Takes the parts of every quantized weight out of `tensors`, checks that they fit each other, and puts the
/// weight there under the name that it would have unquantized, "X.weight", without bytes. `weights` has what
/// it is made of, under the same name; a tensor's column_order points into it. Tensors that are not quantized
/// stay. kCorrupt naming the tensor that is missing or does not fit.
Result<> collect_parted_weights(const QuantScheme& scheme, TensorMap& tensors, PartedWeightMap& weights);

}  // namespace loci
