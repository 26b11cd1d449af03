// `loci pull ORG/NAME[:QUANT]`: fetches a model from a Hugging Face-compatible hub into the local store.
#include "hub/pull.h"

#include <cstdlib>
#include <memory>

#include "cli/command.h"
#include "cli/progress_bar.h"
#include "cli/pull_progress.h"
#include "hub/store.h"

namespace loci::cli {
namespace {

struct PullArguments {
  std::string model, revision = "main", folder;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// The two variables that every client of the hub reads.
HubConnection hub_connection() {
  HubConnection connection;
  if (std::string endpoint = environment("HF_ENDPOINT"); !endpoint.empty())
    connection.endpoint = std::move(endpoint);
  connection.token = environment("HF_TOKEN");
  return connection;
}

Result<> pull_model(const PullArguments& arguments) {
  LOCI_TRY(const ModelName name, parse_model_name(arguments.model));
  PullOptions options{{name, arguments.revision},
                      arguments.folder.empty() ? model_folder(default_store(), name)
                                               : std::filesystem::path(arguments.folder),
                      hub_connection()};
  ProgressDisplay display;
  const auto pulled = pull(options, display);
  display.end();
  if (!pulled) return std::unexpected(pulled.error());
  fmt::print(stderr, "{}: {} file{}, {}; {} downloaded now\n", name.text(), pulled->files,
             pulled->files == 1 ? "" : "s", format_size(pulled->bytes), pulled->downloaded);
  fmt::print("{}\n", pulled->model.string());
  return {};
}

}  // namespace

Command add_pull(CLI::App& app) {
  auto arguments = std::make_shared<PullArguments>();
  CLI::App* command = app.add_subcommand(
      "pull", "download a model from a hub (HF_ENDPOINT, HF_TOKEN), and print where it lies");
  command->add_option("MODEL", arguments->model, "org/name, or org/name:quant for the GGUF of a quantization")
      ->required();
  command->add_option("--revision", arguments->revision, "branch, tag or commit")
      ->capture_default_str()
      ->take_last();
  command
      ->add_option("--to", arguments->folder,
                   "folder that gets the files; default: where serve, run and chat look for org/name")
      ->take_last();
  return {command, [arguments] { return pull_model(*arguments); }};
}

}  // namespace loci::cli
