#include "tensor/checkpoint.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tensor/gguf_writer.h"
#include "tensor/raw_bytes_for_test.h"

namespace loci {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A test with a folder of its own, gone afterwards.
class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / fmt::format("loci-{}-{}", ::getpid(), test->name()) / "model";
    fs::create_directories(folder_);
  }
  ~CheckpointTest() override { fs::remove_all(folder_.parent_path()); }

  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  /// A safetensors file of F32 tensors with two elements each.
  void write_safetensors(const std::string& name, const std::vector<std::string>& tensors) {
    json::object header;
    std::size_t offset = 0;
    for (const std::string& tensor : tensors) {
      header[tensor] = {{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {offset, offset + 8}}};
      offset += 8;
    }
    const Bytes file = RawBytes().string(json::serialize(header)).text(std::string(offset, 'd')).bytes();
    write(name, {reinterpret_cast<const char*>(file.data()), file.size()});
  }

  struct Part {
    std::string tensor;
    std::int64_t number, count, total;
  };
  void write_part(const std::string& name, const Part& part) {
    GgufWriter writer;
    writer.set("split.no", GgufValue(part.number));
    writer.set("split.count", GgufValue(part.count));
    writer.set("split.tensors.count", GgufValue(part.total));
    if (part.number == 0) writer.set("general.architecture", "llama");
    ASSERT_TRUE(writer.add(part.tensor, DType::kF32, {4}, [](std::span<std::byte>) {}));
    ASSERT_TRUE(writer.write(folder_ / name));
  }
  void write_parts() {
    write_part("m-00001-of-00002.gguf", {"a", 0, 2, 2});
    write_part("m-00002-of-00002.gguf", {"b", 1, 2, 2});
  }

  std::string error(const fs::path& path) {
    const auto checkpoint = Checkpoint::open(path);
    return checkpoint ? "opened" : checkpoint.error().message;
  }

  fs::path folder_;
};

TEST_F(CheckpointTest, MissingPath) {
  const auto checkpoint = Checkpoint::open(folder_ / "nothing");
  ASSERT_FALSE(checkpoint);
  EXPECT_EQ(checkpoint.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(checkpoint.error().message, HasSubstr("nothing: no such file or folder"));
  EXPECT_THAT(error(folder_), HasSubstr("neither a config.json nor a .gguf file"));
}

TEST_F(CheckpointTest, SplitGgufOpensAsOneModel) {
  write_parts();
  const auto checkpoint = Checkpoint::open(folder_ / "m-00001-of-00002.gguf");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->name(), "m");
  EXPECT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->weight_bytes(), 32u);
  EXPECT_EQ(checkpoint->gguf().get<std::string_view>("general.architecture"), "llama");
  for (const auto& [name, tensor] : checkpoint->tensors()) checkpoint->release(tensor);
  EXPECT_EQ(checkpoint->find("b")->bytes[15], std::byte{0});
  const auto by_folder = Checkpoint::open(folder_.string() + "/");
  ASSERT_TRUE(by_folder);
  EXPECT_EQ(by_folder->name(), "model");
}

TEST_F(CheckpointTest, SplitGgufFaults) {
  write_parts();
  const fs::path first = folder_ / "m-00001-of-00002.gguf", second = folder_ / "m-00002-of-00002.gguf";
  EXPECT_THAT(error(second),
              HasSubstr("part 2 of a split model; open its first part, m-00001-of-00002.gguf"));
  write_part("m-00002-of-00002.gguf", {"b", 1, 3, 2});
  EXPECT_THAT(error(first), HasSubstr("m-00002-of-00002.gguf: metadata key 'split.count': is 3"));
  write_part("m-00002-of-00002.gguf", {"b", 0, 2, 2});
  EXPECT_THAT(error(first), HasSubstr("m-00002-of-00002.gguf: metadata key 'split.no': is 0"));
  write_part("m-00002-of-00002.gguf", {"a", 1, 2, 2});
  EXPECT_THAT(error(first), HasSubstr("m-00002-of-00002.gguf: tensor 'a': is in another file"));
  write_part("m-00002-of-00002.gguf", {"b", 1, 2, 2});
  write_part("m-00001-of-00002.gguf", {"a", 0, 2, 3});
  EXPECT_THAT(error(first), HasSubstr("'split.tensors.count': is 3, but the parts hold 2 tensors"));
  fs::remove(second);
  EXPECT_THAT(error(first), HasSubstr("m-00002-of-00002.gguf: cannot open"));
  fs::rename(first, folder_ / "renamed.gguf");
  EXPECT_THAT(error(folder_ / "renamed.gguf"), HasSubstr("'split.count': is 2"));
}

TEST_F(CheckpointTest, FolderWithSeveralGgufs) {
  write_parts();
  write_part("other.gguf", {"a", 0, 1, 1});
  EXPECT_THAT(error(folder_), HasSubstr("3 .gguf files in this folder"));
  const auto single = Checkpoint::open(folder_ / "other.gguf");
  ASSERT_TRUE(single);
  EXPECT_EQ(single->name(), "other");
  EXPECT_TRUE(single->is_gguf());
  EXPECT_THAT(error(folder_ / "m-00001-of-00002.gguf"), "opened");
}

