// A Hugging Face checkpoint as GGUF has it: the keys of its configuration, and where each tensor's rows come
// from.
#pragma once

#include <deque>
#include <vector>

#include "base/error.h"
#include "tensor/checkpoint.h"
#include "tensor/gguf_writer.h"
#include "tensor/quantize/quantize_model.h"

namespace loci {

/// What quantize_model() takes; the checkpoint must outlive it.
struct GgufExport {
  std::vector<SourceTensor> tensors;
  int heads_per_values = 1, vocab_size = 0;
  // Views and numbers that `tensors` point to and the checkpoint does not have.
  std::deque<Tensor> made;
  std::vector<float> rope_divisors;
};

/// Sets general.* and the architecture's keys in `writer`. kUnsupported naming the architecture that has no
/// GGUF name here, or the field whose meaning its keys cannot say.
Result<GgufExport> export_to_gguf(const Checkpoint& checkpoint, GgufWriter& writer);

/// Whether two checkpoints plan the same computation: what was written, read back. kCorrupt naming the
/// difference.
Result<> check_same_model(const Checkpoint& original, const Checkpoint& written);

}  // namespace loci
