// `loci claim list|run|report`: techniques measured against their baselines; the work is done in lab/.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <unistd.h>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/simulate_file.h"
#include "cli/validators.h"
#include "hub/store.h"
#include "lab/claim_run.h"
#include "lab/claims_page.h"
#include "lab/process.h"

namespace loci::cli {
namespace {

constexpr Duration kGitLimit = std::chrono::seconds(10);

struct ClaimOptions {
  std::string folder = "claims", page = "docs/claims.md", models{};
  std::vector<std::string> ids{};
  int repeats = 0;
  bool json = false, all = false;

  std::filesystem::path results() const { return std::filesystem::path(folder) / "results"; }
};

/// What a git command prints of the folder's repository; empty where there is none.
std::string git(const std::string& folder, std::vector<std::string> words) {
  auto scratch = lab::ScratchFolder::make();
  if (!scratch) return "";
  words.insert(words.begin(), {"git", "-C", folder});
  auto process = lab::Process::start("/usr/bin/env", words, {*scratch / "out", *scratch / "err"});
  if (!process || !process->wait(kGitLimit) || process->status() != 0) return "";
  return lab::last_line(process->files().out);
}

/// The commit, with a "+" where the sources differ from it.
std::string commit_of(const std::string& folder) {
  const std::string commit = git(folder, {"rev-parse", "--short=10", "HEAD"});
  if (commit.empty()) return "unknown";
  return commit + (git(folder, {"status", "--porcelain", "--", ":/src"}).empty() ? "" : "+");
}

std::string machine_name() {
  std::ifstream cpus("/proc/cpuinfo");
  std::string name = "unknown processor";
  int count = 0;
  for (std::string line; std::getline(cpus, line);) {
    if (!line.starts_with("model name")) continue;
    ++count;
    name = line.substr(std::min(line.find(": ") + 2, line.size()));
  }
  return fmt::format("{}, {} processors", name, count);
}

std::string date_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// A line a run on standard error.
class Progress final : public lab::ClaimObserver {
 public:
  explicit Progress(const lab::Claim& claim) : claim_(claim) {}
  void on_run(std::string_view part, std::string_view side, int pair, double value) override {
    const auto& experiment = part == "claim" ? claim_.main : *claim_.loses.experiment;
    fmt::print(stderr, "{}: {}, pair {}, {}: {:.5g} {}\n", claim_.id, part, pair, side, value,
               experiment.metric.unit);
  }

