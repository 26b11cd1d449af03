// /v1/embeddings: every input is a request of its own to the engine, so that its vector does not depend on
// its company.
#include <algorithm>
#include <bit>
#include <boost/beast/core/detail/base64.hpp>

#include "engine/pooling.h"
#include "server/api/api.h"
#include "server/openai/embedding_request.h"
#include "server/openai/generation_request.h"

namespace loci::api {
namespace {

/// Collects the vectors of one request's inputs. Lives as long as the engine or the exchange holds it.
class EmbeddingRun : public std::enable_shared_from_this<EmbeddingRun> {
 public:
  EmbeddingRun(std::shared_ptr<Exchange> exchange, const ServedModel& served, EmbeddingRequest request,
               Principal caller)
      : exchange_(std::move(exchange)),
        served_(served),
        caller_(std::move(caller)),
        request_(std::move(request)),
        vectors_(request_.inputs.size()),
        ids_(request_.inputs.size()) {}

  ApiResult<> start() {
    std::vector<Request> requests;
    for (std::size_t i = 0; i < request_.inputs.size(); ++i) {
      Request& request = requests.emplace_back();
      LOCI_TRY(request.prompt, tokens_of(i));
      request.max_tokens = 0;
      request.pooling = served_.model.embedding_defaults().pooling;
      prompt_tokens_ += request.prompt.size();
      apply_terms(request_.terms, caller_, exchange_->request().id, request);
    }
    exchange_->on_disconnect([weak = weak_from_this()] {
      if (const auto run = weak.lock()) run->cancel();
    });
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto sink = [run = shared_from_this(), i](Event&& event) {
        run->exchange_->post(
            [run, i, event = std::move(event)]() mutable { run->on_event(i, std::move(event)); });
      };
      auto id = served_.engine.submit(std::move(requests[i]), std::move(sink));
      if (!id) {
        cancel();
        ApiError error(std::move(id).error());
        if (error.param == "prompt") error.param = "input";
        if (requests.size() > 1 && error.param == "input")
          error.message = fmt::format("input[{}]: {}", i, error.message);
        return std::unexpected(std::move(error));
      }
      ids_[i] = *id;
      ++submitted_;
    }
    if (request_.terms.timeout)
      exchange_->after(*request_.terms.timeout, [weak = weak_from_this()] {
        if (const auto run = weak.lock(); run && !run->over_) run->time_out();
      });
    return {};
  }

 private:
  ApiResult<std::vector<TokenId>> tokens_of(std::size_t index) const {
    std::vector<TokenId> tokens;
    if (const auto* given = std::get_if<std::vector<TokenId>>(&request_.inputs[index])) {
      tokens = *given;
    } else {
      tokens = served_.model.encode_for_embedding(std::get<std::string>(request_.inputs[index]));
    }
    if (request_.truncate_prompt_tokens) {
      const int asked = *request_.truncate_prompt_tokens;
      const auto limit = static_cast<std::size_t>(asked > 0 ? asked : served_.engine.max_model_len());
      if (tokens.size() > limit) tokens.resize(limit);
    }
    if (tokens.empty())
      return std::unexpected(
          ApiError(400, fmt::format("'input[{}]' has no tokens", index)).with_param("input"));
    return tokens;
  }

  void on_event(std::size_t index, Event event) {
    if (!event.finish || over_) return;
    if (event.embedding.empty()) {
      cancel();
      exchange_->respond(error_response(
          ApiError(event.finish == FinishReason::kAbort ? 503 : 500,
                   event.finish == FinishReason::kAbort ? "the server is shutting down" : event.error)));
      return;
    }
    vectors_[index] = std::move(event.embedding);
    if (++done_ == vectors_.size()) respond();
  }

  void time_out() {
    cancel();
    exchange_->respond(error_response(timed_out(seconds(*request_.terms.timeout))));
  }

  json::value vector_json(std::vector<float>& vector) const {
    if (request_.dimensions) {
      vector.resize(static_cast<std::size_t>(*request_.dimensions));
      normalize(vector);
    }
    if (!request_.base64) return json::array(vector.begin(), vector.end());
    static_assert(std::endian::native == std::endian::little);
    namespace base64 = boost::beast::detail::base64;
    const std::size_t bytes = vector.size() * sizeof(float);
    std::string text(base64::encoded_size(bytes), '\0');
    text.resize(base64::encode(text.data(), vector.data(), bytes));
    return json::string(text);
  }

  void respond() {
    over_ = true;
    json::array data;
    for (std::size_t i = 0; i < vectors_.size(); ++i)
      data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", vector_json(vectors_[i])}});
    const json::object answer{
        {"object", "list"},
        {"model", served_.name()},
        {"data", std::move(data)},
        {"usage", {{"prompt_tokens", prompt_tokens_}, {"total_tokens", prompt_tokens_}}}};
    exchange_->respond(json_response(json::serialize(answer)));
  }

  void cancel() {
    if (std::exchange(over_, true)) return;
    for (std::size_t i = 0; i < submitted_; ++i) served_.engine.cancel(ids_[i]);
  }

  const std::shared_ptr<Exchange> exchange_;
  const ServedModel& served_;
  const Principal caller_;
  const EmbeddingRequest request_;
  std::vector<std::vector<float>> vectors_;
  std::vector<RequestId> ids_;
  std::size_t prompt_tokens_ = 0, submitted_ = 0, done_ = 0;
  bool over_ = false;  // answered, or nobody listens
};

}  // namespace

ApiResult<> embeddings(ApiCall& call) {
  const ServedModel& served = *call.served;
  LOCI_TRY(const json::object body, parse_body(call.request().body));
  LOCI_TRY(EmbeddingRequest request, parse_embedding_request(body));
  LOCI_TRY_VOID(check_model(served, request.model));
  take_request_id(call, request.terms);
  const int hidden = served.model.model().spec().hidden_size;
  if (request.dimensions && *request.dimensions > hidden)
    return std::unexpected(ApiError(400, fmt::format("'dimensions' is {}, the model's embeddings have {}",
                                                     *request.dimensions, hidden))
                               .with_param("dimensions"));
  return std::make_shared<EmbeddingRun>(call.exchange, served, std::move(request), call.caller)->start();
}

}  // namespace loci::api
