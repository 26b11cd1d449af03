// `loci tokenize VOCAB [TEXT]` and `loci detokenize VOCAB [IDS...]`: text to token ids and back.
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>

#include "base/json.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/text_input.h"
#include "text/open_tokenizer.h"
#include "text/utf8.h"

namespace loci::cli {
namespace {

struct VocabOptions {
  std::string vocab, pre, file, jsonl;
};

struct TokenizeOptions {
  VocabOptions input;
  std::optional<std::string> text;
  bool json = false, add_special = false, plain_text = false;
};

struct DetokenizeOptions {
  VocabOptions input;
  std::vector<std::string> ids;
  bool skip_special = false;
};

/// Calls `work` with every line of the file, without its newline; errors name the line.
Result<> for_each_line(const std::string& file, const std::function<Result<>(std::string_view)>& work) {
  LOCI_TRY(const std::string lines, read_whole_file(file));
  std::size_t number = 0;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    ++number;
    if (auto done = work(std::string_view(lines).substr(at, end - at)); !done)
      return std::unexpected(std::move(done).error().in(fmt::format("{}:{}", file, number)));
    at = end + 1;
  }
  return {};
}

void print_ids(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, const TokenizeOptions& options) {
  if (!options.json) return print_text(fmt::format("{}\n", fmt::join(ids, " ")));
  json::array pieces;
  for (const TokenId id : ids) pieces.emplace_back(to_valid_utf8(tokenizer.piece(id)));
  const json::object line{{"ids", json::array(ids.begin(), ids.end())}, {"pieces", std::move(pieces)}};
  print_text(json::serialize(line) + "\n");
}

Result<> tokenize(const TokenizeOptions& options) {
  LOCI_TRY(const auto tokenizer, open_tokenizer(options.input.vocab, options.input.pre));
  const EncodeOptions encode{.add_special_tokens = options.add_special,
                             .parse_special_tokens = !options.plain_text};
  if (!options.input.jsonl.empty())
    return for_each_line(options.input.jsonl, [&](std::string_view line) -> Result<> {
      LOCI_TRY(const json::value text, parse_json(line));
      if (!text.is_string()) return fail(ErrorCode::kInvalidArgument, "not a JSON string");
      print_ids(*tokenizer, tokenizer->encode(std::string_view(text.get_string()), encode), options);
      return {};
    });
  std::string text = options.text.value_or("");
  if (!options.input.file.empty()) {
    LOCI_TRY(text, read_whole_file(options.input.file));
  } else if (!options.text) {
    LOCI_TRY(text, read_standard_input("text"));
  }
  print_ids(*tokenizer, tokenizer->encode(text, encode), options);
  return {};
}

/// Ids between anything that is no number: "1 2 3", "[1, 2, 3]", a line each.
Result<std::vector<TokenId>> parse_ids(std::string_view text, const Tokenizer& tokenizer) {
  constexpr std::string_view kBetween = " \t\r\n,[]";
  std::vector<TokenId> ids;
  for (std::size_t at = text.find_first_not_of(kBetween); at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    const std::string_view word = text.substr(at, end - at);
    TokenId id = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error == std::errc::invalid_argument || stop != word.data() + word.size())
      return fail(ErrorCode::kInvalidArgument, "{} is no token id", to_valid_utf8(word.substr(0, 40)));
    if (error != std::errc() || id < 0 || id >= tokenizer.vocab_size())
      return fail(ErrorCode::kInvalidArgument, "token {} is outside the vocabulary 0..{}", word,
                  tokenizer.vocab_size() - 1);
    ids.push_back(id);
    at = text.find_first_not_of(kBetween, end);
  }
  return ids;
}

Result<> detokenize(const DetokenizeOptions& options) {
  LOCI_TRY(const auto tokenizer, open_tokenizer(options.input.vocab, options.input.pre));
  if (!options.input.jsonl.empty())
    return for_each_line(options.input.jsonl, [&](std::string_view line) -> Result<> {
      LOCI_TRY(const std::vector<TokenId> ids, parse_ids(line, *tokenizer));
      print_text(json::serialize(json::string(tokenizer->decode(ids, options.skip_special))) + "\n");
      return {};
    });
  std::string text = fmt::format("{}", fmt::join(options.ids, " "));
  if (!options.input.file.empty()) {
    LOCI_TRY(text, read_whole_file(options.input.file));
  } else if (options.ids.empty()) {
    LOCI_TRY(text, read_standard_input("ids"));
  }
  LOCI_TRY(const std::vector<TokenId> ids, parse_ids(text, *tokenizer));
  print_text(tokenizer->decode(ids, options.skip_special));
  return {};
}

void add_vocab_options(CLI::App& command, VocabOptions& options, const char* lines) {
  command
      .add_option(
          "VOCAB", options.vocab,
          "a model (folder or .gguf), a vocabulary-only .gguf, a tokenizer.json, a tokenizer.model, a "
          "tiktoken file")
      ->required();
  auto* file = command.add_option("-f,--file", options.file, "read the input from a file, byte for byte");
  command.add_option("--jsonl", options.jsonl, lines)->excludes(file);
  command.add_option("--pre", options.pre,
                     "the pre-tokenizer of a vocabulary that names none, as in tokenizer.ggml.pre");
}

}  // namespace

Command add_tokenize(CLI::App& app) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = app.add_subcommand("tokenize", "print the token ids of a text");
  add_vocab_options(*command, options->input, "a file of JSON strings, one a line; one line of output each");
  command->add_option("TEXT", options->text, "the text; without it and --file: standard input");
  command->add_flag("--json", options->json, R"(print {"ids": [...], "pieces": [...]})");
  command->add_flag("--add-special", options->add_special, "add BOS and EOS as the model wants them");
  command->add_flag("--no-parse-special", options->plain_text,
                    "read the names of special tokens in the text as plain text");
  return {command, [options] { return tokenize(*options); }};
}

Command add_detokenize(CLI::App& app) {
  auto options = std::make_shared<DetokenizeOptions>();
  CLI::App* command = app.add_subcommand("detokenize", "print the text of token ids");
  add_vocab_options(*command, options->input, "a file of arrays of ids, one a line; one JSON string each");
  command->add_option("IDS", options->ids, "token ids; without them and --file: standard input");
  command->add_flag("--skip-special", options->skip_special, "leave special tokens out");
  return {command, [options] { return detokenize(*options); }};
}

}  // namespace loci::cli
