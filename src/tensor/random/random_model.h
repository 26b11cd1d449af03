// A GGUF file of a Llama-like model with random weights: as much to compute and to read as the real one has,
// without a download. Its vocabulary is bytes: one byte of text is one token; the rest are names that no text
// makes.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "base/worker_pool.h"
#include "tensor/dtype.h"
#include "tensor/gguf_writer.h"
#include "tensor/random/model_shape.h"

namespace loci {

/// Which matrix has which type. Of a plain format all have one; the mixtures are llama.cpp's: `more` is the
/// head's, and that of the values' projection and of the MLP's down in the layers that it thinks worth more.
struct FormatMix {
  std::string_view name;
  DType main, more;
};

/// A format that GGUF has and matrices may have ("Q8_0", "BF16"), or Q4_K_M or Q5_K_M; in any case.
/// kInvalidArgument with the names there are.
Result<FormatMix> parse_format_mix(std::string_view name);

struct RandomModelOptions {
  std::uint64_t seed = 1;
  std::function<void(std::size_t bytes)> made{};  // called behind each tensor, from the writing thread
};

/// The file, to be written (or taken as an image); its tensors are made by `pool`, which must live until
/// then, when their turn comes. kInvalidArgument naming the tensor whose rows are no whole number of blocks.
Result<GgufWriter> make_random_model(const ModelShape& shape, const FormatMix& mix, WorkerPool& pool,
                                     RandomModelOptions options);

}  // namespace loci
