// A model's tensors in other types, as a GGUF file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/worker_pool.h"
#include "tensor/checkpoint.h"
#include "tensor/gguf_writer.h"
#include "tensor/quantize/mixture.h"

namespace loci {

/// A tensor of the file to come, and where its numbers lie.
struct SourceTensor {
  std::string name;                   // in the new file
  const Tensor* stored = nullptr;     // in the checkpoint
  std::vector<std::size_t> shape;     // outermost first; its columns are the stored ones
  std::vector<std::uint32_t> rows{};  // the stored row of each; empty: all in their order
  float add = 0;                      // to each element
};

struct QuantizedTensor {
  std::string_view name;
  DType from, to;
  std::size_t bytes;    // in the new file
  bool narrow = false;  // its rows are no whole number of the blocks that the mixture wants
};

struct QuantizeOptions {
  Mixture mixture;
  bool pure = false;                                   // every matrix gets the mixture's main type
  bool requantize = false;                             // types that have lost already may lose again
  std::optional<DType> head{}, embedding{};            // instead of the mixture's choice
  std::function<void(const QuantizedTensor&)> done{};  // behind each tensor, from the writing thread
};

/// The metadata and tensors of a GGUF checkpoint as they are: what quantize_model() starts from.
std::vector<SourceTensor> tensors_of_gguf(const Checkpoint& checkpoint);
/// The keys of the GGUF file `image` (of a split model the first part), byte for byte, without what describes
/// the old file's parts, alignment and types. parse_gguf()'s errors.
Result<> copy_metadata(std::span<const std::byte> image, GgufWriter& writer);

/// Declares the tensors in `writer`, whose metadata is there but for general.file_type. Matrices get the
/// mixture's types, other floats F32, what is neither stays. They are made by `pool` when they are written,
/// one at a time: `checkpoint` and `pool` must live until then. `heads_per_values`: TensorPlace.
///
/// kInvalidArgument names a tensor that is quantized already (unless `requantize`) or a type that nothing
/// here quantizes to. While writing: kCorrupt naming the element that is not finite or too large for the
/// type.
Result<> quantize_model(const Checkpoint& checkpoint, std::vector<SourceTensor> tensors,
                        const QuantizeOptions& options, int heads_per_values, WorkerPool& pool,
                        GgufWriter& writer);

/// Query heads a head of keys and values has; 1 where the metadata does not tell.
int heads_per_values(const GgufMetadata& metadata);

}  // namespace loci
