#include "cli/completion.h"

#include <cstdio>
#include <memory>
#include <random>

#include "base/mailbox.h"

namespace loci::cli {

Result<Usage> complete(LiveEngine& engine, Request request,
                       const std::function<void(std::string_view)>& on_text) {
  // One event a token at most, and one to end: the mailbox never fills. Shared, because the last event may
  // find the caller gone.
  const auto events = std::make_shared<Mailbox<Event>>(static_cast<std::size_t>(request.max_tokens) + 2);
  LOCI_TRY_VOID(
      engine.submit(std::move(request), [events](Event&& event) { events->push(std::move(event)); }));
  std::vector<Event> batch;
  for (;;) {
    events->wait_and_take(batch);
    for (const Event& event : batch) {
      on_text(event.text);
      if (event.finish == FinishReason::kError) return fail(ErrorCode::kUnavailable, "{}", event.error);
      if (event.last) return event.usage;
    }
  }
}

void print_text(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace loci::cli
