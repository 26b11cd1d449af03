#include "server/generation/event_stream.h"

#include <string>

namespace loci {

void begin_event_stream(Exchange& exchange) {
  exchange.begin_stream({.status = 200,
                         .headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                                     {"Cache-Control", "no-cache"},
                                     {"X-Accel-Buffering", "no"}},
                         .body = {},
                         .close = false});
}

void write_event(Exchange& exchange, std::string_view name, std::string_view data) {
  std::string event;
  event.reserve(name.size() + data.size() + 16);
  if (!name.empty()) event.append("event: ").append(name).append("\n");
  event.append("data: ").append(data).append("\n\n");
  exchange.write(event);
}

}  // namespace loci
