#include "tensor/tokenizer_files.h"

#include <algorithm>
#include <system_error>

#include "base/mapped_file.h"
#include "tensor/checkpoint_reader.h"
#include "tensor/error_context.h"
#include "tensor/json_file.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTokenizerBytes = std::size_t{256} << 20;  // the largest in use have about 35 MB

/// Files that are a vocabulary together; `second` may be none.
struct Known {
  std::string_view first, second{};
};
constexpr Known kKnown[] = {
    {"tokenizer.json"},          {"tokenizer.model"},          {"spiece.model"},
    {"sentencepiece.bpe.model"}, {"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"},
    {"tiktoken.model"},
};

Result<void> add(const fs::path& file, std::vector<TokenizerFile>& files) {
  LOCI_TRY(std::string bytes, read_text_file(file, kMaxTokenizerBytes));
  files.push_back({file.filename().string(), std::move(bytes)});
  return {};
}

Result<std::vector<TokenizerFile>> read_vocabulary(const fs::path& folder) {
  std::vector<TokenizerFile> files;
  for (const Known& known : kKnown) {
    if (!is_there(folder / known.first) || !(known.second.empty() || is_there(folder / known.second)))
      continue;
    LOCI_TRY_VOID(add(folder / known.first, files));
    if (!known.second.empty()) LOCI_TRY_VOID(add(folder / known.second, files));
    return files;
  }
  LOCI_TRY(const auto ranks, files_with_extension(folder, ".tiktoken"));
  if (ranks.size() > 1)
    return fail(ErrorCode::kInvalidArgument, "{}: {} .tiktoken files in this folder; name the one to open",
                folder.string(), ranks.size());
  if (!ranks.empty())
    LOCI_TRY_VOID(add(ranks.front(), files));
  else if (is_there(folder / "vocab.txt"))
    LOCI_TRY_VOID(add(folder / "vocab.txt", files));
  return files;
}

Result<json::array> read_modules(const fs::path& file) {
  if (!is_there(file)) return json::array();
  LOCI_TRY(const std::string text, read_text_file(file, 1 << 20));
  LOCI_TRY(json::value modules, in_file(file.string(), parse_json(text)));
  if (!modules.is_array()) return in_file(file.string(), fail(ErrorCode::kCorrupt, "not a JSON array"));
  return std::move(modules.as_array());
}

}  // namespace

Result<TokenizerFiles> TokenizerFiles::read(const fs::path& folder) {
  LOCI_TRY(TokenizerFiles files, read_beside(folder / "tokenizer.json"));
  LOCI_TRY(files.vocabulary, read_vocabulary(folder));
  return files;
}

Result<TokenizerFiles> TokenizerFiles::read_beside(const fs::path& file) {
  const fs::path folder = file.parent_path();
  TokenizerFiles files;
  LOCI_TRY(files.tokenizer_config, read_optional_json_object(folder / "tokenizer_config.json"));
  LOCI_TRY(files.added_tokens, read_optional_json_object(folder / "added_tokens.json"));
  LOCI_TRY(files.sentence_config, read_optional_json_object(folder / "sentence_bert_config.json"));
  LOCI_TRY(files.pooling_config, read_optional_json_object(folder / "1_Pooling" / "config.json"));
  LOCI_TRY(files.sentence_modules, read_modules(folder / "modules.json"));
  LOCI_TRY(files.model_config, read_optional_json_object(folder / "config.json"));
  return files;
}

Result<TokenizerFiles> TokenizerFiles::read_pair(const fs::path& file) {
  LOCI_TRY(TokenizerFiles files, read_beside(file));
  for (const Known& known : kKnown) {
    if (known.second.empty() || (file.filename() != known.first && file.filename() != known.second)) continue;
    LOCI_TRY_VOID(add(file.parent_path() / known.first, files.vocabulary));
    LOCI_TRY_VOID(add(file.parent_path() / known.second, files.vocabulary));
  }
  return files;
}

const TokenizerFile* TokenizerFiles::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(vocabulary, [&](const TokenizerFile& file) { return file.name == name; });
  return found == vocabulary.end() ? nullptr : &*found;
}

}  // namespace loci
