// The model families: each maps a checkpoint's configuration and tensor names onto a ModelPlan.
// To add one: a file beside this one, a line in the table of family.cc, a golden test.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "model/spec.h"
#include "tensor/checkpoint.h"

namespace loci {

struct Family {
  std::string_view name;
  std::span<const std::string_view> hf_architectures;    // config.json "architectures"[0]
  std::span<const std::string_view> gguf_architectures;  // "general.architecture"
  Result<ModelPlan> (*plan_hf)(const Checkpoint&);
  Result<ModelPlan> (*plan_gguf)(const Checkpoint&);
};

std::span<const Family> families();

/// Finds the checkpoint's family and lets it plan. kUnsupported naming an architecture that nobody knows.
Result<ModelPlan> plan_model(const Checkpoint& checkpoint);

extern const Family kLlamaFamily;

}  // namespace loci
