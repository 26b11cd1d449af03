#include "server/routes.h"

namespace loci {
namespace {

// Paths without /v1 are those that llama-server answers too.
constexpr Route kRoutes[] = {
    {"GET", "/", Access::kOpen, Needs::kNothing, api::index},
    {"GET", "/health", Access::kOpen, Needs::kNothing, api::ready},
    {"GET", "/health/live", Access::kOpen, Needs::kNothing, api::live},
    {"GET", "/health/ready", Access::kOpen, Needs::kNothing, api::ready},
    {"GET", "/version", Access::kKey, Needs::kNothing, api::version},
    {"GET", "/metrics", Access::kKey, Needs::kNothing, api::metrics},
    {"GET", "/v1/models", Access::kKey, Needs::kModel, api::models},
    {"GET", "/v1/models/*", Access::kKey, Needs::kModel, api::model},
    {"GET", "/models", Access::kKey, Needs::kModel, api::models},
    {"GET", "/models/*", Access::kKey, Needs::kModel, api::model},
    {"GET", "/v1/requests/*", Access::kKey, Needs::kModel, api::request_account},
    {"GET", "/v1/fsck", Access::kOperator, Needs::kModel, api::fsck},
    {"GET", "/v1/kv/events", Access::kOperator, Needs::kModel, api::kv_events},
    {"POST", "/reset_prefix_cache", Access::kOperator, Needs::kModel, api::reset_prefix_cache},
    {"POST", "/v1/chat/completions", Access::kKey, Needs::kNewWork, api::chat_completions},
    {"POST", "/chat/completions", Access::kKey, Needs::kNewWork, api::chat_completions},
    {"POST", "/v1/completions", Access::kKey, Needs::kNewWork, api::completions},
    {"POST", "/completions", Access::kKey, Needs::kNewWork, api::completions},
    {"POST", "/v1/embeddings", Access::kKey, Needs::kNewWork, api::embeddings},
    {"POST", "/embeddings", Access::kKey, Needs::kNewWork, api::embeddings},
    {"POST", "/v1/responses", Access::kKey, Needs::kNewWork, api::responses},
    {"POST", "/responses", Access::kKey, Needs::kNewWork, api::responses},
    {"POST", "/v1/messages", Access::kKey, Needs::kNewWork, api::messages},
    {"POST", "/v1/messages/count_tokens", Access::kKey, Needs::kModel, api::count_tokens},
    {"POST", "/apply-template", Access::kKey, Needs::kModel, api::apply_template},
    {"POST", "/tokenize", Access::kKey, Needs::kModel, api::tokenize},
    {"POST", "/v1/tokenize", Access::kKey, Needs::kModel, api::tokenize},
    {"POST", "/detokenize", Access::kKey, Needs::kModel, api::detokenize},
    {"POST", "/v1/detokenize", Access::kKey, Needs::kModel, api::detokenize},
};

/// True where `pattern` matches; then `rest` is what its '*' stands for.
bool matches(std::string_view pattern, std::string_view path, std::string_view& rest) {
  if (!pattern.ends_with('*')) return pattern == path;
  pattern.remove_suffix(1);
  if (!path.starts_with(pattern) || path.size() == pattern.size()) return false;
  rest = path.substr(pattern.size());
  return true;
}

}  // namespace

ErrorShape error_shape(std::string_view path) {
  return path.starts_with("/v1/messages") ? ErrorShape::kAnthropic : ErrorShape::kOpenAi;
}

std::span<const Route> routes() {
  return kRoutes;
}

RouteMatch match_route(std::string_view method, std::string_view path) {
  RouteMatch match;
  if (method == "HEAD") method = "GET";
  for (const Route& route : kRoutes) {
    if (!matches(route.path, path, match.rest)) continue;
    match.by_path = &route;
    if (route.method == method) match.route = &route;
    if (match.route != nullptr) break;
  }
  return match;
}

std::string allowed_methods(std::string_view path) {
  std::string methods;
  std::string_view rest;
  for (const Route& route : kRoutes)
    if (matches(route.path, path, rest)) methods += route.method == "GET" ? "GET, HEAD, " : "POST, ";
  return methods + "OPTIONS";
}

}  // namespace loci
