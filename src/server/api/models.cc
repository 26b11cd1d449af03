#include <algorithm>

#include "base/json.h"
#include "server/api/api.h"

namespace loci::api {
namespace {

json::object model_entry(const ServedModel& served, std::string_view name) {
  return {{"id", name},
          {"object", "model"},
          {"created", served.created},
          {"owned_by", "loci"},
          {"root", served.model.name()},
          {"parent", nullptr},
          {"max_model_len", served.engine.max_model_len()}};
}

}  // namespace

ApiResult<> models(ApiCall& call) {
  json::array data;
  for (const std::string& name : call.served->names) data.emplace_back(model_entry(*call.served, name));
  call.exchange->respond(
      json_response(json::serialize(json::object{{"object", "list"}, {"data", std::move(data)}})));
  return {};
}

ApiResult<> model(ApiCall& call) {
  const std::string name(call.rest);
  LOCI_TRY_VOID(check_model(*call.served, name));
  call.exchange->respond(json_response(json::serialize(model_entry(*call.served, name))));
  return {};
}

}  // namespace loci::api
