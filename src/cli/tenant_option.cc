#include "cli/tenant_option.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace loci::cli {
namespace {

/// Names appear in metrics and answers.
bool is_tenant_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, is_plain);
}

/// A number above 0 and at most `most`.
Result<double> parse_amount(std::string_view field, std::string_view value, double most) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || !(number > 0 && number <= most))
    return fail(ErrorCode::kInvalidArgument, "--tenant: {} '{}' must be a number above 0 and at most {}",
                field, value, most);
  return number;
}

Result<> take_field(std::string_view field, std::string_view value, NamedTenant& out) {
  if (field == "name") {
    if (!is_tenant_name(value) || value.starts_with("key-"))
      return fail(
          ErrorCode::kInvalidArgument,
          "--tenant: name '{}' must be 1..64 letters, digits, '.', '-' or '_', and not begin with 'key-'",
          value);
    out.access.name = out.share.name = value;
  } else if (field == "key") {
    if (value.empty()) return fail(ErrorCode::kInvalidArgument, "--tenant: an empty key opens nothing");
    out.access.keys.emplace_back(value);
  } else if (field == "weight") {
    LOCI_TRY(out.share.weight, parse_amount(field, value, 1e6));
  } else if (field == "kv-share") {
    LOCI_TRY(out.share.kv_share, parse_amount(field, value, 1));
  } else if (field == "operator" && value.empty()) {
    out.access.is_operator = true;
  } else {
    return fail(ErrorCode::kInvalidArgument,
                "--tenant: '{}' is none of name=, key=, weight=, kv-share=, operator", field);
  }
  return {};
}

}  // namespace

Result<NamedTenant> parse_tenant(std::string_view text) {
  NamedTenant tenant;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    LOCI_TRY_VOID(take_field(part.substr(0, equals), value, tenant));
  }
  if (tenant.access.name.empty()) return fail(ErrorCode::kInvalidArgument, "--tenant: name= is missing");
  if (tenant.access.keys.empty())
    return fail(ErrorCode::kInvalidArgument, "--tenant {}: key= is missing: nobody could be this tenant",
                tenant.access.name);
  return tenant;
}

Result<std::vector<NamedTenant>> parse_tenants(const std::vector<std::string>& texts,
                                               const std::vector<std::string>& api_keys) {
  std::vector<NamedTenant> tenants;
  std::set<std::string> names, keys(api_keys.begin(), api_keys.end());
  for (const std::string& text : texts) {
    LOCI_TRY(NamedTenant tenant, parse_tenant(text));
    if (!names.insert(tenant.access.name).second)
      return fail(ErrorCode::kInvalidArgument, "--tenant: '{}' is named twice", tenant.access.name);
    for (const std::string& key : tenant.access.keys)
      if (!keys.insert(key).second)
        return fail(ErrorCode::kInvalidArgument, "--tenant {}: one of its keys is somebody's already",
                    tenant.access.name);
    tenants.push_back(std::move(tenant));
  }
  return tenants;
}

}  // namespace loci::cli
