// `loci fsck URL`: asks a running server whether its memory adds up.
#include <memory>

#include "base/json.h"
#include "cli/command.h"
#include "hub/http_client.h"

namespace loci::cli {
namespace {

struct FsckArguments {
  std::string url, api_key;
};

/// The server's own words where it has some.
std::string refusal(const HubReply& reply) {
  const auto body = parse_json(reply.body);
  const json::object* object = body ? body->if_object() : nullptr;
  const json::value* error = object != nullptr ? find_field(*object, "error") : nullptr;
  const json::value* message =
      error != nullptr && error->is_object() ? find_field(error->get_object(), "message") : nullptr;
  return message != nullptr && message->is_string() ? std::string(message->get_string()) : "";
}

/// "blocks.free  12", one line a number.
void print_counts(const json::object& counts, const std::string& prefix) {
  for (const auto& [key, value] : counts) {
    const std::string name = prefix + std::string(key);
    if (const json::object* inner = value.if_object()) {
      print_counts(*inner, name + ".");
    } else if (value.is_number()) {
      fmt::print("{:<20} {}\n", name, json::serialize(value));
    }
  }
}

Result<> fsck(const FsckArguments& arguments) {
  std::string url =
      arguments.url.find("://") == std::string::npos ? "http://" + arguments.url : arguments.url;
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/v1")) url.resize(url.size() - 3);
  HubConnection connection;
  connection.endpoint = url;
  connection.token = arguments.api_key;
  LOCI_TRY(HttpClient client, HttpClient::create(std::move(connection)));
  LOCI_TRY(const HubReply reply, client.get(url + "/v1/fsck"));
  if (reply.status != 200)
    return fail(ErrorCode::kUnavailable, "{}/v1/fsck: status {}: {}", url, reply.status, refusal(reply));
  LOCI_TRY(const json::value answer, parse_json(reply.body));
  const json::object* object = answer.if_object();
  const json::value* status = object != nullptr ? find_field(*object, "status") : nullptr;
  if (status == nullptr || !status->is_string())
    return fail(ErrorCode::kCorrupt, "{}/v1/fsck: the answer is not that of a Loci server", url);
  print_counts(*object, "");
  if (*status == "clean") {
    fmt::print("clean\n");
    return {};
  }
  const json::value* fault = find_field(*object, "fault");
  return fail(ErrorCode::kCorrupt, "{}: the memory does not add up: {}", url,
              fault != nullptr ? json::serialize(*fault) : "no details");
}

}  // namespace

Command add_fsck(CLI::App& app) {
  auto arguments = std::make_shared<FsckArguments>();
  CLI::App* command = app.add_subcommand("fsck", "check the KV memory of a running server");
  command->add_option("URL", arguments->url, "such as http://127.0.0.1:8000")->required();
  command->add_option("--api-key", arguments->api_key, "the operator's key, where the server has keys")
      ->take_last();
  return {command, [arguments] { return fsck(*arguments); }};
}

}  // namespace loci::cli
