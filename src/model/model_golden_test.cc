// The models' logits and greedy tokens against Hugging Face transformers (tests/goldens, made by
// tools/goldens), on every ISA path and in several chunkings; and the first law at the level of the forward
// pass.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

#include "model/testing/golden.h"
#include "tensor/formats/integer_block.h"
#include "testing/sanitized.h"

namespace loci {
namespace {

using testing::bf16_tables;
using testing::op_tables;
using testing::read_floats;
using testing::read_ids;
using testing::Runner;
using testing::worst_row_error;

struct GoldenPrompt {
  std::vector<TokenId> ids;
  int first_position;
  std::vector<float> logits;  // [rows][vocab], rows from first_position
  std::vector<TokenId> greedy;
  std::vector<float> last_logits;
};
struct Golden {
  std::string name;
  std::filesystem::path checkpoint;
  std::vector<GoldenPrompt> prompts;
};

Golden read_golden(const json::object& entry) {
  const auto root = testing::repository();
  Golden golden{
      std::string(entry.at("name").as_string()), root / std::string(entry.at("checkpoint").as_string()), {}};
  const auto path = root / std::string(entry.at("golden").as_string());
  const json::value file = parse_json(*read_text_file(path, 1 << 24)).value();
  const auto binary =
      MappedFile::open(path.parent_path() / std::string(file.at("logits_file").as_string())).value();
  for (const json::value& p : file.at("prompts").as_array()) {
    GoldenPrompt prompt{read_ids(p.at("ids")),
                        static_cast<int>(p.at("first_position").as_int64()),
                        read_floats(p.at("logits"), binary.bytes()),
                        {},
                        {}};
    if (const json::value* greedy = p.as_object().if_contains("greedy")) {
      prompt.greedy = read_ids(greedy->at("ids"));
      prompt.last_logits = read_floats(greedy->at("last_logits"), binary.bytes());
    }
    golden.prompts.push_back(std::move(prompt));
  }
  return golden;
}

TokenId argmax(std::span<const float> logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

/// The golden's model, for the length of its texts.
std::unique_ptr<Model> load(const std::filesystem::path& path, int served_context, Arithmetic arithmetic) {
  WorkerPool pool(2);
  const auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
  if (!checkpoint) return nullptr;
  auto model = Model::load(*checkpoint, {.arithmetic = arithmetic, .served_context = served_context}, pool);
  EXPECT_TRUE(model.has_value()) << model.error().message;
  return model ? std::move(*model) : nullptr;
}

/// The entries of all indexes: the Llama family with real models, and every family.
std::vector<json::object> golden_entries() {
  std::vector<json::object> entries;
  for (const char* index : {"tests/goldens/index.json", "tests/goldens/families/index.json"}) {
    const json::value file = parse_json(*read_text_file(testing::repository() / index, 1 << 20)).value();
    for (const json::value& entry : file.at("models").as_array())
      if (const json::value* kind = entry.as_object().if_contains("kind");
          kind == nullptr || *kind == "decoder")
        entries.push_back(entry.as_object());
  }
  return entries;
}

class FamiliesGolden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    for (const json::object& entry : golden_entries())
      if (entry.at("name").as_string() == GetParam()) golden_ = read_golden(entry);
    if (testing::kSanitized) golden_.prompts.resize(std::min<std::size_t>(golden_.prompts.size(), 2));
    SKIP_IF_ABSENT(golden_.checkpoint);
    model_ = load_with(Arithmetic::kFloat32);
    ASSERT_NE(model_, nullptr);
  }
  std::unique_ptr<Model> load_with(Arithmetic arithmetic) const {
    std::size_t longest = 0;
    for (const GoldenPrompt& prompt : golden_.prompts)
      longest = std::max(longest, prompt.ids.size() + prompt.greedy.size());
    return load(golden_.checkpoint, static_cast<int>(longest), arithmetic);
  }
  std::size_t vocab() const { return static_cast<std::size_t>(model_->spec().vocab_size); }

