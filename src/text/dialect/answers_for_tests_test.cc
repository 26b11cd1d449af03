#include "text/dialect/answers_for_tests.h"

#include <map>
#include <sstream>

#include "text/chat_template.h"
#include "text/dialect/dialect_table.h"
#include "text/dialect/json_scanner.h"
#include "text/test_files.h"

namespace loci::test {

void Answer::add(const AnswerDelta& delta) {
  content += delta.content;
  reasoning += delta.reasoning;
  for (const ToolCallDelta& call : delta.tool_calls) {
    const auto index = static_cast<std::size_t>(call.index);
    ASSERT_LE(index, calls.size());
    ASSERT_EQ(index == calls.size(), !call.name.empty())
        << "a name comes in a call's first delta and no other";
    if (index == calls.size()) calls.push_back({call.id, call.name, {}});
    ASSERT_EQ(index + 1, calls.size()) << "calls come one after the other";
    calls[index].arguments += call.arguments;
  }
}

namespace {

/// Whether `text` is an object, or the beginning of one.
bool begins_object(std::string_view text) {
  dialect::JsonScanner scan;
  auto step = dialect::JsonScanner::Step::kMore;
  for (const char c : text) {
    if (step != dialect::JsonScanner::Step::kMore) return false;
    step = scan.push(c);
    if (scan.control()) return false;
  }
  return step != dialect::JsonScanner::Step::kWrong && (text.empty() || text.front() == '{');
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Answer& answer) {
  out << "content <" << answer.content << "> reasoning <" << answer.reasoning << ">";
  for (const Answer::Call& call : answer.calls)
    out << "\n  call " << call.name << " id <" << call.id << "> " << call.arguments;
  return out;
}

Answer parse_answer(const Dialect& dialect, const AnswerOptions& options, std::string_view text,
                    const std::vector<std::size_t>& cuts) {
  const auto parser = dialect.make_parser(options);
  Answer answer;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    answer.add(parser->feed(text.substr(begin, cut - begin)));
    begin = cut;
  }
  answer.add(parser->feed(text.substr(begin)));
  answer.add(parser->finish());
  for (const Answer::Call& call : answer.calls)
    EXPECT_TRUE(begins_object(call.arguments)) << dialect.name << ": " << call.arguments << "\nof " << text;
  return answer;
}

const Dialect& dialect_named(std::string_view name) {
  for (const dialect::TableRow& row : dialect::dialect_table())
    if (row.dialect.name == name) return row.dialect;
  throw std::runtime_error("no dialect " + std::string(name));
}

std::span<const TemplateRow> template_rows() {
  static constexpr std::string_view kIm = "<|im_end|>", kDs = "<｜end▁of▁sentence｜>", kEot = "<|eot_id|>",
                                    kCohere = "<|END_OF_TURN_TOKEN|>";
  static constexpr TemplateRow kRows[] = {
      {"Apertus-8B-Instruct", "apertus", "[{\"temp\""},
      {"Apriel-1.6-15b-Thinker-fixed", "apriel", "\n<|end|>"},
      {"Bielik-11B-v3.0-Instruct", "hermes", kIm},
      {"ByteDance-Seed-OSS", "seed_oss", "<seed:eos>"},
      {"Cohere2MoE", "cohere", kCohere},
      {"CohereForAI-c4ai-command-r-plus-tool_use", "cohere_action", "\n<|START_OF_TURN"},
      {"CohereForAI-c4ai-command-r7b-12-2024-tool_use", "cohere", kCohere},
      {"GLM-4.6", "glm45", "<|observation|>"},
      {"GLM-4.7-Flash", "glm47", "<|observation|>"},
      {"GigaChat3-10B-A1.8B", "gigachat3", "<|message_sep|>\n\nfunction result"},
      {"GigaChat3.1-10B-A1.8B", "gigachat31", "<|message_sep|>"},
      {"HuggingFaceTB-SmolLM3-3B", "think", kIm, false},
      {"Kimi-K2-Instruct", "kimi", kIm, false},
      {"LFM2-8B-A1B", "lfm2", kIm, false},
      {"LFM2.5-Instruct", "lfm2", kIm, false},
      {"MiMo-VL", "hermes", kIm},
      {"MiroThinker", "mcp", kIm, false},
      {"Mistral-Small-3.2-24B-Instruct-2506", "mistral", "<EOS>"},
      {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "qwen3_coder", kIm},
      {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "hermes", kIm},
      {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "hermes", kIm},
      {"Qwen-QwQ-32B", "hermes", kIm},
      {"Qwen-Qwen2.5-7B-Instruct", "hermes", kIm},
      {"Qwen-Qwen3-0.6B", "hermes", kIm},
      {"Qwen3-Coder", "qwen3_coder", kIm},
      {"Qwen3.5-4B", "qwen3_coder", kIm},
      {"Reka-Edge", "hermes", "\n\n<sep>"},
      {"StepFun3.5-Flash", "qwen3_coder", kIm},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek_v3", kDs, false},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek_v3", kDs},
      {"deepseek-ai-DeepSeek-V3.1", "deepseek_v31", kDs},
      {"deepseek-ai-DeepSeek-V3.2", "deepseek_v32", kDs},
      {"deepseek-ai-DeepSeek-V4", "deepseek_v4", kDs},
      {"fireworks-ai-llama-3-firefunction-v2", "functools", kEot},
      {"google-gemma-2-2b-it", "", "<end_of_turn>", false},
      {"google-gemma-4-31B-it-interleaved", "gemma4", "<turn|>"},
      {"google-gemma-4-31B-it", "gemma4", "<|tool_response>"},
      {"ibm-granite-granite-3.3-2B-Instruct", "granite", "<|end_of_text|>", false},
      {"llama-cpp-deepseek-r1", "deepseek_v3", kDs},
      {"llama-cpp-rwkv-world", "think", "\n\n", false},
      {"meetkai-functionary-medium-v3.1", "functionary", "<|eom_id|>"},
      {"meta-llama-Llama-3.1-8B-Instruct", "llama3", kEot},
      {"meta-llama-Llama-3.2-3B-Instruct", "llama3", kEot},
      {"meta-llama-Llama-3.3-70B-Instruct", "llama3", kEot},
      {"microsoft-Phi-3.5-mini-instruct", "", "<|end|>", false},
      {"mistralai-Ministral-3-14B-Reasoning-2512", "mistral", "<EOS>"},
      {"mistralai-Mistral-Nemo-Instruct-2407", "mistral_json", "<EOS>"},
      {"moonshotai-Kimi-K2", "kimi", kIm},
      {"ollama_gemma4_e2b_chat_template", "gemma4", "<|tool_response>"},
      {"ollama_nemotron3nano_chat_template", "qwen3_coder", kIm},
      {"openai-gpt-oss-120b", "harmony", "<|call|>"},
      {"stepfun-ai-Step-3.5-Flash", "qwen3_coder", kIm},
      {"unsloth-Apriel-1.5", "apriel", "\n<|end|>"},
      {"unsloth-mistral-Devstral-Small-2507", "mistral", "<EOS>"},
  };
  return kRows;
}

