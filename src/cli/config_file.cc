#include "cli/config_file.h"

#include <algorithm>
#include <toml++/toml.h>

#include "base/mapped_file.h"

namespace loci::cli {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

Result<std::string> scalar_text(const toml::node& node, std::string_view key, const std::string& path) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return fail(ErrorCode::kInvalidArgument,
              "{}:{}: key '{}' is neither text, number, boolean nor a list of them", path,
              node.source().begin.line, key);
}

/// A boolean is a switch, a list repeats its flag.
Result<> append_flags(const toml::node& node, const std::string& key, const std::string& path,
                      std::vector<std::string>& flags) {
  std::string name = "--" + key;
  std::ranges::replace(name, '_', '-');
  if (const auto* value = node.as_boolean()) {
    if (value->get()) flags.push_back(name);
    return {};
  }
  if (const auto* list = node.as_array()) {
    for (const toml::node& item : *list) {
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
  LOCI_TRY(const std::string text, read_text_file(path, kMaxConfigBytes));
  std::vector<std::string> flags;
  try {
    const toml::table table = toml::parse(text, path);
    for (const auto& [key, node] : table)
      LOCI_TRY_VOID(append_flags(node, std::string(key.str()), path, flags));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}", path, error.source().begin.line,
                error.description());
  }
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
