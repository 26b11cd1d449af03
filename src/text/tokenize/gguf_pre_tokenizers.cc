// Sources: the models' tokenizer.json on huggingface.co; that a name means a model, and the adapted patterns
// of falcon, from llama.cpp's src/llama-vocab.cpp (llm_tokenizer_bpe) and convert_hf_to_gguf.py
// (get_vocab_base_pre).
#include "text/tokenize/gguf_pre_tokenizers.h"

#include "text/tokenize/word_scanner.h"

namespace loci {
namespace {

using Patterns = std::string_view[];

constexpr Patterns kGpt2 = {kGpt2Pattern};
constexpr Patterns kLlama3 = {kLlama3Pattern};
constexpr Patterns kCl100k = {kCl100kPattern};
constexpr Patterns kQwen2 = {kQwen2Pattern};

// Digits one by one, then GPT-2.
constexpr Patterns kDigitsGpt2 = {R"(\p{N})", kGpt2Pattern};

// Words between spaces and the marks that end or part sentences in BLOOM's languages.
constexpr std::string_view kBloomPattern =
    R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{0964}\x{06D4}\x{060C})]+)";
constexpr Patterns kBloom = {kBloomPattern};
constexpr Patterns kViking = {kBloomPattern, R"(\p{N})"};

constexpr Patterns kFalcon = {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2Pattern, "[0-9][0-9][0-9]"};

// Letters with case, as a list of ranges; CJK and Hangul in words of their own.
constexpr Patterns kDeepseekLlm = {
    R"([\r\n])",
    R"(\s?[A-Za-z)"
    R"(\x{00B5}\x{00C0}-\x{00D6}\x{00D8}-\x{00F6}\x{00F8}-\x{01BA}\x{01BC}-\x{01BF}\x{01C4}-\x{0293})"
    R"(\x{0295}-\x{02AF}\x{0370}-\x{0373}\x{0376}\x{0377}\x{037B}-\x{037D}\x{037F}\x{0386}\x{0388}-\x{038A})"
    R"(\x{038C}\x{038E}-\x{03A1}\x{03A3}-\x{03F5}\x{03F7}-\x{0481}\x{048A}-\x{052F}\x{0531}-\x{0556})"
    R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
    R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D})"
    R"(\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3})"
    R"(\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107})"
    R"(\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134})"
    R"(\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4})"
    R"(\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})"
    R"(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17})"
    R"(\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB})"
    R"(\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943})"
    R"(]+)",
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
    R"(\s+$)",
    R"([\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+)",
    R"(\p{N}+)",
};
constexpr Patterns kDeepseekCoder = {
    R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", R"([\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+)",
    R"(\p{N})",
};
constexpr Patterns kDeepseekV3 = {
    R"(\p{N}{1,3})",
    R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

// Words with one change from upper to lower case; numbers one by one, and in threes.
constexpr Patterns kTekken = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr Patterns kGpt4o = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

constexpr GgufPreTokenizer kPreTokenizers[] = {
    {"default", kGpt2},
    {"gpt-2", kGpt2},
    {"phi-2", kGpt2},
    {"exaone4", kGpt2},
    {"mellum", kGpt2},
    {"mpt", kGpt2, false, false, true},
    {"olmo", kGpt2, false, false, true},
    {"llama-bpe", kLlama3, true, true},
    {"llama3", kLlama3, true, true},
    {"llama-v3", kLlama3, true, true},
    {"falcon3", kLlama3, true, true},
    {"pixtral", kLlama3, true, true},
    {"glm4", kLlama3, true},
    {"chatglm-bpe", kLlama3},
    {"dbrx", kLlama3},
    {"cl100k", kCl100k},
    {"smaug-bpe", kLlama3},
    {"qwen2", kQwen2, false, false, true},
    {"deepseek-r1-qwen", kQwen2, false, false, true},
    {"stablelm2", kQwen2},
    {"deepseek-llm", kDeepseekLlm},
    {"deepseek-coder", kDeepseekCoder},
    {"deepseek-v3", kDeepseekV3},
    {"falcon", kFalcon},
    {"starcoder", kDigitsGpt2},
    {"refact", kDigitsGpt2},
    {"smollm", kDigitsGpt2},
    {"exaone", kDigitsGpt2},
    {"command-r", kDigitsGpt2, false, false, true},
    {"tekken", kTekken, true, true},
    {"gpt-4o", kGpt4o},
    {"bloom", kBloom},
    {"gpt3-finnish", kBloom},
    {"poro-chat", kBloom},
    {"viking", kViking},
};

}  // namespace

const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view name) {
  for (const GgufPreTokenizer& entry : kPreTokenizers)
    if (entry.name == name) return &entry;
  return nullptr;
}

Result<void> use_gguf_pre_tokenizer(const GgufPreTokenizer& pre, TokenizerParts& parts) {
  std::vector<PreTokenizerPtr> steps;
  for (const std::string_view pattern : pre.patterns) {
    LOCI_TRY(PreTokenizerPtr step, regex_pre_tokenizer(pattern));
    steps.push_back(std::move(step));
  }
  parts.pre_tokenizer = sequence_pre_tokenizer(std::move(steps));
  if (!pre.composes) return {};
  std::vector<NormalizerStepPtr> normalizer;
  normalizer.push_back(unicode_form_step(UnicodeForm::kNfc));
  parts.normalizer = Normalizer(std::move(normalizer));
  return {};
}

}  // namespace loci
