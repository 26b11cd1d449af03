#include "text/tokenizer.h"

#include "text/detokenizer.h"
#include "text/tokenizer_folder.h"
#include "text/tokenizer_gguf.h"

namespace loci {

std::string Tokenizer::decode(std::span<const TokenId> tokens, bool skip_special) const {
  Detokenizer stream(*this, {.skip_special = skip_special});
  std::string text;
  for (const TokenId token : tokens) text += stream.push(token);
  return text += stream.flush();
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const Checkpoint& checkpoint) {
  if (checkpoint.is_gguf()) return tokenizer_from_gguf(checkpoint.gguf());
  return tokenizer_from_files(checkpoint.tokenizer_files());
}

}  // namespace loci