namespace {

ChatTemplateInput input_of(const json::object& context, std::size_t messages) {
  ChatTemplateInput input;
  const json::array& all = context.at("messages").as_array();
  for (std::size_t i = 0; i < std::min(messages, all.size()); ++i) input.messages.push_back(all[i]);
  const json::value* hidden = find_field(context, "hide_tools");
  if (hidden == nullptr) input.tools = context.at("tools").as_array();
  input.bos_token = "<BOS>";
  input.eos_token = "<EOS>";
  input.now =
      std::chrono::sys_days(std::chrono::year(2025) / std::chrono::July / 26) + std::chrono::hours(12);
  for (const char* key : {"enable_thinking", "thinking", "reasoning", "datetime", "functions"})
    if (const json::value* value = find_field(context, key)) input.extra[key] = *value;
  return input;
}

/// Parsed once: finding out what a template can take costs more than a rendering.
const ChatTemplate& template_of(std::string_view file) {
  static std::map<std::string_view, ChatTemplate> cache;
  auto found = cache.find(file);
  if (found == cache.end()) {
    auto parsed = ChatTemplate::parse(read_data("chat_templates/jinja/" + std::string(file) + ".jinja"));
    if (!parsed) throw std::runtime_error(parsed.error().message);
    found = cache.emplace(file, std::move(*parsed)).first;
  }
  return found->second;
}

std::vector<OfferedTool> offered_of(const json::object& context) {
  std::vector<OfferedTool> offered;
  for (const json::value& tool : context.at("tools").as_array()) {
    const json::object& function = tool.as_object().at("function").as_object();
    offered.push_back({text_of(function.at("name")), function.at("parameters").as_object()});
  }
  return offered;
}

/// Where the assistant's text begins: behind what a prompt of messages[0] and the rendering have in common,
/// back to the end of a line or tag.
std::size_t turn_begin(const std::string& prompt, const std::string& rendered) {
  std::size_t at = 0;
  while (at < prompt.size() && at < rendered.size() && prompt[at] == rendered[at]) ++at;
  if (at == prompt.size()) return at;
  while (at > 0 && rendered[at - 1] != '\n' && rendered[at - 1] != '>' && rendered[at - 1] != ']') --at;
  return at;
}

}  // namespace

json::object golden_context(std::string_view file) {
  std::istringstream lines(read_data("chat_templates/jinja_goldens.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"tool_call_roundtrip\"") == std::string::npos) continue;
    if (line.find("\"" + std::string(file) + ".jinja\"") == std::string::npos) continue;
    auto row = parse_json(line);
    EXPECT_TRUE(row) << row.error().message;
    return row->as_object();
  }
  ADD_FAILURE() << "no golden of " << file;
  return {};
}

RenderedTurn cut_turn(const TemplateRow& row, const json::object& context, const std::string& rendered) {
  const auto prompt = template_of(row.file).render(input_of(context, 1));
  EXPECT_TRUE(prompt) << prompt.error().message;
  std::size_t begin = turn_begin(prompt ? *prompt : "", rendered);
  // Command R+ puts a last instruction in front of the turn's header, which a finished turn has not.
  constexpr std::string_view kHeader = "<|CHATBOT_TOKEN|>";
  if (std::string_view(rendered).substr(begin).starts_with(kHeader)) begin += kHeader.size();
  const std::size_t end = rendered.find(row.turn_end, begin);
  RenderedTurn turn;
  turn.dialect = &dialect_named(row.dialect);
  turn.options.tools = true;
  turn.options.offered = offered_of(context);
  turn.options.reasoning_open = turn.dialect->reasoning_open(std::string_view(rendered).substr(0, begin));
  turn.text = rendered.substr(begin, end == std::string::npos ? end : end - begin);
  return turn;
}

std::optional<RenderedTurn> render_turn(const TemplateRow& row, const json::object& context) {
  ChatTemplateInput input = input_of(context, 2);
  input.add_generation_prompt = false;
  const auto rendered = template_of(row.file).render(input);
  if (!rendered || !template_of(row.file).render(input_of(context, 1))) return std::nullopt;
  return cut_turn(row, context, *rendered);
}

}  // namespace loci::test
