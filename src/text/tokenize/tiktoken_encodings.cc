// Sources: openai_public.py of tiktoken; tokenization_qwen.py of Qwen; tokenizer.py of Meta's llama3.
#include "text/tokenize/tiktoken_encodings.h"

namespace loci {
namespace {

constexpr TiktokenSpecial kGpt2[] = {{"<|endoftext|>", 50256}};
constexpr TiktokenSpecial kP50kEdit[] = {{"<|endoftext|>", 50256},
                                         {"<|fim_prefix|>", 50281},
                                         {"<|fim_middle|>", 50282},
                                         {"<|fim_suffix|>", 50283}};
constexpr TiktokenSpecial kCl100k[] = {{"<|endoftext|>", 100257},
                                       {"<|fim_prefix|>", 100258},
                                       {"<|fim_middle|>", 100259},
                                       {"<|fim_suffix|>", 100260},
                                       {"<|endofprompt|>", 100276}};
constexpr TiktokenSpecial kO200k[] = {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}};
constexpr TiktokenSpecial kHarmony[] = {{"<|startoftext|>", 199998}, {"<|endoftext|>", 199999},
                                        {"<|return|>", 200002},      {"<|constrain|>", 200003},
                                        {"<|channel|>", 200005},     {"<|start|>", 200006},
                                        {"<|end|>", 200007},         {"<|message|>", 200008},
                                        {"<|call|>", 200012},        {"<|endofprompt|>", 200018}};
constexpr TiktokenSpecial kQwen[] = {
    {"<|endoftext|>", 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}};
constexpr TiktokenSpecial kLlama3[] = {{"<|begin_of_text|>", 128000},
                                       {"<|end_of_text|>", 128001},
                                       {"<|reserved_special_token_0|>", 128002},
                                       {"<|reserved_special_token_1|>", 128003},
                                       {"<|finetune_right_pad_id|>", 128004},
                                       {"<|step_id|>", 128005},
                                       {"<|start_header_id|>", 128006},
                                       {"<|end_header_id|>", 128007},
                                       {"<|eom_id|>", 128008},
                                       {"<|eot_id|>", 128009},
                                       {"<|python_tag|>", 128010}};

constexpr TiktokenEncoding kEncodings[] = {
    {"r50k_base", 50256, "gpt-2", kGpt2, {}, "<|endoftext|>"},
    {"p50k_base", 50280, "gpt-2", kGpt2, {}, "<|endoftext|>"},
    {"p50k_edit", 50281, "gpt-2", kP50kEdit, {}, "<|endoftext|>"},
    {"cl100k_base", 100256, "cl100k", kCl100k, {}, "<|endoftext|>"},
    {"o200k_base", 199998, "gpt-4o", kO200k, {}, "<|endoftext|>"},
    {"o200k_harmony", 199999, "gpt-4o", kHarmony, "<|startoftext|>", "<|return|>"},
    {"qwen", 151643, "qwen2", kQwen, {}, "<|endoftext|>", "<|extra_", "|>", 0, 151646, 205},
    {"llama3", 128000, "llama-bpe", kLlama3, "<|begin_of_text|>", "<|end_of_text|>",
     "<|reserved_special_token_", "|>", 2, 128011, 245},
};

}  // namespace

const TiktokenEncoding* find_tiktoken_encoding(std::string_view name) {
  for (const TiktokenEncoding& encoding : kEncodings)
    if (encoding.name == name) return &encoding;
  return nullptr;
}

const TiktokenEncoding* find_tiktoken_encoding(std::size_t ranks) {
  for (const TiktokenEncoding& encoding : kEncodings)
    if (encoding.ranks == ranks) return &encoding;
  return nullptr;
}

}  // namespace loci
