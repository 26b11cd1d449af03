// `loci serve [MODEL]`: the OpenAI-compatible server, from listening to the last stream.
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/serve_loop.h"
#include "cli/validators.h"

namespace loci::cli {
namespace {

void add_server_options(CLI::App& command, ServeOptions& options) {
  command.add_option("--host", options.server.http.host, "address to listen on")
      ->capture_default_str()
      ->take_last();
  command.add_option("--port", options.server.http.port, "port to listen on; 0: any free one")
      ->capture_default_str()
      ->take_last();
  command.add_option("--api-key", options.server.api_keys, "key that clients must send; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option(
          "--tenant", options.tenants,
          "a tenant: name=NAME,key=KEY[,key=...][,weight=1][,kv-share=0..1][,operator]; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--served-model-name", options.names,
                     "names of the model in the API, the first is shown; put MODEL before this flag");
  command
      .add_option("--allowed-origins", options.server.allowed_origins,
                  "web origin that may call; may be repeated; default: any")
      ->allow_extra_args(false);
  command
      .add_option("--max-body-size", options.server.http.limits.max_body_bytes,
                  "largest request body, such as 8MB; default 32MB")
      ->transform(CLI::AsSizeValue(false))
      ->take_last();
  command
      .add_option("--max-queued-requests", options.model.engine.max_queued_requests,
                  "requests that may wait; more are refused")
      ->capture_default_str()
      ->check(at_least(1))
      ->take_last();
  command.add_option("--seed", options.seed, "makes the seeds of requests that bring none a fixed series")
      ->take_last();
  command
      .add_option("--shutdown-timeout", options.shutdown_seconds,
                  "seconds that running streams get after SIGTERM")
      ->capture_default_str()
      ->check(at_least(0))
      ->take_last();
  command.add_option("--config", "TOML file with flags as keys (max-num-seqs = 16); the command line wins");
}

}  // namespace

/// `--served-model-name NAME MODEL`, as in vLLM, makes MODEL a second name. Serving the embedded model
/// instead, without a word, is not what anybody meant.
void refuse_swallowed_model(const ServeOptions& options) {
  if (!options.model.model.empty() || options.names.empty()) return;
  const std::string& last = options.names.back();
  if (last.ends_with(".gguf") || std::filesystem::is_directory(last))
    throw CLI::ValidationError("--served-model-name", "took '" + last + "' for a name: put MODEL first");
}

Command add_serve(CLI::App& app) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "serve a model over the OpenAI API");
  add_model_argument(*command, options->model);
  add_server_options(*command, *options);
  add_model_options(*command, options->model);
  add_engine_options(*command, options->model);
  command->final_callback([options] { refuse_swallowed_model(*options); });
  return {command, [options] { return serve(*options); }};
}

}  // namespace loci::cli
