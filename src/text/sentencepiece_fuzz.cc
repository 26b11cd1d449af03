// libFuzzer: a tokenizer.model of any bytes is refused or works; a short text goes through it and back.
#include <cstddef>
#include <cstdint>

#include "text/tokenizer_sentencepiece.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = loci::tokenizer_from_sentencepiece(bytes);
  if (!tokenizer) return 0;
  for (const std::string_view text :
       {" Hello  w\u00F6rld's \uFB01 123\n\xF0\x9F\x98\x80 <s>\xFF", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"}) {
    const auto ids = (*tokenizer)->encode(text);
    (*tokenizer)->decode(ids);
    (*tokenizer)->decode(ids, false);
  }
  return 0;
}
