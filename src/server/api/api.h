// The API's endpoints: one function and one file each. A handler either takes care of the answer, now or
// later, and returns success; or returns the refusal, which the dispatcher sends. Handlers run on I/O
// threads.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "server/api_error.h"
#include "server/auth.h"
#include "server/http.h"
#include "server/metrics.h"
#include "server/served_model.h"

namespace loci {

/// What the endpoints share.
struct ApiState {
  Metrics metrics;
  std::atomic<const ServedModel*> served = nullptr;  // null until the model is loaded
  std::atomic<bool> shutting_down = false;
};

struct ApiCall {
  ApiState& state;
  const ServedModel* served;  // not null where the route needs a model
  std::shared_ptr<Exchange> exchange;
  std::string_view rest;  // what the route's wildcard stands for
  Principal caller;

  const HttpRequest& request() const { return exchange->request(); }
};

/// The request is known as its body says, unless its X-Request-Id says otherwise (as in vLLM).
void take_request_id(ApiCall& call, const RequestTerms& terms);

namespace api {

ApiResult<> apply_template(ApiCall& call);
ApiResult<> chat_completions(ApiCall& call);
ApiResult<> completions(ApiCall& call);
ApiResult<> count_tokens(ApiCall& call);
ApiResult<> detokenize(ApiCall& call);
ApiResult<> embeddings(ApiCall& call);
ApiResult<> fsck(ApiCall& call);
ApiResult<> index(ApiCall& call);
ApiResult<> kv_events(ApiCall& call);
ApiResult<> live(ApiCall& call);
ApiResult<> messages(ApiCall& call);
ApiResult<> metrics(ApiCall& call);
ApiResult<> model(ApiCall& call);
ApiResult<> models(ApiCall& call);
ApiResult<> ready(ApiCall& call);
ApiResult<> request_account(ApiCall& call);
ApiResult<> reset_prefix_cache(ApiCall& call);
ApiResult<> responses(ApiCall& call);
ApiResult<> tokenize(ApiCall& call);
ApiResult<> version(ApiCall& call);

}  // namespace api
}  // namespace loci
