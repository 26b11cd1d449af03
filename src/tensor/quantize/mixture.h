// Which tensor of a model gets which type: the mixtures of llama-quantize, by its names. Matrices that a
// model reacts to most (the head, the projection of values, the MLP's way down) get more bits than the
// others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"

namespace loci {

/// Layers that get more: the first and the last eighth, and every third between.
bool gets_more_bits(int layer, int layers);

enum class Where {
  kEverywhere,
  kMoreBits,     // gets_more_bits()
  kFirstEighth,  // of the layers
  kFirstSixteenth,
  kFirstTwo,  // layers
  kFirstFour,
  kSharedValues,  // models in which four or more heads read the same values: the matrix is small
};

struct Mixture {
  struct Choice {
    DType type;
    Where where;
  };
  std::string_view name;
  std::uint32_t file_type;  // general.file_type: llama.cpp's number
  DType main;
  DType head;  // of output.weight; of token_embd.weight where that is the head too
  // The first choice that applies to the layer; none: `main`.
  std::vector<Choice> value{}, down{}, attention_output{}, query_key_value{};
};

/// In any case; a name without _S or _M means _M, as llama-quantize takes it. kInvalidArgument with the names
/// that there are.
Result<Mixture> parse_mixture(std::string_view name);
std::vector<std::string_view> mixture_names();

/// A tensor in its model.
struct TensorPlace {
  std::string_view name;  // of GGUF: "blk.3.ffn_down.weight"
  std::size_t dimensions = 0, columns = 0;
  int layers = 0;            // of the model
  int heads_per_values = 1;  // query heads that share a head of keys and values
  bool has_output = false;   // the model has an output.weight
};

/// Whether the tensor is a matrix that products are made with: two dimensions at least, a ".weight", no norm,
/// no table of positions or types, no router.
bool is_quantizable(const TensorPlace& place);

/// The type of a quantizable tensor, before its width is looked at.
DType type_in_mixture(const Mixture& mixture, const TensorPlace& place);

/// `wanted` where its blocks divide a row of `columns`; else the type of smaller blocks that comes nearest,
/// as llama-quantize falls back; F16 where nothing divides it.
DType type_for_width(DType wanted, std::size_t columns);

/// N of a name that begins with "blk.N."; -1: none.
int layer_of(std::string_view name);

}  // namespace loci
