// What computing tokens takes at least, so that a measured time can be compared with the machine's limits:
// every weight is read once and multiplied with every row, every key and value that is seen is read once.
#pragma once

#include "kernels/roofline.h"
#include "memory/kv_arena.h"
#include "model/model.h"

namespace loci {

/// Each of `sequences` sequences computes the positions [begin, begin + count), and the distribution behind
/// the last of them.
struct StepTokens {
  int sequences = 1;
  int begin = 0, count = 1;
};

/// What the products of a model are: those of its weights' type, or of float32 where it was loaded to compute
/// in it.
kernels::Operands operands_of(const Model& model);

/// operations = 2 x weights x rows, the head's for one row a sequence, and 2 x 2 x head_dim x heads for each
/// position that a row sees (scores and values); bytes = the weights, of an embedding that is not the head
/// the rows alone, and the keys and values up to the last position, as far as windows reach. A multiply-add
/// is two operations.
kernels::Work step_work(const Model& model, const KvLayout& kv, const StepTokens& tokens);

}  // namespace loci
