// GET /v1/fsck: proves, between two steps, that what is held and what is counted as held agree.
#include "base/json.h"
#include "server/api/engine_question.h"

namespace loci::api {
namespace {

HttpResponse check(const Engine& engine) {
  const std::optional<std::string> fault = engine.find_fault();
  const BlockPool& pool = engine.blocks();
  const json::object answer{
      {"status", fault ? "damaged" : "clean"},
      {"fault", fault ? json::value(*fault) : json::value(nullptr)},
      {"blocks", json::object{{"total", pool.total()},
                              {"free", pool.free()},
                              {"held", pool.used()},
                              {"cached", pool.idle()},
                              {"host", engine.memory().host_used()}}},
      {"sequences", json::object{{"running", engine.running()}, {"waiting", engine.waiting()}}},
      {"requests", engine.requests()},
      {"kv_events", engine.memory().events().last_number()}};
  return json_response(json::serialize(answer));
}

}  // namespace

ApiResult<> fsck(ApiCall& call) {
  return answer_by_engine(call, [](Engine& engine, Time) { return check(engine); });
}

}  // namespace loci::api
