// Encoders against Hugging Face transformers (tests/goldens): the hidden states of every token, alone and in
// company.
#include "model/testing/golden.h"

namespace loci {
namespace {

using testing::op_tables;
using testing::read_floats;
using testing::read_ids;
using testing::worst_row_error;

struct EncoderGolden {
  std::string name;
  std::filesystem::path checkpoint;
  struct Text {
    std::vector<TokenId> ids;
    std::vector<float> hidden;  // [tokens][hidden]
  };
  std::vector<Text> texts;
};

std::vector<json::object> encoder_entries() {
  const auto path = testing::repository() / "tests/goldens/families/index.json";
  std::vector<json::object> entries;
  const json::value file = parse_json(*read_text_file(path, 1 << 20)).value();
  for (const json::value& entry : file.at("models").as_array())
    if (entry.as_object().contains("kind") && entry.at("source") != "real" && entry.at("name") != "minilm")
      entries.push_back(entry.as_object());
  return entries;
}

EncoderGolden read_encoder_golden(const std::string& name) {
  const auto root = testing::repository();
  EncoderGolden golden{.name = name, .checkpoint = {}, .texts = {}};
  for (const json::object& entry : encoder_entries()) {
    if (entry.at("name").as_string() != name) continue;
    golden.checkpoint = root / std::string(entry.at("checkpoint").as_string());
    const auto path = root / std::string(entry.at("golden").as_string());
    const json::value file = parse_json(*read_text_file(path, 1 << 24)).value();
    const auto binary =
        MappedFile::open(path.parent_path() / std::string(file.at("values_file").as_string())).value();
    for (const json::value& text : file.at("prompts").as_array())
      golden.texts.push_back({read_ids(text.at("ids")), read_floats(text.at("hidden"), binary.bytes())});
  }
  return golden;
}

/// Several texts in one batch, each a sequence of its own.
class EncoderRunner {
 public:
  EncoderRunner(const Model& model, const kernels::OpTable& ops, int threads)
      : model_(model), ops_(ops), pool_(threads), workspace_(model.spec(), {testing::kMaxTokens, 1}) {}

  /// The states of all tokens, text by text.
  std::vector<float> encode(std::span<const EncoderGolden::Text* const> texts) {
    std::vector<TokenId> tokens;
    std::vector<int> positions, sequences, rows;
    std::vector<std::vector<std::uint32_t>> blocks;
    std::uint32_t next = 0;
    for (std::size_t s = 0; s < texts.size(); ++s) {
      for (std::size_t p = 0; p < texts[s]->ids.size(); ++p) {
        rows.push_back(static_cast<int>(tokens.size()));
        tokens.push_back(texts[s]->ids[p]);
        positions.push_back(static_cast<int>(p));
        sequences.push_back(static_cast<int>(s));
      }
      std::vector<std::uint32_t> table(texts[s]->ids.size() / testing::kBlockTokens + 1);
      for (std::uint32_t& block : table) block = next++;
      blocks.push_back(std::move(table));
    }
    std::vector<const std::uint32_t*> tables;
    for (const auto& table : blocks) tables.push_back(table.data());
    make_cache(next);
    model_.forward({.tokens = tokens,
                    .positions = positions,
                    .sequences = sequences,
                    .tables = tables,
                    .logits_rows = {},
                    .state_rows = rows},
                   views_, workspace_, ops_, pool_);
    return {workspace_.states(),
            workspace_.states() + rows.size() * static_cast<std::size_t>(model_.spec().hidden_size)};
  }

 private:
  void make_cache(std::size_t blocks) {
    views_.clear();
    std::size_t block_bytes = 0;
    for (const LayerSpec& layer : model_.spec().layers) {
      const auto half =
          static_cast<std::size_t>(layer.attention.kv_features() * testing::kBlockTokens) * sizeof(float);
      views_.push_back({nullptr, DType::kF32, 0, block_bytes, block_bytes + half, testing::kBlockTokens,
                        layer.attention.kv_heads, layer.attention.head_dim});
      block_bytes += 2 * half;
    }
    cache_.resize(block_bytes * blocks);
    for (kernels::KvView& view : views_) view.arena = cache_.data(), view.block_bytes = block_bytes;
  }

  const Model& model_;
  const kernels::OpTable& ops_;
  WorkerPool pool_;
  Workspace workspace_;
  std::vector<std::byte> cache_;
  std::vector<kernels::KvView> views_;
};

class FamiliesEncoderGolden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = read_encoder_golden(GetParam());
    WorkerPool pool(2);
    const auto checkpoint = Checkpoint::open(golden_.checkpoint);
    ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
    auto model = Model::load(*checkpoint, {}, pool);
    ASSERT_TRUE(model.has_value()) << model.error().message;
    model_ = std::move(*model);
  }
  EncoderGolden golden_;
  std::unique_ptr<Model> model_;
};

TEST_P(FamiliesEncoderGolden, HiddenStatesAgree) {
  ASSERT_FALSE(golden_.texts.empty());
  for (const auto* ops : op_tables())
    for (const EncoderGolden::Text& text : golden_.texts) {
      EncoderRunner runner(*model_, *ops, 1);
      const EncoderGolden::Text* one[] = {&text};
      EXPECT_LT(worst_row_error(runner.encode(one), text.hidden,
                                static_cast<std::size_t>(model_->spec().hidden_size)),
                1e-4)
          << ops->name;
    }
}

TEST_P(FamiliesEncoderGolden, CompanyThreadsAndIsaChangeNoBit) {
  std::vector<float> alone;
  std::vector<const EncoderGolden::Text*> all;
  EncoderRunner reference(*model_, *kernels::ops_for(kernels::Isa::kReference), 1);
  for (const EncoderGolden::Text& text : golden_.texts) {
    const EncoderGolden::Text* one[] = {&text};
    const std::vector<float> states = reference.encode(one);
    alone.insert(alone.end(), states.begin(), states.end());
    all.push_back(&text);
  }
  for (const auto* ops : op_tables()) {
    EncoderRunner runner(*model_, *ops, 3);
    const std::vector<float> together = runner.encode(all);
    ASSERT_EQ(together.size(), alone.size());
    EXPECT_EQ(std::memcmp(together.data(), alone.data(), alone.size() * sizeof(float)), 0) << ops->name;
  }
}

std::vector<std::string> encoder_names() {
  std::vector<std::string> names;
  for (const json::object& entry : encoder_entries()) names.emplace_back(entry.at("name").as_string());
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, FamiliesEncoderGolden, ::testing::ValuesIn(encoder_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name)
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           return name;
                         });

}  // namespace
}  // namespace loci
