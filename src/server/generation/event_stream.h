// Server-sent events.
#pragma once

#include <string_view>

#include "server/http.h"

namespace loci {

void begin_event_stream(Exchange& exchange);
/// `data` is one line. `name` empty: an event without one.
void write_event(Exchange& exchange, std::string_view name, std::string_view data);

}  // namespace loci
