#include "base/toml_file.h"

#include <toml++/toml.h>

#include "base/mapped_file.h"

namespace loci {
namespace {

constexpr std::size_t kMaxTomlBytes = std::size_t{1} << 20;

/// A copy without toml++. The parser bounds the depth (256).
Result<> copy_out(const toml::node& node, const std::string& name, TomlValue& out) {
  out.line = static_cast<int>(node.source().begin.line);
  if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.value = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    out.value = number->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.value = flag->get();
  } else if (const auto* list = node.as_array()) {
    auto& items = out.value.emplace<TomlValue::Array>(list->size());
    for (std::size_t i = 0; i < items.size(); ++i) LOCI_TRY_VOID(copy_out((*list)[i], name, items[i]));
  } else if (const auto* table = node.as_table()) {
    auto& entries = out.value.emplace<TomlValue::Table>();
    for (const auto& [key, item] : *table)
      LOCI_TRY_VOID(copy_out(item, name, entries[std::string(key.str())]));
  } else {
    return fail(ErrorCode::kCorrupt, "{}:{}: dates and times mean nothing here", name, out.line);
  }
  return {};
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view key) const {
  const auto* table = std::get_if<Table>(&value);
  if (table == nullptr) return nullptr;
  const auto where = table->find(key);
  return where == table->end() ? nullptr : &where->second;
}

Result<TomlFile> parse_toml(std::string_view text, std::string name) {
  TomlFile file{.name = std::move(name), .root = {}};
  try {
    const toml::table table = toml::parse(text, file.name);
    LOCI_TRY_VOID(copy_out(table, file.name, file.root));
    return file;
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kCorrupt, "{}:{}: {}", file.name, error.source().begin.line, error.description());
  }
}

Result<TomlFile> read_toml(const std::filesystem::path& path) {
  LOCI_TRY(const std::string text, read_text_file(path, kMaxTomlBytes));
  return parse_toml(text, path.string());
}

void merge_toml(TomlValue& into, const TomlValue& from) {
  auto* old = std::get_if<TomlValue::Table>(&into.value);
  const auto* fresh = std::get_if<TomlValue::Table>(&from.value);
  if (old == nullptr || fresh == nullptr) {
    into = from;
    return;
  }
  for (const auto& [key, value] : *fresh) {
    const auto [where, added] = old->try_emplace(key, value);
    if (!added) merge_toml(where->second, value);
  }
}

}  // namespace loci
