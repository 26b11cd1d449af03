// `loci tokenize`, `loci detokenize` and `loci render`, as a shell calls them.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "testing/paths.h"
#include "testing/process.h"

namespace loci {
namespace {

using testing::Finished;
using testing::run_program;
using testing::TemporaryFolder;
using testing::write_file;

std::string vocabulary() {
  return (testing::repository() / "models/loci-tiny-q8_0.gguf").string();
}

bool is_one_line(const std::string& text) {
  return std::ranges::count(text, '\n') == 1 && text.ends_with('\n');
}

TEST(TokenizersProgram, TokenizesWhatIsGivenAndBack) {
  const std::string text = "The old man's caf\u00E9,  12 \U0001F600\n";
  const TemporaryFolder folder;
  write_file(folder / "text", text);
  const Finished direct = run_program({"tokenize", vocabulary(), text});
  ASSERT_EQ(direct.status, 0) << direct.err;
  EXPECT_EQ(run_program({"tokenize", vocabulary(), "--file", folder / "text"}).out, direct.out);
  EXPECT_EQ(run_program({"tokenize", vocabulary()}, text).out, direct.out);
  write_file(folder / "ids", direct.out);
  EXPECT_EQ(run_program({"detokenize", vocabulary(), "--file", folder / "ids"}).out, text);
  EXPECT_EQ(run_program({"detokenize", vocabulary()}, direct.out).out, text);
}

TEST(TokenizersProgram, JsonHasIdsAndPieces) {
  const Finished finished = run_program({"tokenize", vocabulary(), "Once upon", "--json"});
  const json::value line = json::parse(finished.out);
  EXPECT_EQ(line.at("ids").as_array().size(), line.at("pieces").as_array().size());
  EXPECT_TRUE(is_one_line(finished.out));
  EXPECT_EQ(json::parse(run_program({"tokenize", vocabulary(), "", "--json"}).out),
            json::parse(R"({"ids": [], "pieces": []})"));
}

TEST(TokenizersProgram, SpecialTokensAreAddedOnlyOnDemand) {
  SKIP_IF_ABSENT(testing::shared_data() / "tokenizers/ggml-vocab");
  const std::string vocab =
      (testing::shared_data() / "tokenizers/ggml-vocab/ggml-vocab-llama-spm.gguf").string();
  EXPECT_EQ(run_program({"tokenize", vocab, "Hello world"}).out, "15043 3186\n");
  EXPECT_EQ(run_program({"tokenize", vocab, "Hello world", "--add-special"}).out, "1 15043 3186\n");
  EXPECT_EQ(run_program({"tokenize", vocab, "<s>"}).out, "1\n");
  EXPECT_NE(run_program({"tokenize", vocab, "<s>", "--no-parse-special"}).out, "1\n");
  EXPECT_EQ(run_program({"detokenize", vocab, "1", "15043", "3186"}).out, "<s> Hello world");
  EXPECT_EQ(run_program({"detokenize", vocab, "1", "15043", "3186", "--skip-special"}).out, "Hello world");
}

TEST(TokenizersProgram, JsonLinesAreTextsAndIds) {
  const TemporaryFolder folder;
  write_file(folder / "texts", "\"one\\ntwo\"\n\"\"\n\"\u00E9\"\n");
  const Finished ids = run_program({"tokenize", vocabulary(), "--jsonl", folder / "texts"});
  ASSERT_EQ(ids.status, 0) << ids.err;
  EXPECT_EQ(std::ranges::count(ids.out, '\n'), 3);
  write_file(folder / "ids", ids.out);
  EXPECT_EQ(run_program({"detokenize", vocabulary(), "--jsonl", folder / "ids"}).out,
            "\"one\\ntwo\"\n\"\"\n\"\u00E9\"\n");
  write_file(folder / "texts", "\"one\"\nnot json\n");
  const Finished bad = run_program({"tokenize", vocabulary(), "--jsonl", folder / "texts"});
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.err.find("texts:2: "), std::string::npos) << bad.err;
}

TEST(TokenizersProgram, BadIdsAndFilesAreOneLine) {
  const TemporaryFolder folder;
  write_file(folder / "empty", "");
  write_file(folder / "text", "this is no vocabulary");
  write_file(folder / "tokenizer.json", R"({"model": {"type": "Unheard"}})");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"detokenize", vocabulary(), "999999999"},
                                             {"detokenize", vocabulary(), "99999999999999999999"},
                                             {"detokenize", vocabulary(), "--", "-1"},
                                             {"detokenize", vocabulary(), "one"},
                                             {"tokenize", folder / "absent", "text"},
                                             {"tokenize", folder / "empty", "text"},
                                             {"tokenize", folder / "text", "text"},
                                             {"tokenize", folder / "tokenizer.json", "text"},
                                             {"tokenize", vocabulary(), "--file", folder / "absent"}}) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.status, 1) << fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_TRUE(is_one_line(finished.err)) << finished.err;
    EXPECT_EQ(finished.out, "");
  }
  EXPECT_EQ(run_program({"tokenize"}).status, 2);
}

