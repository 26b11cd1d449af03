// The table of routes: which path, by which method, is answered by which endpoint.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/api/api.h"

namespace loci {

/// kKey: refused without an API key, where the server has any; kOperator: without the operator's.
enum class Access { kOpen, kKey, kOperator };
enum class Needs { kNothing, kModel, kNewWork };  // kNewWork: a model, and not after shutdown has begun

struct Route {
  std::string_view method;  // "GET" answers HEAD too
  std::string_view path;    // a final '*' stands for any rest that is not empty
  Access access;
  Needs needs;
  ApiResult<> (*handler)(ApiCall& call);
};

std::span<const Route> routes();

/// Whose error objects the clients of a path read, also of one that is no route.
ErrorShape error_shape(std::string_view path);

struct RouteMatch {
  const Route* by_path = nullptr;  // some route has the path
  const Route* route = nullptr;    // and this one the method too
  std::string_view rest;           // what '*' stands for
};
RouteMatch match_route(std::string_view method, std::string_view path);

/// The methods of a path, for Allow: "GET, HEAD, OPTIONS".
std::string allowed_methods(std::string_view path);

}  // namespace loci
