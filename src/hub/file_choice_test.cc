#include "hub/file_choice.h"

#include <gmock/gmock.h>

#include "hub/model_name.h"

namespace loci {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::vector<std::string>& paths, std::string_view quant = "") {
  const auto choice = choose_files(paths, quant);
  return choice ? "" : choice.error().message;
}

TEST(ModelName, HasOrgAndNameAndPerhapsAQuant) {
  const auto name = parse_model_name("Qwen/Qwen3-0.6B-GGUF:Q4_K_M");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->repo(), "Qwen/Qwen3-0.6B-GGUF");
  EXPECT_EQ(name->quant, "Q4_K_M");
  EXPECT_EQ(name->text(), "Qwen/Qwen3-0.6B-GGUF:Q4_K_M");
  EXPECT_EQ(parse_model_name("a/b")->text(), "a/b");
}

TEST(ModelName, RefusesWhatIsNone) {
  for (const char* text : {"", "a", "/", "a/", "/b", "a/b/c", "a/b:", "a:q/b", "../b", "a/..", "./b", "a/b c",
                           "a/b:../x", "a/b:q:r", "-a/b", "a\\b/c", "a/b\n", "\xff/b"})
    EXPECT_FALSE(parse_model_name(text).has_value()) << text;
  EXPECT_FALSE(parse_model_name("a/" + std::string(97, 'b')).has_value());
}

TEST(QuantOf, ReadsTheFileName) {
  EXPECT_EQ(quant_of("Qwen3-0.6B-Q4_K_M.gguf"), "Q4_K_M");
  EXPECT_EQ(quant_of("folder-Q8_0/model.q5_k_s-00001-of-00002.gguf"), "Q5_K_S");
  EXPECT_EQ(quant_of("x-UD-Q4_K_XL.gguf"), "UD-Q4_K_XL");
  EXPECT_EQ(quant_of("x-IQ4_XS.gguf"), "IQ4_XS");
  EXPECT_EQ(quant_of("x_bf16.gguf"), "BF16");
  EXPECT_EQ(quant_of("gpt-oss-20b-mxfp4.gguf"), "MXFP4");
  EXPECT_EQ(quant_of("tinyllama.Q4_0.gguf"), "Q4_0");
  EXPECT_EQ(quant_of("Q8_0/model.gguf"), "") << "only the file's own name counts";
  EXPECT_EQ(quant_of("model.gguf"), "");
}

TEST(ChooseFiles, TakesTheQuantThatIsAskedFor) {
  const std::vector<std::string> paths{"m-Q4_K_M.gguf", "m-Q4_K_S.gguf",    "m-IQ4_XS.gguf",
                                       "m-Q8_0.gguf",   "mmproj-Q8_0.gguf", "README.md"};
  EXPECT_THAT(choose_files(paths, "q4_k_m")->files, ElementsAre("m-Q4_K_M.gguf"));
  EXPECT_THAT(choose_files(paths, "Q8_0")->files, ElementsAre("m-Q8_0.gguf"));
  EXPECT_EQ(choose_files(paths, "Q8_0")->model, "m-Q8_0.gguf");
  EXPECT_THAT(refusal(paths, "Q4_K"), HasSubstr("IQ4_XS, Q4_K_M, Q4_K_S, Q8_0")) << "no prefix of another";
  EXPECT_NE(refusal(paths, "Q4_XS"), "") << "no end of another";
  EXPECT_NE(refusal({"model.safetensors", "config.json"}, "Q8_0"), "");
}

TEST(ChooseFiles, APlainQuantIsPreferredToItsVariants) {
  const std::vector<std::string> paths{"m-Q4_K_M.gguf", "m-UD-Q4_K_M.gguf"};
  EXPECT_THAT(choose_files(paths, "Q4_K_M")->files, ElementsAre("m-Q4_K_M.gguf"));
  EXPECT_THAT(choose_files(paths, "ud-q4_k_m")->files, ElementsAre("m-UD-Q4_K_M.gguf"));
}

TEST(ChooseFiles, TakesAllPartsOfASplitFile) {
  std::vector<std::string> paths{"Q4_K_M/m-Q4_K_M-00002-of-00002.gguf", "Q4_K_M/m-Q4_K_M-00001-of-00002.gguf",
                                 "m-Q8_0.gguf"};
  const auto choice = choose_files(paths, "Q4_K_M");
  EXPECT_THAT(choice->files,
              ElementsAre("Q4_K_M/m-Q4_K_M-00001-of-00002.gguf", "Q4_K_M/m-Q4_K_M-00002-of-00002.gguf"));
  EXPECT_EQ(choice->model, choice->files.front());
  paths.erase(paths.begin());
  EXPECT_THAT(refusal(paths, "Q4_K_M"), HasSubstr("2 parts, of which 1"));
}

TEST(ChooseFiles, WithoutAQuantTakesTheFolderIfThereIsOne) {
  const std::vector<std::string> paths{"README.md",
                                       "config.json",
                                       "consolidated.safetensors",
                                       "model-00001-of-00002.safetensors",
                                       "model-00002-of-00002.safetensors",
                                       "model.safetensors.index.json",
                                       "onnx/model.onnx",
                                       "onnx/config.json",
                                       "original/model.safetensors",
                                       "pytorch_model.bin",
                                       "tokenizer.json",
                                       "tokenizer.model",
                                       "1_Pooling/config.json",
                                       "m-Q8_0.gguf"};
  const auto choice = choose_files(paths, "");
  EXPECT_THAT(choice->files,
              ElementsAre("1_Pooling/config.json", "config.json", "model-00001-of-00002.safetensors",
                          "model-00002-of-00002.safetensors", "model.safetensors.index.json",
                          "tokenizer.json", "tokenizer.model"));
  EXPECT_EQ(choice->model, "") << "the folder is the model";
}

TEST(ChooseFiles, WithoutAQuantOfSeveralGgufsTakesQ4KMAndSaysSo) {
  EXPECT_THAT(choose_files(std::vector<std::string>{"only.gguf"}, "")->files, ElementsAre("only.gguf"));
  const auto preferred = choose_files(std::vector<std::string>{"m-Q4_K_M.gguf", "m-Q8_0.gguf"}, "");
  EXPECT_EQ(preferred->model, "m-Q4_K_M.gguf");
  EXPECT_TRUE(preferred->preferred);
  EXPECT_THAT(refusal({"m-F16.gguf", "m-Q8_0.gguf"}), HasSubstr("F16, Q8_0"));
  EXPECT_THAT(refusal({"pytorch_model.bin", "config.json"}), HasSubstr("neither"));
  EXPECT_THAT(refusal({}), HasSubstr("neither"));
}

TEST(IsSafePath, RefusesWhatWouldLeaveTheFolder) {
  for (const char* path : {"a", "a/b.json", "..a", "a..b/c", "a b"}) EXPECT_TRUE(is_safe_path(path)) << path;
  for (const char* path :
       {"", "/a", "..", "../a", "a/../b", "a/..", "a//b", "a/", ".", "a/./b", "a\\b", "a\nb", "\x7f"})
    EXPECT_FALSE(is_safe_path(path)) << path;
  EXPECT_FALSE(is_safe_path(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_safe_path(std::string(201, 'a')));
}

}  // namespace
}  // namespace loci
