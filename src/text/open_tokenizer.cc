#include "text/open_tokenizer.h"

#include <system_error>

#include "base/mapped_file.h"
#include "tensor/checkpoint.h"
#include "text/tokenizer_folder.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_tiktoken.h"

namespace loci {
namespace {

namespace fs = std::filesystem;
using TokenizerResult = Result<std::unique_ptr<Tokenizer>>;

TokenizerResult open_gguf(std::span<const std::byte> bytes) {
  LOCI_TRY(const GgufFile file, parse_gguf(bytes));
  return tokenizer_from_gguf(file.metadata);
}

TokenizerResult open_folder(const fs::path& folder, std::string_view pre) {
  LOCI_TRY(const TokenizerFiles files, TokenizerFiles::read(folder));
  if (!files.vocabulary.empty()) return tokenizer_from_files(files, pre);
  LOCI_TRY(const Checkpoint checkpoint, Checkpoint::open(folder));  // a folder with a GGUF
  return load_tokenizer(checkpoint);
}

/// The file's name among those that tokenizer_folder.cc knows: its own, or that of the kind that its bytes
/// are.
std::string kind_of(const fs::path& path, std::string_view bytes) {
  const std::string name = path.filename().string();
  if (name == "vocab.txt") return name;
  const std::size_t first = bytes.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first != std::string_view::npos && bytes[first] == '{') return "tokenizer.json";
  if (looks_like_tiktoken(bytes)) return path.stem().string() + ".tiktoken";
  return "tokenizer.model";
}

/// vocab.json stands for itself and the merges.txt beside it, and so does each of such a pair.
bool has_other_half(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == "vocab.json" || name == "merges.txt" || name == "encoder.json" || name == "vocab.bpe";
}

TokenizerResult open_file(const fs::path& path, std::string_view pre) {
  LOCI_TRY(const MappedFile file, MappedFile::open(path));
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (bytes.starts_with("GGUF")) return open_gguf(file.bytes());
  TokenizerFiles files;
  if (has_other_half(path)) {
    LOCI_TRY(files, TokenizerFiles::read_pair(path));
  } else {
    LOCI_TRY(files, TokenizerFiles::read_beside(path));
    files.vocabulary.push_back({kind_of(path, bytes), std::string(bytes)});
  }
  return tokenizer_from_files(files, pre);
}

}  // namespace

TokenizerResult open_tokenizer(const fs::path& path, std::string_view pre) {
  std::error_code error;
  auto tokenizer = fs::is_directory(path, error) ? open_folder(path, pre) : open_file(path, pre);
  if (tokenizer || tokenizer.error().message.starts_with(path.string())) return tokenizer;
  return std::unexpected(std::move(tokenizer).error().in(path.string()));
}

}  // namespace loci
