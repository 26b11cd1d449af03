// `loci quantize IN OUT.gguf TYPE`: a model's matrices in a smaller type, as a GGUF file.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fmt/ranges.h>
#include <map>
#include <memory>

#include "base/mapped_file.h"
#include "base/processors.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/progress_bar.h"
#include "model/gguf_export.h"
#include "tensor/checkpoint_reader.h"
#include "tensor/quantize/quantize_model.h"
#include "text/tokenizer_to_gguf.h"

namespace loci::cli {
namespace {

namespace fs = std::filesystem;

struct QuantizeFlags {
  ModelOptions in;
  std::string out, type, type_argument, head_type, embedding_type;
  int threads = 0;
  bool pure = false, requantize = false, force = false, verbose = false;
};

Result<std::optional<DType>> parse_type(std::string_view flag, const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto dtype = dtype_from_name(name);
  if (!dtype) return fail(ErrorCode::kInvalidArgument, "{} '{}' is no type of a tensor", flag, name);
  return dtype;
}

/// Replacing the file that is being read would lose the model.
Result<> check_out(const fs::path& in, const fs::path& out, bool force) {
  std::error_code error;
  if (out.extension() != ".gguf")
    return fail(ErrorCode::kInvalidArgument, "{}: the name of a file to write must end in .gguf",
                out.string());
  fs::path part = out;
  part += ".part";
  for (const fs::path& written : {out, part}) {
    if (!fs::exists(written, error)) continue;
    const fs::path folder = fs::is_directory(in, error) ? in : in.parent_path();
    const bool beside_a_part = in.stem().string().contains("-of-") || fs::is_directory(in, error);
    const fs::path here = folder.empty() ? "." : folder,
                   there = out.has_parent_path() ? out.parent_path() : ".";
    if (fs::equivalent(in, written, error) || (beside_a_part && fs::equivalent(here, there, error)))
      return fail(ErrorCode::kInvalidArgument, "{}: is of the model that is read, and is not replaced",
                  written.string());
  }
  if (!force && fs::exists(out, error))
    return fail(ErrorCode::kInvalidArgument, "{}: is there already; --force replaces it", out.string());
  return {};
}

Result<> check_room(const fs::path& out, std::size_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(out.has_parent_path() ? out.parent_path() : ".", error);
  if (error || space.available >= bytes)
    return {};  // a folder that is not there is told when it is written to
  return fail(ErrorCode::kIo, "{}: needs {}, the disk has {} left", out.string(), format_size(bytes),
              format_size(space.available));
}

/// What became of the tensors.
class Tally {
 public:
  Tally(std::size_t total_bytes, bool verbose) : bar_(total_bytes), verbose_(verbose) {}

  void add(const QuantizedTensor& tensor) {
    bytes_ += tensor.bytes;
    ++types_[tensor.to];
    narrow_ += tensor.narrow ? 1 : 0;
    if (verbose_)
      bar_.line(fmt::format("{}  {} -> {}  {}", tensor.name, traits(tensor.from).name, traits(tensor.to).name,
                            format_size(tensor.bytes)));
    bar_.draw(bytes_, tensor.name);
  }

  void print(const QuantizeFlags& flags, std::string_view mixture, std::size_t elements, double seconds) {
    bar_.end();
    std::string types;
    for (const auto& [type, count] : types_)
      types += fmt::format("{}{} {}", types.empty() ? "" : ", ", count, traits(type).name);
    fmt::print("{}: {}, {} ({:.2f} bits an element), tensors: {}; {:.1f} s\n", flags.out, mixture,
               format_size(bytes_), 8 * static_cast<double>(bytes_) / static_cast<double>(elements), types,
               seconds);
    if (narrow_ > 0)
      fmt::print(stderr, "{} tensors have rows that are no multiple of the type's block and got another\n",
                 narrow_);
  }
  void end() { bar_.end(); }

