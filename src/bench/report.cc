#include "bench/report.h"

#include <cmath>

namespace loci::bench {
namespace {

template <class F>
std::vector<Summary> grouped(const Report& report, const std::vector<std::string>& names, double duration,
                             F group_of) {
  std::vector<Summary> groups;
  if (names.size() < 2) return groups;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<RequestResult> members;
    for (const RequestResult& request : report.requests)
      if (group_of(request) == static_cast<int>(i)) members.push_back(request);
    groups.push_back(summarize(members, report.slo, duration));
    groups.back().name = names[i];
  }
  return groups;
}

}  // namespace

void summarize(Report& report, double duration) {
  report.total = summarize(report.requests, report.slo, duration);
  report.by_tenant = grouped(report, report.tenants, duration, [](const auto& one) { return one.tenant; });
  report.by_part = grouped(report, report.parts, duration, [](const auto& one) { return one.part; });
}

std::string percentile_name(double p) {
  return std::floor(p) == p ? fmt::format("{:.0f}", p) : fmt::format("{}", p);
}

}  // namespace loci::bench
