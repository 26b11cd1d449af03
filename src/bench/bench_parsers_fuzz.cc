// libFuzzer target: any bytes as a trace, as a ShareGPT file and as a stream of events in pieces. The first
// byte says how long the pieces are.
#include "bench/completion_stream.h"
#include "bench/sse.h"
#include "bench/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace loci::bench;
  if (size == 0) return 0;
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)) + 1, size - 1);
  static_cast<void>(parse_trace(text, "trace", tokens_by_length));
  static_cast<void>(parse_sharegpt(text, "file", tokens_by_length));
  SseParser parser;
  CompletionStream stream(true);
  const std::size_t piece = std::size_t{1} + data[0];
  for (std::size_t at = 0; at < text.size(); at += piece)
    static_cast<void>(parser.feed(text.substr(at, piece),
                                  [&](std::string_view event) { static_cast<void>(stream.take(event, 1)); }));
  if (stream.output_times().size() != stream.tokens_of_chunks().size()) __builtin_trap();
  return 0;
}
