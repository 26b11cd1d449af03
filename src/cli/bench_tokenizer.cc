#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <time.h>

#include "base/json.h"
#include "base/processors.h"
#include "cli/bench.h"
#include "cli/completion.h"
#include "cli/text_input.h"
#include "cli/validators.h"
#include "engine/embedded_model.h"
#include "tensor/gguf.h"
#include "text/open_tokenizer.h"
#include "text/tokenizer_gguf.h"

namespace loci::cli {
namespace {

constexpr std::size_t kMadeBytes = std::size_t{8} << 20;     // of the text that is made where none is given
constexpr std::size_t kHostileBytes = std::size_t{1} << 20;  // of each text that is made to be slow

struct TokenizerBench {
  std::string vocab, pre, file;
  std::size_t document = 16384;
  int runs = 5, threads = 0;
  bool json = false;
};

struct Measured {
  std::string test;
  int threads = 1;
  std::size_t bytes = 0, tokens = 0;
  double seconds = 0;  // median
};

Result<std::unique_ptr<Tokenizer>> open(const TokenizerBench& options) {
  if (!options.vocab.empty()) return open_tokenizer(options.vocab, options.pre);
  LOCI_TRY(const GgufFile file, parse_gguf(embedded_model()));
  return tokenizer_from_gguf(file.metadata);
}

/// Words of the vocabulary, drawn as often as words are in a language (Zipf): a text for any vocabulary.
std::string made_text(const Tokenizer& tokenizer) {
  std::vector<std::string_view> words;
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    const std::string_view bytes = tokenizer.token_bytes(id);
    if (bytes.size() > 2 && bytes.front() == ' ' && std::ranges::all_of(bytes.substr(1), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        }))
      words.push_back(bytes);
  }
  std::string text;
  std::mt19937_64 random(1);
  while (text.size() < kMadeBytes && !words.empty()) {
    const double uniform = static_cast<double>(random() >> 11) * 0x1p-53;
    const double rank = std::exp(uniform * std::log(static_cast<double>(words.size()) + 1)) - 1;
    text += words[std::min(words.size() - 1, static_cast<std::size_t>(rank))];
    if (random() % 12 == 0) text += random() % 4 == 0 ? ".\n" : ",";
  }
  return text;
}

/// Stretches of about `size` bytes that end at a newline or a space, as requests are stretches of text.
std::vector<std::string_view> documents_of(std::string_view text, std::size_t size) {
  std::vector<std::string_view> documents;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.size(), at + size);
    if (end < text.size()) {
      const std::size_t newline = text.find_last_of('\n', end), space = text.find_last_of(' ', end);
      if (newline != std::string_view::npos && newline > at + size / 2)
        end = newline + 1;
      else if (space != std::string_view::npos && space > at)
        end = space;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    }
    documents.push_back(text.substr(at, end - at));
    at = end;
  }
  return documents;
}