  Golden golden_;
  std::unique_ptr<Model> model_;
};

constexpr double kTolerance = 1e-4;

TEST_P(FamiliesGolden, PrefillLogitsAgree) {
  for (const auto* ops : op_tables())
    for (const GoldenPrompt& prompt : golden_.prompts) {
      Runner runner(*model_, *ops);
      const auto logits =
          runner.feed(prompt.ids).subspan(static_cast<std::size_t>(prompt.first_position) * vocab());
      EXPECT_LT(worst_row_error(logits, prompt.logits, vocab()), kTolerance) << ops->name;
    }
}

TEST_P(FamiliesGolden, GreedyStepsAgree) {
  for (const GoldenPrompt& prompt : golden_.prompts) {
    if (prompt.greedy.empty()) continue;
    Runner runner(*model_, *kernels::ops_for(kernels::best_isa()));
    auto logits = runner.feed(prompt.ids).last(vocab());
    std::vector<TokenId> tokens{argmax(logits)};
    while (tokens.size() < prompt.greedy.size()) {
      logits = runner.feed(std::span(tokens).last(1));
      tokens.push_back(argmax(logits));
    }
    EXPECT_EQ(tokens, prompt.greedy);
    EXPECT_LT(worst_row_error(logits, prompt.last_logits, vocab()), kTolerance);
  }
}

// First law: the chunks in which a text is computed, the number of threads and the ISA path change no bit.
TEST_P(FamiliesGolden, ChunksThreadsAndIsaChangeNoBit) {
  for (const Arithmetic arithmetic : {Arithmetic::kFloat32, Arithmetic::kNative}) {
    if (arithmetic == Arithmetic::kNative) {
      if (integer_format(model_->main_dtype()) == nullptr) continue;  // the same
      model_ = load_with(arithmetic);
    }
    std::vector<TokenId> text = golden_.prompts[0].ids;
    text.insert(text.end(), golden_.prompts[0].greedy.begin(), golden_.prompts[0].greedy.end());
    if (testing::kSanitized) text.resize(std::min<std::size_t>(text.size(), 72));
    Runner whole(*model_, *kernels::ops_for(kernels::Isa::kReference));
    const auto want = whole.feed(text);
    for (const auto* ops : op_tables())
      for (const std::size_t chunk : {1, 7, 64, 512}) {
        if (ops->name == std::string_view("ref") && chunk == 512) continue;
        if (testing::kSanitized && (chunk == 1 || chunk == 512)) continue;
        Runner runner(*model_, *ops, chunk == 7 ? 3 : 1);
        const std::vector<float> got = runner.feed_chunked(text, chunk);
        ASSERT_EQ(std::memcmp(got.data(), want.data(), want.size_bytes()), 0)
            << ops->name << ", chunks of " << chunk;
      }
  }
}

// The same of each table with products of BF16, whose bits are its own.
TEST_P(FamiliesGolden, ChunksAndThreadsChangeNoBitOfBf16) {
  if (model_->main_dtype() != DType::kBF16) return;
  model_ = load_with(Arithmetic::kNative);
  const std::vector<TokenId>& text = golden_.prompts[0].ids;
  for (const auto* ops : bf16_tables()) {
    Runner whole(*model_, *ops);
    const auto logits = whole.feed(text);
    const std::vector<float> want(logits.begin(), logits.end());
    for (const std::size_t chunk : {1, 7, 64}) {
      Runner runner(*model_, *ops, chunk == 7 ? 3 : 1);
      ASSERT_EQ(runner.feed_chunked(text, chunk), want) << ops->name << ", chunks of " << chunk;
    }
  }
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const json::object& entry : golden_entries()) names.emplace_back(entry.at("name").as_string());
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, FamiliesGolden, ::testing::ValuesIn(golden_names()), [](const auto& test) {
  std::string name = test.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace loci
