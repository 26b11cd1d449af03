// docs/models.md says what loads: every family's architectures, every golden.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/mapped_file.h"
#include "model/families/family.h"
#include "testing/paths.h"

namespace loci {
namespace {

std::string models_page() {
  return read_text_file(testing::repository() / "docs/models.md", 1 << 20).value();
}

TEST(FamiliesDocs, NameEveryGgufArchitectureAndEveryCausalModel) {
  const std::string page = models_page();
  for (const Family& family : families()) {
    for (const std::string_view architecture : family.gguf_architectures)
      EXPECT_NE(page.find(architecture), std::string::npos) << architecture;
    for (const std::string_view architecture : family.hf_architectures)
      if (architecture.ends_with("ForCausalLM")) {
        EXPECT_NE(page.find(architecture), std::string::npos) << architecture;
      }
  }
}

TEST(FamiliesDocs, NameEveryGolden) {
  const std::string page = models_page();
  for (const char* index : {"tests/goldens/index.json", "tests/goldens/families/index.json"}) {
    const json::value file = parse_json(*read_text_file(testing::repository() / index, 1 << 20)).value();
    for (const json::value& entry : file.at("models").as_array()) {
      if (entry.at("name") == "minilm") continue;
      std::string name(entry.at("name").as_string());
      for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      EXPECT_NE(page.find("/" + name + "`"), std::string::npos) << name << ": run tools/docs/models_table.py";
    }
  }
}

}  // namespace
}  // namespace loci