TEST(TokenizersProgram, OpensEveryKindOfVocabulary) {
  const auto goldens = testing::repository() / "tests/goldens/tokenizers";
  const TemporaryFolder folder;
  write_file(folder / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n##s\n");
  EXPECT_EQ(run_program({"tokenize", folder / "vocab.txt", "Hellos", "--add-special"}).out, "2 4 5 3\n");
  EXPECT_EQ(run_program({"tokenize", (folder / "vocab.txt").parent_path(), "Hellos"}).out, "4 5\n");
  for (const char* name : {"spm-bpe-bytes.model", "spm-unigram-bytes.model", "gpt4o.json", "gemma.json"}) {
    const Finished ids = run_program({"tokenize", goldens / name, "Hello  w\u00F6rld"});
    ASSERT_EQ(ids.status, 0) << ids.err;
    EXPECT_EQ(run_program({"detokenize", goldens / name}, ids.out).out, "Hello  w\u00F6rld") << name;
  }
  const auto ranks = testing::repository() / "tests/fuzz/tiktoken/small.tiktoken";
  EXPECT_EQ(run_program({"tokenize", ranks, "hello"}).out, "259\n");
  EXPECT_EQ(run_program({"tokenize", ranks, "hello", "--pre", "unheard-of"}).status, 1);
}

TEST(TokenizersProgram, BenchPrintsJsonLines) {
  const TemporaryFolder folder;
  write_file(folder / "text", "Once upon a time there was a text.\n");
  const Finished bench =
      run_program({"bench", "tokenizer", "--file", folder / "text", "--runs", "1", "--json"});
  ASSERT_EQ(bench.status, 0) << bench.err;
  for (const char* test : {"\"encode\"", "\"decode\"", "\"encode 1 MB of one letter\""})
    EXPECT_NE(bench.out.find(test), std::string::npos) << bench.out;
}

TEST(TemplatesProgram, RendersByteForByte) {
  const TemporaryFolder folder;
  write_file(folder / "t.jinja",
             "{{ bos_token }}{{ messages[0].content }} {{ strftime_now('%Y-%m-%d %H:%M') }}");
  write_file(folder / "c.json", R"({"bos_token": "<s>", "messages": [{"role": "user", "content": "hé\n"}]})");
  const Finished finished =
      run_program({"render", folder / "t.jinja", folder / "c.json", "--now", "2025-07-26T12:00"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.out, "<s>hé\n 2025-07-26 12:00");
}

TEST(TemplatesProgram, RendersGoldens) {
  const auto data = testing::shared_data() / "chat_templates";
  SKIP_IF_ABSENT(data);
  const TemporaryFolder folder;
  std::ifstream lines(data / "jinja_goldens.jsonl");
  int row = 0;
  for (std::string line; std::getline(lines, line); ++row) {
    if (row % 9 != 0) continue;  // the other rows are rendered in text_test
    const json::object golden = json::parse(line).as_object();
    const std::string name(golden.at("template").as_string());
    write_file(folder / "context.json", json::serialize(golden.at("context")));
    const Finished finished =
        run_program({"render", data / "jinja" / name, folder / "context.json", "--now", "2025-07-26T12:00"});
    EXPECT_EQ(finished.status, golden.at("ok").as_bool() ? 0 : 1) << name << finished.err;
    if (golden.at("ok").as_bool()) {
      EXPECT_EQ(finished.out, std::string(golden.at("rendered").as_string())) << name;
    }
  }
  EXPECT_GT(row, 400);
}

TEST(TemplatesProgram, BadInputIsOneLineThatNamesTheFile) {
  const TemporaryFolder folder;
  write_file(folder / "good.jinja", "{{ a }}");
  write_file(folder / "broken.jinja", "{% if %}");
  write_file(folder / "endless.jinja",
             "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}");
  write_file(folder / "missing.jinja", "{{ nothing.at_all }}");
  write_file(folder / "good.json", "{}");
  write_file(folder / "broken.json", "{");
  write_file(folder / "list.json", "[]");
  for (const auto& [source, context, named] :
       std::vector<std::array<std::string, 3>>{{"absent.jinja", "good.json", "absent.jinja"},
                                               {"broken.jinja", "good.json", "broken.jinja"},
                                               {"endless.jinja", "good.json", "endless.jinja"},
                                               {"missing.jinja", "good.json", "missing.jinja"},
                                               {"good.jinja", "broken.json", "broken.json"},
                                               {"good.jinja", "list.json", "list.json"}}) {
    const Finished finished = run_program({"render", folder / source, folder / context});
    EXPECT_EQ(finished.status, 1) << source << " " << context;
    EXPECT_TRUE(is_one_line(finished.err)) << finished.err;
    EXPECT_NE(finished.err.find(named), std::string::npos) << finished.err;
  }
  EXPECT_EQ(run_program({"render", folder / "good.jinja", folder / "good.json", "--now", "soon"}).status, 1);
}

}  // namespace
}  // namespace loci
