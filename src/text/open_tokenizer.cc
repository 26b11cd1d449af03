#include "text/open_tokenizer.h"

#include <system_error>

#include "base/mapped_file.h"
#include "tensor/checkpoint.h"
#include "text/tokenizer_folder.h"
#include "text/tokenizer_gguf.h"

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

TokenizerResult open_file(const fs::path& path, std::string_view) {
  LOCI_TRY(const MappedFile file, MappedFile::open(path));
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (bytes.starts_with("GGUF")) return open_gguf(file.bytes());
  // What stands beside a tokenizer.json belongs to it: the names of BOS and EOS.
  LOCI_TRY(TokenizerFiles files, TokenizerFiles::read(path.parent_path()));
  files.vocabulary = {{"tokenizer.json", std::string(bytes)}};
  return tokenizer_from_files(files);
}

}  // namespace

TokenizerResult open_tokenizer(const fs::path& path, std::string_view pre) {
  std::error_code error;
  auto tokenizer = fs::is_directory(path, error) ? open_folder(path, pre) : open_file(path, pre);
  if (tokenizer || tokenizer.error().message.starts_with(path.string())) return tokenizer;
  return std::unexpected(std::move(tokenizer).error().in(path.string()));
}

}  // namespace loci
