// `loci inspect [MODEL]`: what a model file holds and what serving it would take, without loading it.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "cli/command.h"
#include "cli/model_options.h"
#include "engine/embedded_model.h"
#include "engine/memory_plan.h"
#include "model/families/family.h"

namespace loci::cli {
namespace {

struct FormatUse {
  std::size_t tensors = 0, elements = 0, bytes = 0;
};

std::map<DType, FormatUse> formats_of(const Checkpoint& checkpoint) {
  std::map<DType, FormatUse> formats;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    FormatUse& use = formats[tensor.dtype];
    ++use.tensors;
    use.elements += tensor.elements();
    use.bytes += tensor.size_bytes();
  }
  return formats;
}

void print_architecture(const Checkpoint& checkpoint, const ModelSpec& spec) {
  const AttentionSpec& attention = spec.layers.front().attention;
  std::size_t parameters = 0;
  for (const auto& [name, tensor] : checkpoint.tensors()) parameters += tensor.elements();
  fmt::print("model         {} ({})\n", checkpoint.name(),
             checkpoint.is_gguf() ? "GGUF" : "Hugging Face folder");
  fmt::print("architecture  {} ({} family)\n", spec.architecture, spec.family);
  fmt::print("parameters    {:.3f} M\n", static_cast<double>(parameters) / 1e6);
  fmt::print("vocabulary    {}\n", spec.vocab_size);
  fmt::print("context       {}\n", spec.context_length);
  fmt::print("layers        {} of width {}, MLP {}\n", spec.layers.size(), spec.hidden_size,
             spec.layers.front().mlp.intermediate_size);
  fmt::print("attention     {} heads of {}, {} key/value heads\n", attention.heads, attention.head_dim,
             attention.kv_heads);
  const auto windowed =
      std::ranges::count_if(spec.layers, [](const LayerSpec& l) { return l.attention.window > 0; });
  if (windowed > 0) {
    const auto layer =
        std::ranges::find_if(spec.layers, [](const LayerSpec& l) { return l.attention.window > 0; });
    fmt::print("window        {} positions in {} of {} layers\n", layer->attention.window, windowed,
               spec.layers.size());
  }
}

void print_formats(const std::map<DType, FormatUse>& formats) {
  fmt::print("\nformats\n");
  for (const auto& [dtype, use] : formats)
    fmt::print("  {:<8} {:>5} tensors {:>14} elements {:>12}\n", traits(dtype).name, use.tensors,
               use.elements, format_bytes(use.bytes));
}

void print_tensors(const Checkpoint& checkpoint) {
  std::size_t width = 0;
  for (const auto& [name, tensor] : checkpoint.tensors()) width = std::max(width, name.size());
  fmt::print("\ntensors\n");
  for (const auto& [name, tensor] : checkpoint.tensors())
    fmt::print("  {:<{}}  {:<8} {:>12}  [{}]\n", name, width, traits(tensor.dtype).name,
               format_bytes(tensor.size_bytes()), fmt::join(tensor.shape, ", "));
}

DType largest_format(const std::map<DType, FormatUse>& formats) {
  return std::ranges::max_element(formats, {}, [](const auto& entry) { return entry.second.bytes; })->first;
}

Result<> inspect(ModelOptions& options) {
  LOCI_TRY_VOID(options.apply());
  LOCI_TRY(const Checkpoint checkpoint,
           options.model.empty() ? Checkpoint::from_gguf_image(embedded_model(), "loci-tiny (embedded)")
                                 : Checkpoint::open(options.model));
  auto planned = plan_model(checkpoint);
  if (!planned)
    return std::unexpected(
        std::move(planned).error().in(options.model.empty() ? checkpoint.name() : options.model));
  const auto formats = formats_of(checkpoint);
  LOCI_TRY(const MemoryPlan memory,
           plan_memory(planned->spec, checkpoint.weight_bytes(), largest_format(formats), options.engine));
  print_architecture(checkpoint, planned->spec);
  fmt::print("\nmemory of `loci serve` (at most)\n");
  for (const std::string& line : memory.describe()) fmt::print("  {}\n", line);
  print_formats(formats);
  print_tensors(checkpoint);
  return {};
}

}  // namespace

Command add_inspect(CLI::App& app) {
  auto options = std::make_shared<ModelOptions>();
  options->log_level = "warning";
  CLI::App* command =
      app.add_subcommand("inspect", "print a model's architecture, tensors, formats, sizes and memory plan");
  add_model_argument(*command, *options);
  add_model_options(*command, *options);
  add_engine_options(*command, *options);
  return {command, [options] { return inspect(*options); }};
}

}  // namespace loci::cli