TEST_F(CheckpointTest, GgufImage) {
  GgufWriter writer;
  ASSERT_TRUE(writer.add("a", DType::kF32, {4}, [](std::span<std::byte>) {}));
  const Bytes image = writer.image();
  const auto checkpoint = Checkpoint::from_gguf_image(image, "embedded");
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->name(), "embedded");
  checkpoint->release(*checkpoint->find("a"));
  const auto cut = Checkpoint::from_gguf_image(std::span(image).first(10), "embedded");
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().message, HasSubstr("embedded: header field 'tensor_count'"));
}

TEST_F(CheckpointTest, HuggingFaceFolder) {
  write("config.json", R"({"model_type":"llama"})");
  write("tokenizer.json", "{}");
  write("generation_config.json", R"({"top_k":3})");
  write("tokenizer_config.json", R"({"chat_template":"from config"})");
  EXPECT_THAT(error(folder_), HasSubstr("no .safetensors file in this folder"));
  write_safetensors("model.safetensors", {"a", "b"});
  write_safetensors("ignored.safetensors", {"c"});
  const auto checkpoint = Checkpoint::open(folder_.string() + "/");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->name(), "model");
  EXPECT_FALSE(checkpoint->is_gguf());
  EXPECT_EQ(checkpoint->hf_config().at("model_type"), "llama");
  EXPECT_EQ(checkpoint->generation_config().at("top_k"), 3);
  ASSERT_NE(checkpoint->tokenizer_files().find("tokenizer.json"), nullptr);
  EXPECT_EQ(checkpoint->tokenizer_files().find("tokenizer.json")->bytes, "{}");
  EXPECT_EQ(checkpoint->tokenizer_files().find("tokenizer.model"), nullptr);
  EXPECT_EQ(checkpoint->chat_template(), "from config");
  EXPECT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->find("c"), nullptr);
}

TEST_F(CheckpointTest, ChatTemplateSources) {
  write("config.json", "{}");
  write_safetensors("model.safetensors", {"a"});
  const auto found = [&] { return Checkpoint::open(folder_).value().chat_template(); };
  EXPECT_EQ(found(), "");
  write("tokenizer_config.json",
        R"({"chat_template":[{"name":"tool_use","template":"T"},{"name":"default","template":"D"}]})");
  EXPECT_EQ(found(), "D");
  write("chat_template.json", R"({"chat_template":"J"})");
  EXPECT_EQ(found(), "J");
  write("chat_template.jinja", "{{ x }}");
  EXPECT_EQ(found(), "{{ x }}");
  fs::remove(folder_ / "chat_template.jinja");
  write("chat_template.json", R"({"chat_template":7})");
  EXPECT_THAT(error(folder_), HasSubstr("chat_template.json: field 'chat_template': neither a string"));
}

TEST_F(CheckpointTest, ShardsByIndexOrBySet) {
  write("config.json", "{}");
  write_safetensors("s1.safetensors", {"a"});
  write_safetensors("s2.safetensors", {"b"});
  EXPECT_EQ(Checkpoint::open(folder_)->tensors().size(), 2u);
  const auto index = [&](std::string_view map) {
    write("model.safetensors.index.json", fmt::format(R"({{"weight_map":{}}})", map));
    return error(folder_);
  };
  EXPECT_EQ(index(R"({"a":"s1.safetensors","b":"s2.safetensors"})"), "opened");
  EXPECT_THAT(index(R"({"a":"s2.safetensors","b":"s1.safetensors"})"),
              HasSubstr("weight_map entry 'a': there is no such tensor"));
  EXPECT_THAT(index(R"({"c":"s1.safetensors"})"),
              HasSubstr("weight_map entry 'c': there is no such tensor in s1.safetensors"));
  EXPECT_THAT(index(R"({"a":"s3.safetensors"})"), HasSubstr("s3.safetensors: cannot open"));
  EXPECT_THAT(index(R"({"a":"../model/s1.safetensors"})"),
              HasSubstr("is not the name of a file in this folder"));
  EXPECT_THAT(index(R"({"a":".."})"), HasSubstr("is not the name of a file"));
  EXPECT_THAT(index(R"({"a":7})"), HasSubstr("weight_map entry 'a': not a string"));
  EXPECT_THAT(index("{}"), HasSubstr("'weight_map' is not an object with entries"));
  write_safetensors("s2.safetensors", {"a"});
  EXPECT_THAT(index(R"({"a":"s1.safetensors","b":"s2.safetensors"})"),
              HasSubstr("tensor 'a': is in another file"));
}

TEST_F(CheckpointTest, BrokenTexts) {
  write("config.json", "[]");
  EXPECT_THAT(error(folder_), HasSubstr("config.json: not a JSON object"));
  write("config.json", "{");
  EXPECT_THAT(error(folder_), HasSubstr("config.json: invalid JSON at byte"));
  write("config.json", "{}");
  write("model.safetensors", "");
  EXPECT_THAT(error(folder_), HasSubstr("model.safetensors: the file is empty"));
}

}  // namespace
}  // namespace loci
