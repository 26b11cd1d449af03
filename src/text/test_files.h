// For tests: the real tokenizers in ../shared/data, read in place. A test skips where they are absent.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "tensor/gguf.h"
#include "testing/paths.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace loci::test {

inline std::filesystem::path data_path(const std::string& name) {
  return loci::testing::shared_data() / name;
}

inline std::string read_data(const std::string& name) {
  auto text = read_text_file(data_path(name), std::size_t{64} << 20);
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : std::string();
}

inline json::value read_json(const std::string& name) {
  auto value = parse_json(read_data(name));
  EXPECT_TRUE(value) << value.error().message;
  return value ? std::move(*value) : json::value();
}

inline std::unique_ptr<Tokenizer> load_json(const std::string& name, const json::object& config = {},
                                            const json::object& model_config = {}) {
  auto tokenizer = tokenizer_from_json(read_data(name), config, model_config);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

inline std::unique_ptr<Tokenizer> load_gguf(const std::string& name) {
  auto file = MappedFile::open(data_path(name));
  EXPECT_TRUE(file) << file.error().message;
  if (!file) return nullptr;
  auto gguf = parse_gguf(file->bytes());
  EXPECT_TRUE(gguf) << gguf.error().message;
  if (!gguf) return nullptr;
  auto tokenizer = tokenizer_from_gguf(gguf->metadata);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? std::move(*tokenizer) : nullptr;
}

inline std::vector<TokenId> ids_of(const json::value& array) {
  std::vector<TokenId> ids;
  for (const json::value& id : array.as_array()) ids.push_back(static_cast<TokenId>(id.as_int64()));
  return ids;
}

inline std::string text_of(const json::value& value) {
  return {value.as_string().data(), value.as_string().size()};
}

}  // namespace loci::test

#define LOCI_SKIP_WITHOUT_DATA(name) SKIP_IF_ABSENT(loci::test::data_path(name))
