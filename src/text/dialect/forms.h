// The forms of all dialects.
#pragma once

#include "text/dialect/form.h"

namespace loci::dialect {

inline constexpr std::string_view kThinkMarkers[] = {"<think>", "</think>"};

// json_tags.cc
extern const Form kReasoningOnly, kThinksUnasked, kHermes, kToolCalls, kApriel, kNemotron, kGranite,
    kFunctools, kCohere, kCohereAction, kGigaChat3, kGigaChat31, kInternLm;
// qwen3_coder.cc
extern const Form kQwen3Coder, kSeedOss, kFunctionary;
// invoke.cc
extern const Form kDeepSeekV32, kDeepSeekV4, kMiniMax;
// deepseek.cc
extern const Form kDeepSeekV3, kDeepSeekR1, kDeepSeekV31;
// llama.cc
extern const Form kLlama3, kPythonic, kLfm2, kFunctionCalls, kToolCode;
// a file each
extern const Form kMistral, kMistralJson, kKimi, kGlm, kGlm45, kApertus, kMcp, kGemma4, kHarmony;

}  // namespace loci::dialect