template <class F>
double seconds_of(F&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Of this thread on a processor: what others do on the machine does not count.
template <class F>
double processor_seconds_of(F&& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double begin = now();
  work();
  return now() - begin;
}

/// The median over `runs`, after one that warms up. One thread is measured by its processor time.
template <class F>
double median_seconds(int runs, int threads, F&& work) {
  work();
  std::vector<double> times;
  for (int run = 0; run < runs; ++run)
    times.push_back(threads == 1 ? processor_seconds_of(work) : seconds_of(work));
  std::ranges::sort(times);
  return times[times.size() / 2];
}

class Bench {
 public:
  Bench(const Tokenizer& tokenizer, const TokenizerBench& options)
      : tokenizer_(tokenizer), options_(options) {}

  Measured encode(std::string test, std::string_view text, std::size_t document) {
    const auto documents = documents_of(text, document);
    Measured m{.test = std::move(test), .threads = 1, .bytes = text.size(), .tokens = 0, .seconds = 0};
    m.seconds = median_seconds(options_.runs, 1, [&] {
      m.tokens = 0;
      for (const std::string_view one : documents) m.tokens += tokenizer_.encode(one, kPlain).size();
    });
    return m;
  }

  /// Every thread encodes all documents: the speeds of the threads added up.
  Measured encode_everywhere(std::string_view text, int threads) {
    const auto documents = documents_of(text, options_.document);
    Measured m{.test = "encode",
               .threads = threads,
               .bytes = text.size() * static_cast<std::size_t>(threads),
               .tokens = 0,
               .seconds = 0};
    m.seconds = median_seconds(options_.runs, threads, [&] {
      std::vector<std::jthread> workers;
      for (int i = 0; i < threads; ++i)
        workers.emplace_back([&] {
          for (const std::string_view one : documents) tokenizer_.encode(one, kPlain);
        });
    });
    return m;
  }

  Measured decode(std::string_view text) {
    const std::vector<TokenId> ids = tokenizer_.encode(text, kPlain);
    Measured m{.test = "decode", .threads = 1, .bytes = text.size(), .tokens = ids.size(), .seconds = 0};
    m.seconds = median_seconds(options_.runs, 1, [&] { tokenizer_.decode(ids, false); });
    return m;
  }

 private:
  static constexpr EncodeOptions kPlain{.add_special_tokens = false, .parse_special_tokens = true};
  const Tokenizer& tokenizer_;
  const TokenizerBench& options_;
};

std::string repeated(std::string_view part) {
  std::string text;
  while (text.size() < kHostileBytes) text += part;
  return text;
}

void print(const Measured& m, const TokenizerBench& options) {
  const double speed = static_cast<double>(m.bytes) / 1e6 / m.seconds;
  if (options.json)
    print_text(json::serialize(json::object{{"test", m.test},
                                            {"vocab", options.vocab.empty() ? "loci-tiny" : options.vocab},
                                            {"threads", m.threads},
                                            {"bytes", m.bytes},
                                            {"tokens", m.tokens},
                                            {"mb_per_second", speed},
                                            {"mb_per_second_per_thread", speed / m.threads}}) +
               "\n");
  else
    print_text(fmt::format("{:<24} {:>3} threads {:>9.1f} MB/s {:>9.1f} MB/s a thread\n", m.test, m.threads,
                           speed, speed / m.threads));
}

Result<> bench_tokenizer(const TokenizerBench& options) {
  LOCI_TRY(const auto tokenizer, open(options));
  std::string text;
  if (options.file.empty())
    text = made_text(*tokenizer);
  else {
    LOCI_TRY(text, read_whole_file(options.file));
  }
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "no text to encode: give one with --file");
  Bench bench(*tokenizer, options);
  print(bench.encode("encode", text, options.document), options);
  const int threads = options.threads > 0 ? options.threads : available_processors();
  if (threads > 1) print(bench.encode_everywhere(text, threads), options);
  print(bench.decode(text), options);
  for (const auto& [name, part] : {std::pair{"one letter", "a"},
                                   {"spaces", " "},
                                   {"emoji", "\U0001F600"},
                                   {"alternating letters", "ab"}})
    print(bench.encode(fmt::format("encode 1 MB of {}", name), repeated(part), 2 * kHostileBytes), options);
  return {};
}

}  // namespace

Command add_bench_tokenizer(CLI::App& bench) {
  auto options = std::make_shared<TokenizerBench>();
  CLI::App* command = bench.add_subcommand("tokenizer", "encode and decode, in MB of text a second");
  command->add_option("--vocab", options->vocab,
                      "the vocabulary, as for tokenize; default: the embedded model's");
  command->add_option("--pre", options->pre, "as for tokenize");
  command->add_option("--file", options->file, "the text; default: one made of the vocabulary's words");
  command->add_option("--document", options->document, "bytes that are encoded at a time")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1u << 30));
  command->add_option("-r,--runs", options->runs, "runs of each test; the median counts")
      ->capture_default_str()
      ->check(at_least(1));
  command->add_option("-t,--threads", options->threads, "threads of the whole; 0: one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  command->add_flag("--json", options->json, "print one JSON object a line");
  return {command, [options] { return bench_tokenizer(*options); }};
}

}  // namespace loci::cli
