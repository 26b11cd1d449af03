// safetensors: a JSON header and one byte buffer. https://github.com/huggingface/safetensors
// As with GGUF, nothing is trusted: header length, shapes, offsets, overlaps and gaps are checked against the
// bytes.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/tensor.h"

namespace loci {

/// The tensors of one file, as windows on `bytes`, which must outlive them.
/// kUnsupported naming tensor and type where a dtype is none of those listed in safetensors.cc.
Result<std::vector<Tensor>> parse_safetensors(std::span<const std::byte> bytes);

}  // namespace loci
