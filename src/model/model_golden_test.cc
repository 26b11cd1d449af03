// The models' logits and greedy tokens against Hugging Face transformers (tests/goldens, made by
// tools/goldens), on every ISA path and in several chunkings; and the first law at the level of the forward
// pass.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

#include "base/json.h"
#include "base/mapped_file.h"
#include "model/model.h"
#include "testing/paths.h"

namespace loci {
namespace {

constexpr int kBlockTokens = 16;
constexpr int kMaxTokens = 512;

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

std::vector<TokenId> read_ids(const json::value& list) {
  std::vector<TokenId> ids;
  for (const json::value& id : list.as_array()) ids.push_back(static_cast<TokenId>(id.as_int64()));
  return ids;
}

std::vector<float> read_floats(const json::value& where, std::span<const std::byte> file) {
  const auto offset = static_cast<std::size_t>(where.at("offset").as_int64());
  const auto rows = static_cast<std::size_t>(where.at("shape").at(0).as_int64());
  std::vector<float> values(rows * static_cast<std::size_t>(where.at("shape").at(1).as_int64()));
  std::memcpy(values.data(), file.subspan(offset, values.size() * sizeof(float)).data(),
              values.size() * sizeof(float));
  return values;
}

Golden read_golden(const json::value& entry) {
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

/// One sequence of one model, with a KV cache of its own.
class Runner {
 public:
  Runner(const Model& model, const kernels::OpTable& ops, int threads = 1)
      : model_(model), ops_(ops), pool_(threads), workspace_(model.spec(), {kMaxTokens, kMaxTokens}) {
    std::size_t block_bytes = 0;
    for (const LayerSpec& layer : model.spec().layers) {
      const auto half =
          static_cast<std::size_t>(layer.attention.kv_features() * kBlockTokens) * sizeof(float);
      views_.push_back({nullptr, DType::kF32, 0, block_bytes, block_bytes + half, kBlockTokens,
                        layer.attention.kv_heads, layer.attention.head_dim});
      block_bytes += 2 * half;
    }
    cache_.resize(block_bytes * kMaxTokens / kBlockTokens);
    for (kernels::KvView& view : views_) {
      view.arena = cache_.data();
      view.block_bytes = block_bytes;
    }
    table_.resize(kMaxTokens / kBlockTokens);
    std::iota(table_.rbegin(), table_.rend(), 0u);  // blocks lie in no particular order
  }

  /// Computes `tokens` at the next positions in one batch; the logits of each of them, [tokens][vocab].
  std::span<const float> feed(std::span<const TokenId> tokens) {
    std::vector<int> positions(tokens.size()), sequences(tokens.size(), 0), rows(tokens.size());
    std::iota(positions.begin(), positions.end(), position_);
    std::iota(rows.begin(), rows.end(), 0);
    const std::uint32_t* tables[] = {table_.data()};
    model_.forward({tokens, positions, sequences, tables, rows}, views_, workspace_, ops_, pool_);
    position_ += static_cast<int>(tokens.size());
    return std::span(workspace_.logits)
        .first(tokens.size() * static_cast<std::size_t>(model_.spec().vocab_size));
  }

  /// As feed(), in chunks of at most `chunk` tokens.
  std::vector<float> feed_chunked(std::span<const TokenId> tokens, std::size_t chunk) {
    std::vector<float> all;
    for (std::size_t i = 0; i < tokens.size(); i += chunk) {
      const auto part = feed(tokens.subspan(i, std::min(chunk, tokens.size() - i)));
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

 private:
  const Model& model_;
  const kernels::OpTable& ops_;
  WorkerPool pool_;
  Workspace workspace_;
  std::vector<std::byte> cache_;
  std::vector<kernels::KvView> views_;
  std::vector<std::uint32_t> table_;
  int position_ = 0;
};

/// Largest |got - want| of a row over its largest |want|, over all rows.
double worst_row_error(std::span<const float> got, std::span<const float> want, std::size_t vocab) {
  EXPECT_EQ(got.size(), want.size());
  double worst = 0;
  for (std::size_t row = 0; row + vocab <= want.size(); row += vocab) {
    double difference = 0, largest = 0;
    for (std::size_t i = row; i < row + vocab; ++i) {
      difference = std::max(difference, std::abs(double{got[i]} - want[i]));
      largest = std::max(largest, std::abs(double{want[i]}));
    }
    worst = std::max(worst, difference / largest);
  }
  return worst;
}

TokenId argmax(std::span<const float> logits) {
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

std::vector<const kernels::OpTable*> op_tables() {
  std::vector<const kernels::OpTable*> tables;
  for (const auto isa : {kernels::Isa::kReference, kernels::Isa::kAvx2, kernels::Isa::kAvx512})
    if (const auto* ops = kernels::ops_for(isa)) tables.push_back(ops);
  return tables;
}

std::unique_ptr<Model> load(const std::filesystem::path& path) {
  WorkerPool pool(2);
  const auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
  if (!checkpoint) return nullptr;
  auto model = Model::load(*checkpoint, std::nullopt, pool);
  EXPECT_TRUE(model.has_value()) << model.error().message;
  return model ? std::move(*model) : nullptr;
}

json::value golden_index() {
  return parse_json(*read_text_file(testing::repository() / "tests/goldens/index.json", 1 << 20)).value();
}

class ModelGolden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const json::value index = golden_index();
    for (const json::value& entry : index.at("models").as_array())
      if (entry.at("name").as_string() == GetParam()) golden_ = read_golden(entry);
    SKIP_IF_ABSENT(golden_.checkpoint);
    model_ = load(golden_.checkpoint);
    ASSERT_NE(model_, nullptr);
  }
  std::size_t vocab() const { return static_cast<std::size_t>(model_->spec().vocab_size); }

  Golden golden_;
  std::unique_ptr<Model> model_;
};

constexpr double kTolerance = 1e-4;

TEST_P(ModelGolden, PrefillLogitsAgree) {
  for (const auto* ops : op_tables())
    for (const GoldenPrompt& prompt : golden_.prompts) {
      Runner runner(*model_, *ops);
      const auto logits =
          runner.feed(prompt.ids).subspan(static_cast<std::size_t>(prompt.first_position) * vocab());
      EXPECT_LT(worst_row_error(logits, prompt.logits, vocab()), kTolerance) << ops->name;
    }
}

TEST_P(ModelGolden, GreedyStepsAgree) {
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
TEST_P(ModelGolden, ChunksThreadsAndIsaChangeNoBit) {
  std::vector<TokenId> text = golden_.prompts[0].ids;
  text.insert(text.end(), golden_.prompts[0].greedy.begin(), golden_.prompts[0].greedy.end());
  Runner whole(*model_, *kernels::ops_for(kernels::Isa::kReference));
  const auto want = whole.feed(text);
  for (const auto* ops : op_tables())
    for (const std::size_t chunk : {1, 7, 64, 512}) {
      if (ops->name == std::string_view("ref") && chunk == 512) continue;
      Runner runner(*model_, *ops, chunk == 7 ? 3 : 1);
      const std::vector<float> got = runner.feed_chunked(text, chunk);
      ASSERT_EQ(std::memcmp(got.data(), want.data(), want.size_bytes()), 0)
          << ops->name << ", chunks of " << chunk;
    }
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  const json::value index = golden_index();
  for (const json::value& entry : index.at("models").as_array())
    names.emplace_back(entry.at("name").as_string());
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, ModelGolden, ::testing::ValuesIn(golden_names()), [](const auto& test) {
  std::string name = test.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace loci
