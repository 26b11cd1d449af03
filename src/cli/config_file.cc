#include "cli/config_file.h"

#include <algorithm>

#include "base/toml_file.h"

namespace loci::cli {
namespace {

Result<std::string> scalar_text(const TomlValue& node, std::string_view key, const std::string& path) {
  if (const auto* text = std::get_if<std::string>(&node.value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&node.value)) return fmt::format("{}", *number);
  return fail(ErrorCode::kInvalidArgument,
              "{}:{}: key '{}' is neither text, number, boolean nor a list of them", path, node.line, key);
}

/// A boolean is a switch, a list repeats its flag.
Result<> append_flags(const TomlValue& node, const std::string& key, const std::string& path,
                      std::vector<std::string>& flags) {
  std::string name = "--" + key;
  std::ranges::replace(name, '_', '-');
  if (const auto* value = std::get_if<bool>(&node.value)) {
    if (*value) flags.push_back(name);
    return {};
  }
  if (const auto* list = std::get_if<TomlValue::Array>(&node.value)) {
    for (const TomlValue& item : *list) {
      LOCI_TRY(const std::string text, scalar_text(item, key, path));
      flags.push_back(name + "=" + text);
    }
    return {};
  }
  LOCI_TRY(const std::string text, scalar_text(node, key, path));
  flags.push_back(key == "model" ? text : name + "=" + text);
  return {};
}

Result<std::vector<std::string>> read_flags(const std::string& path) {
  LOCI_TRY(const TomlFile file, read_toml(path));
  std::vector<std::string> flags;
  for (const auto& [key, node] : std::get<TomlValue::Table>(file.root.value))
    LOCI_TRY_VOID(append_flags(node, key, path, flags));
  return flags;
}

}  // namespace

Result<std::vector<std::string>> with_config_file(std::vector<std::string> arguments) {
  const std::string flag = "--config";
  const auto where = std::ranges::find_if(
      arguments, [&](const std::string& a) { return a == flag || a.starts_with(flag + "="); });
  if (where == arguments.end()) return arguments;
  std::string path;
  if (*where == flag) {
    if (std::next(where) == arguments.end())
      return fail(ErrorCode::kInvalidArgument, "--config: a file name must follow");
    path = *std::next(where);
    arguments.erase(where, where + 2);
  } else {
    path = where->substr(flag.size() + 1);
    arguments.erase(where);
  }
  LOCI_TRY(const std::vector<std::string> flags, read_flags(path));
  const auto after_command = arguments.begin() + std::min<std::ptrdiff_t>(1, std::ssize(arguments));
  arguments.insert(after_command, flags.begin(), flags.end());
  return arguments;
}

}  // namespace loci::cli
