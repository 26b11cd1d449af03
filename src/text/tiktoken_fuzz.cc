// libFuzzer: a rank file of any bytes is refused or works; a text of all bytes goes through it and back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "text/tokenizer_tiktoken.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = loci::tokenizer_from_tiktoken(bytes, "fuzz.tiktoken");
  if (!tokenizer) return 0;
  for (const std::string_view text :
       {" Hello  w\u00F6rld's 123\n\xF0\x9F\x98\x80", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"})
    if ((*tokenizer)->decode((*tokenizer)->encode(text)) != text) std::abort();  // all bytes have a token
  return 0;
}
