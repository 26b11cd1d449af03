// One step's work for the model: a ragged batch of rows, some of a prompt chunk, some single tokens.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"

namespace loci {

/// Row r computes token tokens[r] at position positions[r] of sequence sequences[r]. Rows of a sequence are
/// adjacent and in order; all earlier positions of the sequence are in the KV cache or earlier rows of this
/// batch.
struct Batch {
  std::span<const TokenId> tokens;               // [rows]
  std::span<const int> positions;                // [rows]
  std::span<const int> sequences;                // [rows] -> index into tables
  std::span<const std::uint32_t* const> tables;  // [sequences] -> block numbers of the sequence
  std::span<const int> logits_rows;              // rows whose next-token distribution is wanted, ascending
  std::span<const int> state_rows = {};          // rows whose last hidden state is wanted, ascending

  int rows() const { return static_cast<int>(tokens.size()); }
};

}  // namespace loci