 private:
  const lab::Claim& claim_;
};

void print_outcome(std::string_view name, const lab::Outcome& outcome) {
  const lab::Metric& metric = outcome.metric;
  fmt::print("{}: {}: {} ratio {:.3g} [{:.3g}, {:.3g}] ({:.1f} %, {} pairs), must be {}\n", name,
             outcome.holds ? "holds" : "fails", metric.path, outcome.interval.median, outcome.interval.low,
             outcome.interval.high, 100 * outcome.interval.coverage, outcome.comparison.baseline.size(),
             requirement(metric));
}

Result<> list_claims(const ClaimOptions& options) {
  LOCI_TRY(const auto claims, lab::read_claims(options.folder));
  LOCI_TRY(const auto results, lab::read_results(options.results()));
  json::array rows;
  for (const lab::Claim& claim : claims) {
    const std::string_view status = lab::status_of(claim, results);
    if (!options.json) {
      fmt::print("{:<24} {:<26} {:<10} {:<8} {}\n", claim.id, claim.layer, claim.kind, status, claim.title);
      continue;
    }
    json::object row{{"id", claim.id},
                     {"layer", claim.layer},
                     {"kind", claim.kind},
                     {"status", status},
                     {"title", claim.title}};
    if (status != "not-run") {
      const lab::ClaimResult& result = results.at(claim.id);
      row["ratio"] = result.main.interval.median;
      row["ratio_low"] = result.main.interval.low;
      row["ratio_high"] = result.main.interval.high;
      row["date"] = result.date;
      row["commit"] = result.commit;
    }
    rows.push_back(std::move(row));
  }
  if (!options.json) return {};
  std::string text = "[";
  for (std::size_t i = 0; i < rows.size(); ++i)
    text += fmt::format("{}\n{}", i == 0 ? "" : ",", json::serialize(rows[i]));
  print_text(text + "\n]\n");
  return {};
}

Result<std::vector<lab::Claim>> chosen_claims(const ClaimOptions& options) {
  if (options.all) return lab::read_claims(options.folder);
  if (options.ids.empty())
    return fail(ErrorCode::kInvalidArgument, "claim run: name the claims to run, or --all");
  std::vector<lab::Claim> claims;
  for (const std::string& id : options.ids) {
    const auto path = std::filesystem::path(options.folder) / (id + ".toml");
    LOCI_TRY(lab::Claim claim, lab::read_claim_file(path));
    claims.push_back(std::move(claim));
  }
  return claims;
}

Result<> run_claims(const ClaimOptions& options) {
  LOCI_TRY(const auto claims, chosen_claims(options));
  std::error_code error;
  const lab::RunPlace place{
      .program = std::filesystem::read_symlink("/proc/self/exe", error),
      .models = options.models.empty() ? default_store().parent_path() / "claims"
                                       : std::filesystem::path(options.models),
      .simulate = [&](const TomlFile& scenario) { return simulate_file(scenario, options.folder); }};
  if (error) return fail(ErrorCode::kIo, "/proc/self/exe: {}", error.message());
  for (const lab::Claim& claim : claims) {
    Progress progress(claim);
    auto result = lab::run_claim(claim, place, options.repeats, progress);
    if (!result) return std::unexpected(std::move(result).error().in(claim.id));
    result->command = "loci claim run " + claim.id;
    if (options.repeats > 0) result->command += fmt::format(" --repeats {}", options.repeats);
    result->machine = machine_name();
    result->date = date_now();
    result->commit = commit_of(options.folder);
    LOCI_TRY_VOID(lab::write_result(options.results(), *result));
    print_outcome(claim.id, result->main);
    if (result->loses) print_outcome(claim.id + ", losing regime", *result->loses);
    std::fflush(stdout);
  }
  return {};
}

Result<> write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
  if (!file) return fail(ErrorCode::kIo, "{}: cannot be written", path.string());
  return {};
}

Result<> report_claims(const ClaimOptions& options) {
  LOCI_TRY(const auto claims, lab::read_claims(options.folder));
  LOCI_TRY(const auto results, lab::read_results(options.results()));
  const std::filesystem::path page = options.page,
                              plot = std::filesystem::path(page).replace_extension(".svg");
  LOCI_TRY_VOID(write_text(page, lab::claims_page(claims, results, plot.filename().string())));
  return write_text(plot, lab::claims_plot(claims, results));
}

}  // namespace

Command add_claim(CLI::App& app) {
  auto options = std::make_shared<ClaimOptions>();
  CLI::App* claim = app.add_subcommand("claim", "measure techniques against their baselines");
  claim->require_subcommand(1);
  claim->add_option("--claims", options->folder, "folder of the claims and their results")
      ->capture_default_str();
  CLI::App* list = claim->add_subcommand("list", "what is claimed, and whether it held when it was last run");
  list->add_flag("--json", options->json, "one JSON array");
  CLI::App* run = claim->add_subcommand("run", "run claims; what they measured is kept");
  run->add_option("ID", options->ids, "the claims");
  run->add_flag("--all", options->all, "every claim of the folder");
  run->add_option("--repeats", options->repeats, "pairs of runs; without it as the claim says")
      ->check(CLI::Range(1, 100));
  run->add_option("--models", options->models, "folder for the models that claims have made");
  CLI::App* report = claim->add_subcommand("report", "write the page of all claims and its plot");
  report->add_option("-o,--output", options->page, "the page; the plot lies beside it")
      ->capture_default_str();
  for (CLI::App* command : {list, run, report}) command->fallthrough();
  return {claim, [options, list, run]() -> Result<> {
            if (list->parsed()) return list_claims(*options);
            return run->parsed() ? run_claims(*options) : report_claims(*options);
          }};
}

}  // namespace loci::cli
