#include "hub/file_choice.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <map>
#include <regex>

namespace loci {
namespace {

constexpr std::string_view kPreferredQuant = "Q4_K_M";

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// The parts of one GGUF model; a file that is not split is its only part.
struct GgufGroup {
  std::vector<std::string> files;  // in the order of the parts
  std::size_t parts = 1;           // as the names say
  std::string quant;
};

/// "-00002-of-00005" in front of ".gguf".
const std::regex kSplitSuffix(R"(-(\d{5})-of-(\d{5})\.gguf$)", std::regex::icase);

/// Projectors of images and importance matrices are GGUF files too, and no models.
bool is_gguf_model(std::string_view path) {
  const std::string name = upper(base_name(path));
  return name.ends_with(".GGUF") && !name.starts_with("MMPROJ") && name.find("IMATRIX") == std::string::npos;
}

std::map<std::string, GgufGroup> gguf_groups(std::span<const std::string> paths) {
  std::map<std::string, GgufGroup> groups;
  for (const std::string& path : paths) {
    if (!is_gguf_model(path)) continue;
    std::smatch match;
    const bool split = std::regex_search(path, match, kSplitSuffix);
    GgufGroup& group = groups[split ? std::string(match.prefix()) + "-of-" + match[2].str() : path];
    group.files.push_back(path);
    group.parts = split ? std::stoul(match[2]) : 1;
    group.quant = quant_of(path);
  }
  for (auto& [key, group] : groups) std::ranges::sort(group.files);
  return groups;
}

std::string describe(const GgufGroup& group) {
  return group.quant.empty() ? group.files.front() : group.quant;
}

std::string describe_all(const std::map<std::string, GgufGroup>& groups) {
  std::vector<std::string> names;
  for (const auto& [key, group] : groups) names.push_back(describe(group));
  return fmt::format("{}", fmt::join(names, ", "));
}

Result<FileChoice> choice_of(const GgufGroup& group) {
  if (group.files.size() != group.parts)
    return fail(ErrorCode::kNotFound, "{} is one of {} parts, of which {} are there", group.files.front(),
                group.parts, group.files.size());
  return FileChoice{group.files, group.files.front(), group.quant};
}

/// `quant` stands in the name, and no letter or digit continues it: "Q4_K" is neither in "Q4_K_M" nor in
/// "IQ4_K".
bool names_quant(std::string_view path, const std::string& quant) {
  const std::string name = upper(path);
  const auto is_letter = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (std::size_t at = name.find(quant); at != std::string::npos; at = name.find(quant, at + 1)) {
    const char before = at > 0 ? name[at - 1] : '/';
    const char after = at + quant.size() < name.size() ? name[at + quant.size()] : '/';
    if (!is_letter(before) && !is_letter(after) && after != '_') return true;
  }
  return false;
}

Result<FileChoice> choose_quant(const std::map<std::string, GgufGroup>& groups, std::string_view asked) {
  const std::string quant = upper(asked);
  std::vector<const GgufGroup*> exact, named;
  for (const auto& [key, group] : groups) {
    if (group.quant == quant) exact.push_back(&group);
    if (names_quant(group.files.front(), quant)) named.push_back(&group);
  }
  const auto& found = exact.empty() ? named : exact;
  if (found.size() == 1) return choice_of(*found.front());
  if (found.size() > 1)
    return fail(ErrorCode::kNotFound, "several GGUF files are {}: {} and {}", quant, found[0]->files.front(),
                found[1]->files.front());
  if (groups.empty()) return fail(ErrorCode::kNotFound, "there is no GGUF file, so no {}", quant);
  return fail(ErrorCode::kNotFound, "there is no {}; there are: {}", quant, describe_all(groups));
}

Result<FileChoice> choose_gguf(const std::map<std::string, GgufGroup>& groups) {
  if (groups.size() == 1) return choice_of(groups.begin()->second);
  for (const auto& [key, group] : groups) {
    if (group.quant != kPreferredQuant) continue;
    LOCI_TRY(FileChoice choice, choice_of(group));
    choice.preferred = true;
    return choice;
  }
  return fail(ErrorCode::kNotFound, "there are several quantizations, say which (org/name:quant): {}",
              describe_all(groups));
}

/// model.safetensors, or its shards. Where there are none of that name, whatever safetensors there are;
/// Mistral's consolidated.safetensors, for one, is a second copy of the same weights.
std::vector<std::string> choose_safetensors(std::span<const std::string> paths) {
  static const std::regex kUsual(R"(model(-\d{5}-of-\d{5})?\.safetensors)");
  std::vector<std::string> usual, any;
  for (const std::string& path : paths) {
    if (path.find('/') != std::string::npos || !path.ends_with(".safetensors")) continue;
    any.push_back(path);
    if (std::regex_match(path, kUsual)) usual.push_back(path);
  }
  return usual.empty() ? any : usual;
}

/// Configuration, tokenizer, chat templates; of sub-folders the JSON files that sentence-transformers reads.
bool belongs_to_folder(std::string_view path) {
  if (path.starts_with('.')) return false;
  const std::string_view name = base_name(path);
  if (name.size() != path.size()) return name == "config.json" && path.find("Pooling/") != std::string::npos;
  for (const std::string_view end : {".json", ".jinja", ".model", ".tiktoken"})
    if (name.ends_with(end)) return true;
  return name == "vocab.txt" || name == "merges.txt";
}

}  // namespace

std::string quant_of(std::string_view path) {
  static const std::regex kQuant(
      "(^|[^A-Z0-9])((UD-)?(IQ[1-4]_(XXS|XS|NL|[SM])|Q[1-8]_(K(_(XXL|XL|[LMS]|XS))?|[01])|TQ[12]_0|"
      "MXFP4(_MOE)?|NVFP4|BF16|F16|FP16|F32|FP32))(?=$|[^A-Z0-9_])");
  const std::string name = upper(base_name(path));
  std::string found;  // the last: a name may begin with another model's
  for (std::sregex_iterator match(name.begin(), name.end(), kQuant), end; match != end; ++match)
    found = (*match)[2];
  return found;
}

Result<FileChoice> choose_files(std::span<const std::string> paths, std::string_view quant) {
  const auto groups = gguf_groups(paths);
  if (!quant.empty()) return choose_quant(groups, quant);
  FileChoice choice{choose_safetensors(paths), "", ""};
  const bool is_folder = !choice.files.empty() && std::ranges::find(paths, "config.json") != paths.end();
  if (is_folder) {
    std::ranges::copy_if(paths, std::back_inserter(choice.files), belongs_to_folder);
    std::ranges::sort(choice.files);
    return choice;
  }
  if (!groups.empty()) return choose_gguf(groups);
  return fail(ErrorCode::kNotFound, "there are neither GGUF files nor safetensors with a config.json");
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > 1024) return false;
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; };
  if (std::ranges::any_of(path, is_bad)) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.size() > 200) return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace loci
