// GET /v1/requests/{id}: where the time of a request went. By the X-Request-Id or the id of the answer; of
// requests that run, and of the last ones that ended.
#include "base/json.h"
#include "server/api/engine_question.h"
#include "server/request_id.h"

namespace loci::api {
namespace {

json::object account_json(const RequestRecord& record) {
  json::object phases;
  for (int i = 0; i < kPhases; ++i)
    phases[name(static_cast<Phase>(i))] = seconds(record.spent[static_cast<std::size_t>(i)]);
  return {{"status", record.finished ? "finished" : "running"},
          {"finish_reason", record.finish ? json::value(name(*record.finish)) : json::value(nullptr)},
          {"priority", record.priority},
          {"latency_seconds", seconds(record.age)},
          {"time_to_first_token_seconds",
           record.first_token ? json::value(seconds(*record.first_token)) : json::value(nullptr)},
          {"phases_seconds", std::move(phases)},
          {"prompt_tokens", record.usage.prompt_tokens},
          {"cached_tokens", record.usage.cached_tokens},
          {"completion_tokens", record.usage.completion_tokens},
          {"recomputed_tokens", record.recomputed_tokens},
          {"preemptions", record.preemptions}};
}

HttpResponse account_response(const Engine& engine, Time now, const std::string& id,
                              const std::string& tenant) {
  json::array accounts;
  for (const RequestRecord& record : engine.records(id, now))
    if (record.tenant == tenant) accounts.push_back(account_json(record));
  if (accounts.empty())
    return error_response(ApiError(
        404,
        fmt::format("no request '{}' runs, or was among the last {} that ended", id, RecordBook::kKept)));
  return json_response(
      json::serialize(json::object{{"id", id}, {"object", "request"}, {"requests", std::move(accounts)}}));
}

}  // namespace

ApiResult<> request_account(ApiCall& call) {
  return answer_by_engine(
      call, [id = std::string(without_answer_prefix(call.rest)), tenant = call.caller.tenant](
                Engine& engine, Time now) { return account_response(engine, now, id, tenant); });
}

}  // namespace loci::api
