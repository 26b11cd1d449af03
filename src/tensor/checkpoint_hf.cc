// Hugging Face folders: config.json, weights in safetensors files, and the texts that belong to the
// tokenizer.
#include <array>
#include <map>
#include <system_error>

#include "tensor/checkpoint_reader.h"
#include "tensor/error_context.h"
#include "tensor/json_file.h"
#include "tensor/quantized/collect.h"
#include "tensor/safetensors.h"

namespace loci {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTemplateBytes = std::size_t{4} << 20;

std::unexpected<Error> bad_template() {
  return std::unexpected(Error{ErrorCode::kCorrupt,
                               "field 'chat_template': neither a string nor a list of {name, template}",
                               "chat_template"});
}

/// The template of an object's field "chat_template": a string, or the one named "default" of a list of
/// {name, template}. Empty where there is none.
Result<std::string> chat_template_field(const json::object& object) {
  const json::value* field = find_field(object, "chat_template");
  if (field == nullptr) return std::string();
  if (const json::string* text = field->if_string()) return std::string(*text);
  if (!field->is_array()) return bad_template();
  for (const json::value& element : field->get_array()) {
    const json::object* named = element.if_object();
    const json::value* name = named ? find_field(*named, "name") : nullptr;
    const json::value* text = named ? find_field(*named, "template") : nullptr;
    if (!name || !text || !name->is_string() || !text->is_string()) return bad_template();
    if (name->get_string() == "default") return std::string(text->get_string());
  }
  return std::string();
}

/// A shard lies beside its index: its name must not lead anywhere else.
Result<> check_shard_name(std::string_view name) {
  if (name.empty() || name.find('/') != name.npos || name.find("..") != name.npos ||
      name.find('\0') != name.npos)
    return fail(ErrorCode::kCorrupt, "{} is not the name of a file in this folder", printable(name));
  return {};
}

/// The index's "weight_map": tensor name -> shard name.
Result<std::map<std::string, std::string>> read_weight_map(const fs::path& index) {
  LOCI_TRY(const auto object, read_json_object(index));
  const json::value* map = find_field(object, "weight_map");
  if (map == nullptr || !map->is_object() || map->get_object().empty())
    return fail(ErrorCode::kCorrupt, "{}: field 'weight_map' is not an object with entries", index.string());
  std::map<std::string, std::string> shards;
  for (const auto& entry : map->get_object()) {
    const json::string* shard = entry.value().if_string();
    const auto checked =
        shard ? check_shard_name(*shard) : Result<>(fail(ErrorCode::kCorrupt, "not a string"));
    LOCI_TRY_VOID(in_file(index.string(), in_part("weight_map entry", entry.key(), checked)));
    shards.emplace(entry.key(), *shard);
  }
  return shards;
}

}  // namespace

Result<> CheckpointReader::open_hf(const fs::path& folder) {
  LOCI_TRY(checkpoint.hf_config_, read_json_object(folder / "config.json"));
  LOCI_TRY_VOID(read_hf_texts(folder));
  LOCI_TRY_VOID(add_hf_tensors(folder));
  return collect_quantized(folder);
}

Result<> CheckpointReader::add_hf_tensors(const fs::path& folder) {
  if (const fs::path single = folder / "model.safetensors"; is_there(single)) return add_safetensors(single);
  if (const fs::path index = folder / "model.safetensors.index.json"; is_there(index))
    return add_indexed_safetensors(index);
  LOCI_TRY(const auto files, files_with_extension(folder, ".safetensors"));
  if (files.empty())
    return fail(ErrorCode::kNotFound, "{}: no .safetensors file in this folder", folder.string());
  for (const fs::path& file : files) LOCI_TRY_VOID(add_safetensors(file));
  return {};
}

/// Where folders say how they are quantized: in config.json or, the older ones, in a file of the method's
/// own.
Result<> CheckpointReader::collect_quantized(const fs::path& folder) {
  struct Source {
    const char *file, *key, *method_if_absent;
  };
  constexpr Source kSources[] = {{"config.json", "quantization_config", ""},
                                 {"config.json", "compression_config", "compressed-tensors"},
                                 {"quantize_config.json", nullptr, "gptq"},
                                 {"quant_config.json", nullptr, "awq"}};
  for (const Source& source : kSources) {
    const fs::path file = folder / source.file;
    LOCI_TRY(const json::object object, read_optional_json_object(file));
    const json::value* field = source.key != nullptr ? find_field(object, source.key) : nullptr;
    if (source.key != nullptr ? field == nullptr : object.empty()) continue;
    if (field != nullptr && !field->is_object())
      return in_file(file.string(), in_part("field", source.key, fail(ErrorCode::kCorrupt, "not an object")));
    LOCI_TRY(const QuantScheme scheme,
             in_file(file.string(), read_quant_scheme(field != nullptr ? field->get_object() : object,
                                                      source.method_if_absent)));
    return in_file(folder.string(), collect_parted_weights(scheme, checkpoint.tensors_, checkpoint.parted_));
  }
  return {};
}

Result<> CheckpointReader::read_hf_texts(const fs::path& folder) {
  LOCI_TRY(checkpoint.tokenizer_files_, TokenizerFiles::read(folder));
  LOCI_TRY(checkpoint.generation_config_, read_optional_json_object(folder / "generation_config.json"));
  return read_chat_template(folder);
}

Result<> CheckpointReader::read_chat_template(const fs::path& folder) {
  if (const fs::path file = folder / "chat_template.jinja"; is_there(file)) {
    LOCI_TRY(checkpoint.chat_template_, read_text_file(file, kMaxTemplateBytes));
    return {};
  }
  if (const fs::path file = folder / "chat_template.json"; is_there(file)) {
    LOCI_TRY(const auto object, read_json_object(file));
    LOCI_TRY(checkpoint.chat_template_, in_file(file.string(), chat_template_field(object)));
    return {};
  }
  LOCI_TRY(checkpoint.chat_template_, in_file((folder / "tokenizer_config.json").string(),
                                              chat_template_field(checkpoint.tokenizer_config())));
  return {};
}

Result<> CheckpointReader::add_indexed_safetensors(const fs::path& index) {
  LOCI_TRY(const auto weight_map, read_weight_map(index));
  std::map<std::string, std::span<const std::byte>> shards;
  for (const auto& [tensor, shard] : weight_map) shards[shard] = {};
  for (auto& [shard, bytes] : shards) {
    LOCI_TRY_VOID(add_safetensors(index.parent_path() / shard));
    bytes = checkpoint.files_.back().bytes();
  }
  for (const auto& [name, shard] : weight_map) {
    const Tensor* tensor = checkpoint.find(name);
    const auto& bytes = shards[shard];
    const bool inside = tensor != nullptr && tensor->bytes.data() >= bytes.data() &&
                        tensor->bytes.data() + tensor->bytes.size() <= bytes.data() + bytes.size();
    if (!inside)
      return in_file(index.string(),
                     in_part("weight_map entry", name,
                             fail(ErrorCode::kCorrupt, "there is no such tensor in {}", shard)));
  }
  return {};
}

Result<> CheckpointReader::add_safetensors(const fs::path& file) {
  LOCI_TRY(const auto bytes, map(file));
  LOCI_TRY(auto tensors, in_file(file.string(), parse_safetensors(bytes)));
  return add_tensors(std::move(tensors), file);
}

}  // namespace loci
