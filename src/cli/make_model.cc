// `loci make-model OUT.gguf`: a model with random weights in the shape of a real one, for measurements.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/processors.h"
#include "cli/command.h"
#include "cli/progress_bar.h"
#include "tensor/random/random_model.h"

namespace loci::cli {
namespace {

struct MakeModelOptions {
  std::string out, shape = "bench-0.5b", format = "Q8_0";
  std::uint64_t seed = 1;
  int threads = 0;
  bool force = false, list = false;
};

void print_shapes() {
  fmt::print("{:<16} {:>9} {:>7} {:>7} {:>7} {:>6} {:>9} {:>9} {:>7} {:>5}\n", "shape", "params", "hidden",
             "ff", "layers", "heads", "kv_heads", "head_dim", "vocab", "tied");
  for (const ModelShape& shape : model_shapes())
    fmt::print("{:<16} {:>7.0f} M {:>7} {:>7} {:>7} {:>6} {:>9} {:>9} {:>7} {:>5}\n", shape.name,
               static_cast<double>(shape.parameters()) / 1e6, shape.hidden, shape.intermediate, shape.layers,
               shape.heads, shape.kv_heads, shape.head_dim, shape.vocabulary, shape.tied ? 1 : 0);
}

Result<> make_model(const MakeModelOptions& options) {
  if (options.list) return print_shapes(), Result<>{};
  if (options.out.empty())
    return fail(ErrorCode::kInvalidArgument, "make-model: no file to write; give OUT.gguf");
  LOCI_TRY(const ModelShape shape, parse_model_shape(options.shape));
  LOCI_TRY(const FormatMix mix, parse_format_mix(options.format));
  std::error_code error;
  if (!options.force && std::filesystem::exists(options.out, error))
    return fail(ErrorCode::kInvalidArgument, "{}: is there already; --force replaces it", options.out);
  std::size_t done = 0;
  ProgressBar* bar = nullptr;
  WorkerPool pool(options.threads > 0 ? options.threads : available_processors());
  LOCI_TRY(const GgufWriter writer,
           make_random_model(shape, mix, pool, {options.seed, [&](std::size_t bytes) {
                                                  bar->draw(done += bytes, options.out);
                                                }}));
  ProgressBar progress(writer.data_bytes());
  bar = &progress;
  const auto begin = std::chrono::steady_clock::now();
  const auto written = writer.write(options.out);
  progress.end();
  LOCI_TRY_VOID(written);
  fmt::print("{}: {}, {:.1f} M parameters, {}, {} in {:.1f} s\n", options.out, shape.name,
             static_cast<double>(shape.parameters()) / 1e6, mix.name, format_size(done),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return {};
}

}  // namespace

Command add_make_model(CLI::App& app) {
  auto options = std::make_shared<MakeModelOptions>();
  CLI::App* command =
      app.add_subcommand("make-model", "write a model with random weights as GGUF, for measurements");
  command->add_option("OUT", options->out, "the .gguf file to write");
  command
      ->add_option(
          "--like", options->shape,
          "shape: a name of --list, with key=value behind commas for what is different (layers, hidden, "
          "ff, heads, kv_heads, head_dim, vocab, context, tied)")
      ->capture_default_str();
  command
      ->add_option(
          "--format", options->format,
          "of all matrices: F32, F16, BF16, Q8_0, Q4_0, Q4_K, IQ4_XS, ..., or the mixtures Q4_K_M, Q5_K_M")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "the same seed makes the same file")->capture_default_str();
  command->add_option("-t,--threads", options->threads, "0: one a core")->check(CLI::Range(0, 1024));
  command->add_flag("--force", options->force, "replace OUT if it is there");
  command->add_flag("--list", options->list, "print the shapes that have a name");
  return {command, [options] { return make_model(*options); }};
}

}  // namespace loci::cli
