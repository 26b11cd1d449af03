#include "lab/served_run.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <regex>
#include <thread>

#include "base/mapped_file.h"
#include "bench/server_probe.h"
#include "lab/made_model.h"
#include "lab/process.h"

namespace loci::lab {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStartLimit = 2min, kLoadLimit = 10min, kEndLimit = 30s, kAskLimit = 10s,
                   kPeakPause = 50ms;
constexpr std::size_t kMaxLog = std::size_t{64} << 20;
constexpr int kBackgroundSeed = 1000;  // not those of the measured load

class Server {
 public:
  static Result<Server> start(const ServerSetup& setup, const RunPlace& place, const ScratchFolder& scratch);

  const std::string& url() const { return url_; }
  Result<json::object> metrics() const;
  void look_at_peaks();
  json::object take_peaks() { return std::move(peaks_); }
  /// The most memory that it had.
  double peak_rss_bytes() const;

 private:
  explicit Server(Process process) : process_(std::move(process)) {}
  Result<> wait_until_ready();

  Process process_;
  std::string url_{};
  bench::ServerAddress address_{};
  json::object peaks_{};
};

Result<Server> Server::start(const ServerSetup& setup, const RunPlace& place, const ScratchFolder& scratch) {
  std::vector<std::string> arguments{"serve"};
  if (!setup.model.shape.empty()) {
    LOCI_TRY(const std::string model, made_model(setup.model, place));
    arguments.push_back(model);
  }
  arguments.insert(arguments.end(), {"--port=0", "--seed=1", "--log-level=info"});
  arguments.insert(arguments.end(), setup.serve.begin(), setup.serve.end());
  LOCI_TRY(Process process,
           Process::start(place.program, arguments, {scratch / "serve.out", scratch / "serve.err"}));
  Server server(std::move(process));
  LOCI_TRY_VOID(server.wait_until_ready());
  return server;
}

Result<> Server::wait_until_ready() {
  static const std::regex kAddress(R"(serving .* on (http://[^ ]+))");
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  for (;;) {
    const bool running = process_.running();
    const std::string log = read_text_file(process_.files().err, kMaxLog).value_or("");
    if (std::smatch match; std::regex_search(log, match, kAddress)) {
      url_ = match[1];
      LOCI_TRY(address_.url, bench::parse_url(url_));
      return {};
    }
    if (!running)
      return fail(ErrorCode::kUnavailable, "'loci serve' ended with status {}: {}", process_.status(),
                  last_line(process_.files().err));
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorCode::kUnavailable, "'loci serve' did not begin to serve");
    std::this_thread::sleep_for(5ms);
  }
}

Result<json::object> Server::metrics() const {
  LOCI_TRY(const std::string text, bench::get_text(address_, "/metrics", kAskLimit));
  return parse_metrics(text);
}

void Server::look_at_peaks() {
  const auto now = metrics();
  if (!now) return;  // busy; the next look may succeed
  for (const auto& field : *now) {
    json::value& peak = peaks_[field.key()];
    if (peak.is_null() || peak.to_number<double>() < field.value().to_number<double>()) peak = field.value();
  }
}

double Server::peak_rss_bytes() const {
  std::ifstream status(fmt::format("/proc/{}/status", process_.id()));
  for (std::string word; status >> word;)
    if (double kilobytes = 0; word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  return 0;
}

struct Load {
  Process process;
  std::filesystem::path result;
};

struct LoadPlace {
  const RunPlace& place;
  const ScratchFolder& scratch;
  const std::string& url;
};

Result<Load> start_load(const LoadPlace& where, const std::string& name, std::vector<std::string> flags,
                        int seed) {
  const std::filesystem::path result = where.scratch / (name + ".json");
  const bool seeded =
      std::ranges::any_of(flags, [](const auto& flag) { return flag.starts_with("--seed="); });
  if (!seeded) flags.push_back(fmt::format("--seed={}", seed));
  flags.insert(flags.begin(), {"bench", "serve", "--url=" + where.url, "--disable-progress",
                               "--save-result=" + result.string()});
  LOCI_TRY(Process process,
           Process::start(where.place.program, flags,
                          {where.scratch / (name + ".out"), where.scratch / (name + ".err")}));
  return Load{std::move(process), result};
}

/// What makes a load fail: that nothing was answered, or only that it left no report (one cut short).
enum class Need { kAnswers, kReport };
Result<json::object> report_of(Load& load, Need need) {
  if (!load.process.wait(kLoadLimit)) return fail(ErrorCode::kUnavailable, "'loci bench serve' did not end");
  std::error_code error;
  const bool reported = std::filesystem::exists(load.result, error);
  if (load.process.status() != 0 && (need == Need::kAnswers || !reported))
    return fail(ErrorCode::kUnavailable, "'loci bench serve' ended with status {}: {}", load.process.status(),
                last_line(load.process.files().err));
  LOCI_TRY(const std::string text, read_text_file(load.result, kMaxLog));
  LOCI_TRY(json::value value, parse_json(text));
  if (!value.is_object()) return fail(ErrorCode::kCorrupt, "'loci bench serve' wrote no JSON object");
  return std::move(value.get_object());
}

/// Ends them as Ctrl-C does; what was answered so far is their report.
Result<json::array> end_loads(std::vector<Load>& loads) {
  json::array reports;
  for (const Load& load : loads) load.process.signal(SIGINT);
  for (Load& load : loads) {
    if (!load.process.wait(kEndLimit)) return fail(ErrorCode::kUnavailable, "a background load did not end");
    LOCI_TRY(json::object report, report_of(load, Need::kReport));
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace

Result<json::value> run_served(const ServerSetup& setup, const RunPlace& place, const RunRequest& request) {
  LOCI_TRY(const ScratchFolder scratch, ScratchFolder::make());
  LOCI_TRY(Server server, Server::start(setup, place, scratch));
  const LoadPlace where{place, scratch, server.url()};
  for (const auto& flags : setup.prepare) {
    LOCI_TRY(Load load, start_load(where, "prepare", flags, request.repeat));
    LOCI_TRY_VOID(report_of(load, Need::kAnswers));
  }
  std::vector<Load> background;
  for (const auto& flags : setup.background) {
    LOCI_TRY(Load load, start_load(where, fmt::format("background{}", background.size()), flags,
                                   kBackgroundSeed + request.repeat));
    background.push_back(std::move(load));
  }
  LOCI_TRY(Load load, start_load(where, "measured", setup.bench, request.repeat));
  while (request.wants_peaks && !load.process.wait(kPeakPause)) server.look_at_peaks();
  LOCI_TRY(json::object report, report_of(load, Need::kAnswers));
  LOCI_TRY(report["background"], end_loads(background));
  json::object metrics =
      server.metrics().value_or(json::object{});  // a server with keys tells nobody without
  metrics["peak_rss_bytes"] = server.peak_rss_bytes();
  report["server"] = std::move(metrics);
  if (request.wants_peaks) report["server_peak"] = server.take_peaks();
  return json::value(std::move(report));
}

json::object parse_metrics(std::string_view text) {
  json::object out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    const std::size_t name_end = line.find_first_of("{ "), value_begin = line.rfind(' ');
    if (line.starts_with('#') || name_end == std::string_view::npos || name_end == 0) continue;
    const std::string_view digits = line.substr(value_begin + 1);
    double value = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || stop != digits.data() + digits.size() || !std::isfinite(value)) continue;
    json::value& sum = out[line.substr(0, name_end)];
    sum = value + (sum.is_null() ? 0 : sum.get_double());
  }
  return out;
}

}  // namespace loci::lab
