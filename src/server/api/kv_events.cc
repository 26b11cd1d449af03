// GET /v1/kv/events: which blocks the prefix cache gained and lost, for routers that send a request to the
// server that holds its prefix. Under vLLM's names of events and fields; with `Accept: text/event-stream` as
// they come.
#include <charconv>
#include <chrono>

#include "base/json.h"
#include "server/api/engine_question.h"
#include "server/generation/event_stream.h"

namespace loci::api {
namespace {

constexpr std::size_t kMostAtOnce = 1024;
constexpr Duration kPollInterval = std::chrono::milliseconds(50);
constexpr int kPollsPerComment = 300;  // a comment every 15 s shows that the stream lives

std::string hex(const BlockKey& key) {
  return fmt::format("{:016x}{:016x}", key.high, key.low);
}

json::object event_json(const KvEvent& event, int block_size) {
  json::object out{{"number", event.number}};
  switch (event.kind) {
    case KvEvent::Kind::kStored:
      out["type"] = "BlockStored";
      out["block_hashes"] = json::array{hex(event.key)};
      out["parent_block_hash"] =
          event.parent == BlockKey{} ? json::value(nullptr) : json::value(hex(event.parent));
      out["token_ids"] = json::array(event.tokens.begin(), event.tokens.end());
      out["block_size"] = block_size;
      break;
    case KvEvent::Kind::kRemoved:
      out["type"] = "BlockRemoved";
      out["block_hashes"] = json::array{hex(event.key)};
      break;
    case KvEvent::Kind::kCleared:
      out["type"] = "AllBlocksCleared";
      break;
  }
  return out;
}

HttpResponse list_events(const KvMemory& memory, std::uint64_t after) {
  json::array events;
  for (const KvEvent& event : memory.events().after(after, kMostAtOnce))
    events.push_back(event_json(event, memory.block_tokens()));
  return json_response(json::serialize(json::object{
      {"object", "list"}, {"last", memory.events().last_number()}, {"data", std::move(events)}}));
}

/// Sends events until the client or the server ends. Lives on the connection's strand, held by what it waits
/// for.
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  EventFeed(std::shared_ptr<Exchange> exchange, ApiState& state, const ServedModel& served,
            std::uint64_t sent)
      : exchange_(std::move(exchange)), state_(state), served_(served), sent_(sent) {}

  void begin() {
    begin_event_stream(*exchange_);
    poll();
  }

 private:
  /// Looks at a number that the engine publishes; asks it only where something is new.
  void poll() {
    if (state_.shutting_down) return exchange_->end_stream();
    if (served_.engine.stats().kv_events > sent_) return ask();
    if (++polls_ % kPollsPerComment == 0) exchange_->write(": nothing new\n\n");
    exchange_->after(kPollInterval, [self = shared_from_this()] { self->poll(); });
  }

  void ask() {
    auto question = [self = shared_from_this(), after = sent_](Engine& engine, Time) {
      auto events = engine.memory().events().after(after, kMostAtOnce);
      self->exchange_->post([self, events = std::move(events), block_size = engine.memory().block_tokens()] {
        self->send(events, block_size);
      });
    };
    if (!served_.engine.ask(std::move(question))) exchange_->end_stream();
  }

  void send(const std::vector<KvEvent>& events, int block_size) {
    for (const KvEvent& event : events) {
      exchange_->write(
          fmt::format("id: {}\ndata: {}\n\n", event.number, json::serialize(event_json(event, block_size))));
      sent_ = event.number;
    }
    exchange_->after(kPollInterval, [self = shared_from_this()] { self->poll(); });
  }

  const std::shared_ptr<Exchange> exchange_;
  ApiState& state_;
  const ServedModel& served_;
  std::uint64_t sent_;  // the last event that the client has
  int polls_ = 0;
};

/// `after` of the query, or where a stream that broke goes on; 0: from the oldest one that is kept.
ApiResult<std::uint64_t> read_after(const HttpRequest& request) {
  std::string_view text;
  if (const std::string* last = find_header(request.headers, "Last-Event-ID")) text = *last;
  constexpr std::string_view kName = "after=";
  for (std::string_view rest = request.query; !rest.empty();) {
    const std::string_view field = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    if (field.starts_with(kName)) text = field.substr(kName.size());
  }
  if (text.empty()) return 0;
  std::uint64_t after = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), after);
  if (error != std::errc() || end != text.data() + text.size())
    return std::unexpected(
        ApiError(400, fmt::format("'after' must be the number of an event, got '{}'", text.substr(0, 64)))
            .with_param("after"));
  return after;
}

bool wants_stream(const HttpRequest& request) {
  const std::string* accept = find_header(request.headers, "Accept");
  return accept != nullptr && accept->find("text/event-stream") != std::string::npos;
}

}  // namespace

ApiResult<> kv_events(ApiCall& call) {
  LOCI_TRY(const std::uint64_t after, read_after(call.request()));
  if (!call.served->engine.records_kv_events())
    return std::unexpected(ApiError(
        404, "this server does not record KV events: start it with --kv-events N, the number that it keeps"));
  if (!wants_stream(call.request()))
    return answer_by_engine(call,
                            [after](Engine& engine, Time) { return list_events(engine.memory(), after); });
  std::make_shared<EventFeed>(call.exchange, call.state, *call.served, after)->begin();
  return {};
}

}  // namespace loci::api
