#include "server/api/api.h"

namespace loci::api {

ApiResult<> version(ApiCall& call) {
  call.exchange->respond(json_response(R"({"version":")" LOCI_VERSION R"("})"));
  return {};
}

}  // namespace loci::api
