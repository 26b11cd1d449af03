// Shapes of Llama-like models: what decides how much there is to compute and to read. Published models'
// shapes have their names; any number can be another.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace loci {

struct ModelShape {
  std::string name;
  int hidden, intermediate, layers;
  int heads, kv_heads, head_dim;
  int vocabulary, context;
  bool tied;  // the head is the embedding

  std::size_t parameters() const;
};

/// The named shapes, small ones first.
std::span<const ModelShape> model_shapes();

/// "NAME", "NAME,key=value,..." or "key=value,...", which changes bench-0.5b. Keys: layers, hidden, ff,
/// heads, kv_heads, head_dim, vocab, context, tied (0 or 1). kInvalidArgument names what cannot be.
Result<ModelShape> parse_model_shape(std::string_view text);

}  // namespace loci
