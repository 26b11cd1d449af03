// The model families: each turns a checkpoint's configuration into a ModelPlan.
// To add one: a file beside this one, a line in table.inc, a golden (tools/goldens/).
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "model/plan_builder.h"
#include "model/sources.h"
#include "tensor/checkpoint.h"

namespace loci {

struct Family {
  std::string_view name;
  std::span<const std::string_view> hf_architectures;    // config.json "architectures"[0]
  std::span<const std::string_view> gguf_architectures;  // "general.architecture"
  Result<> (*plan)(PlanBuilder&);                        // fills in spec and layout
  std::span<const KeyAlias> aliases = {};                // its own spellings of config.json's keys
};

std::span<const Family> families();

/// Finds the checkpoint's family and lets it plan. kUnsupported naming an architecture that nobody knows.
Result<ModelPlan> plan_model(const Checkpoint& checkpoint, PlanOptions options = {});

#define LOCI_FAMILY(name) extern const Family name;
#include "model/families/table.inc"
#undef LOCI_FAMILY

}  // namespace loci
