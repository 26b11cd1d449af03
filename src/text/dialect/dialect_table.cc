#include "text/dialect/dialect_table.h"

#include "text/dialect/forms.h"

namespace loci::dialect {
namespace {

using Source = std::string_view;

bool has(Source source, std::string_view mark) {
  return source.find(mark) != Source::npos;
}

/// The closing tag without the opening one: the model opens its thinking unasked, and the template cuts it
/// off.
bool thinks_unasked(Source s) {
  return has(s, "</think>") && !has(s, "<think>");
}

TableRow row(std::string_view name, const Form& form, bool (*shows)(Source)) {
  const Dialect dialect{.name = name, .markers = form.markers, .call_ids = form.call_ids, .form = &form};
  return {dialect, shows};
}

}  // namespace

std::span<const TableRow> dialect_table() {
  static const TableRow kRows[] = {
      row("harmony", kHarmony, [](Source s) { return has(s, "<|channel|>") && has(s, "<|message|>"); }),
      row("gemma4", kGemma4, [](Source s) { return has(s, "<|tool_call>call:"); }),
      row("deepseek_v32", kDeepSeekV32,
          [](Source s) { return has(s, "｜DSML｜") && has(s, "function_calls>"); }),
      row("deepseek_v4", kDeepSeekV4, [](Source s) { return has(s, "｜DSML｜"); }),
      row("kimi", kKimi, [](Source s) { return has(s, "<|tool_call_argument_begin|>"); }),
      row("deepseek_r1", kDeepSeekR1,
          [](Source s) { return has(s, "<｜tool▁call▁begin｜>") && thinks_unasked(s); }),
      row("deepseek_v3", kDeepSeekV3,
          [](Source s) { return has(s, "<｜tool▁call▁begin｜>") && has(s, "```json"); }),
      row("deepseek_v31", kDeepSeekV31, [](Source s) { return has(s, "<｜tool▁call▁begin｜>"); }),
      row("glm47", kGlm, [](Source s) { return has(s, "{function-name}<arg_key>"); }),
      row("glm45", kGlm45, [](Source s) { return has(s, "<arg_key>"); }),
      row("minimax", kMiniMax, [](Source s) { return has(s, "minimax:tool_call"); }),
      row("seed_oss", kSeedOss, [](Source s) { return has(s, "<seed:tool_call>"); }),
      row("mcp", kMcp, [](Source s) { return has(s, "<use_mcp_tool>"); }),
      row("apertus", kApertus, [](Source s) { return has(s, "<|tools_prefix|>"); }),
      row("cohere", kCohere, [](Source s) { return has(s, "<|START_ACTION|>"); }),
      row("cohere_action", kCohereAction,
          [](Source s) { return has(s, "Action:") && has(s, "\"tool_name\""); }),
      row("mistral", kMistral, [](Source s) { return has(s, "[TOOL_CALLS]") && has(s, "[ARGS]"); }),
      row("mistral_json", kMistralJson, [](Source s) { return has(s, "[TOOL_CALLS]"); }),
      row("gigachat31", kGigaChat31, [](Source s) { return has(s, "<|function_call|>"); }),
      row("gigachat3", kGigaChat3,
          [](Source s) { return has(s, "function call") && has(s, "<|role_sep|>"); }),
      row("apriel", kApriel,
          [](Source s) { return has(s, "<tool_calls>") && has(s, "[BEGIN FINAL RESPONSE]"); }),
      row("tool_calls", kToolCalls, [](Source s) { return has(s, "<tool_calls>"); }),
      row("nemotron", kNemotron, [](Source s) { return has(s, "<TOOLCALL>"); }),
      row("qwen3_coder", kQwen3Coder, [](Source s) { return has(s, "<tool_call>") && has(s, "<function="); }),
      row("functionary", kFunctionary, [](Source s) { return has(s, "<function="); }),
      row("granite", kGranite, [](Source s) { return has(s, "<|tool_call|>"); }),
      row("hermes", kHermes, [](Source s) { return has(s, "<tool_call>"); }),
      row("internlm", kInternLm, [](Source s) { return has(s, "<|action_start|>"); }),
      row("functools", kFunctools, [](Source s) { return has(s, "functools["); }),
      row("function_calls", kFunctionCalls, [](Source s) { return has(s, "<function_calls>"); }),
      row("lfm2", kLfm2, [](Source s) { return has(s, "<|tool_call_start|>") || has(s, "List of tools: "); }),
      row("pythonic", kPythonic, [](Source s) { return has(s, "[func_name1("); }),
      row("llama3", kLlama3,
          [](Source s) {
            return has(s, "<|python_tag|>") || has(s, "<|python_start|>") ||
                   has(s, R"(format {"name": function name, "parameters":)");
          }),
      row("tool_code", kToolCode, [](Source s) { return has(s, "```tool_code"); }),
      row("think_unasked", kThinksUnasked, thinks_unasked),
      row("think", kReasoningOnly, [](Source s) { return has(s, "<think>"); }),
  };
  return kRows;
}

}  // namespace loci::dialect