 private:
  ProgressBar bar_;
  const bool verbose_;
  std::size_t bytes_ = 0;
  int narrow_ = 0;
  std::map<DType, int> types_;
};

Result<QuantizeOptions> options_of(const QuantizeFlags& flags) {
  if (flags.type.empty() == flags.type_argument.empty())
    return fail(ErrorCode::kInvalidArgument, "quantize: give one type, as --type Q4_K_M or behind OUT");
  QuantizeOptions options;
  LOCI_TRY(options.mixture, parse_mixture(flags.type.empty() ? flags.type_argument : flags.type));
  LOCI_TRY(options.head, parse_type("--output-tensor-type", flags.head_type));
  LOCI_TRY(options.embedding, parse_type("--token-embedding-type", flags.embedding_type));
  options.pure = flags.pure;
  options.requantize = flags.requantize;
  return options;
}

/// The token that ends a turn, where generation_config.json lists it beside the end of text.
void set_turn_end(const Checkpoint& checkpoint, GgufWriter& writer) {
  const json::value* list = find_field(checkpoint.generation_config(), "eos_token_id");
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& id : list->get_array())
    if (id.is_int64() && id.get_int64() >= 0 && id != list->get_array().front())
      return writer.set("tokenizer.ggml.eot_token_id", GgufValue(id.get_int64()));
}

/// Of the file `in`, of the first part of a split model, or of the GGUF file in a folder.
Result<> copy_gguf_metadata(fs::path in, GgufWriter& writer) {
  std::error_code error;
  if (fs::is_directory(in, error)) {
    LOCI_TRY(const auto files, files_with_extension(in, ".gguf"));
    in = files.front();  // there is one, since it has been opened; parts sort by number
  }
  LOCI_TRY(const MappedFile file, MappedFile::open(in));
  return copy_metadata(file.bytes(), writer);
}

/// Sets the metadata. A folder's is made of its JSON files.
Result<GgufExport> prepare(const Checkpoint& checkpoint, const QuantizeFlags& flags, GgufWriter& writer) {
  GgufExport source;
  if (checkpoint.is_gguf()) {
    LOCI_TRY_VOID(copy_gguf_metadata(flags.in.model, writer));
    source.tensors = tensors_of_gguf(checkpoint);
    source.heads_per_values = heads_per_values(checkpoint.gguf());
    return source;
  }
  LOCI_TRY(source, export_to_gguf(checkpoint, writer));
  LOCI_TRY_VOID(tokenizer_to_gguf(checkpoint.tokenizer_files(), source.vocab_size, writer));
  if (!checkpoint.chat_template().empty())
    writer.set("tokenizer.chat_template", std::string_view(checkpoint.chat_template()));
  set_turn_end(checkpoint, writer);
  return source;
}

/// A folder's configuration may mean what GGUF's keys cannot say: the file is read back, and does not stay
/// then.
Result<> check_written(const Checkpoint& checkpoint, const fs::path& out) {
  if (checkpoint.is_gguf()) return {};
  const auto same = [&]() -> Result<> {
    LOCI_TRY(const Checkpoint written, Checkpoint::open(out));
    return check_same_model(checkpoint, written);
  }();
  std::error_code error;
  if (!same) fs::remove(out, error);
  return same;
}

Result<> quantize(QuantizeFlags& flags) {
  LOCI_TRY(QuantizeOptions options, options_of(flags));
  LOCI_TRY_VOID(flags.in.apply());
  LOCI_TRY_VOID(check_out(flags.in.model, flags.out, flags.force));
  LOCI_TRY(const Checkpoint checkpoint, Checkpoint::open(flags.in.model));
  GgufWriter writer;
  auto source = prepare(checkpoint, flags, writer);
  if (!source) return std::unexpected(std::move(source).error().in(flags.in.model));
  std::size_t elements = 0;
  for (const SourceTensor& tensor : source->tensors) elements += tensor.stored->elements();
  WorkerPool pool(flags.threads > 0 ? flags.threads : available_processors());
  Tally* shown = nullptr;
  options.done = [&shown](const QuantizedTensor& tensor) { shown->add(tensor); };
  LOCI_TRY_VOID(quantize_model(checkpoint, source->tensors, options, source->heads_per_values, pool, writer));
  LOCI_TRY_VOID(check_room(flags.out, writer.data_bytes()));
  Tally tally(writer.data_bytes(), flags.verbose);
  shown = &tally;
  const auto begin = std::chrono::steady_clock::now();
  const auto written = writer.write(flags.out);
  tally.end();
  LOCI_TRY_VOID(written);
  LOCI_TRY_VOID(check_written(checkpoint, flags.out));
  tally.print(flags, options.mixture.name, elements,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return {};
}

}  // namespace

Command add_quantize(CLI::App& app) {
  auto flags = std::make_shared<QuantizeFlags>();
  CLI::App* command = app.add_subcommand("quantize", "write a model with smaller matrices as GGUF");
  command->add_option("IN", flags->in.model, "a .gguf file, a folder, or a pulled model's name")->required();
  command->add_option("OUT", flags->out, "the .gguf file to write")->required();
  command->add_option("TYPE", flags->type_argument, "the same as --type");
  command->add_option("--type", flags->type,
                      fmt::format("of the matrices: {}", fmt::join(mixture_names(), ", ")));
  command->add_flag("--pure", flags->pure, "all matrices get one type");
  command->add_option("--output-tensor-type", flags->head_type, "type of output.weight");
  command->add_option("--token-embedding-type", flags->embedding_type, "type of token_embd.weight");
  command->add_flag("--allow-requantize", flags->requantize,
                    "also round matrices that are quantized already, at a loss");
  command->add_option("-t,--threads", flags->threads, "0: one a core")->check(CLI::Range(0, 1024));
  command->add_flag("--force", flags->force, "replace OUT if it is there");
  command->add_flag("-v,--verbose", flags->verbose, "a line a tensor");
  return {command, [flags] { return quantize(*flags); }};
}

}  // namespace loci::cli
