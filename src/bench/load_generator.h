// Sends a workload to a server and notes what became of every request.
//
// Open loop (a finite rate, or a trace with times): a request is due at its time whether or not earlier ones
// have been answered, and its latency counts from then, so that a server that stalls cannot hide the wait of
// those who could not even ask (coordinated omission). Closed loop (a limit of concurrency and no rate): so
// many users, each of which asks again as soon as it is answered; latency counts from when a user is ready.
// Turns of a session are due when the user has read the answer before and thought; never before.
//
// One thread does all I/O and stamps the times; another writes the bodies of long prompts, so that a prompt
// of a hundred thousand tokens does not delay the stamps of others.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/arrivals.h"
#include "bench/request_body.h"
#include "bench/request_result.h"
#include "bench/server_probe.h"
#include "bench/tenants.h"
#include "bench/weights.h"
#include "bench/workload.h"

namespace loci::bench {

struct LoadOptions {
  ServerAddress server{};
  std::string path = "/v1/completions";
  BodyOptions body{};
  ArrivalOptions arrivals{};
  std::optional<int> max_concurrency{};  // requests in flight; in a closed loop the users
  std::size_t num_requests = 1000;       // at most
  std::optional<double> max_seconds{};   // nothing is sent later
  int warmup = 0;                        // requests before the start that do not count
  std::vector<Tenant> tenants{};         // none: the headers of `server` alone
  std::vector<Weighted> priorities{};    // names are whole numbers
  int retries = 0;                       // of a request that got 429, 503 or 529
  Duration request_timeout = std::chrono::hours(6);
  bool keep_text = false;
  std::uint64_t seed = 0;
};

struct LoadProgress {
  std::size_t planned = 0;  // at most
  std::size_t sent = 0, completed = 0, failed = 0;
  std::int64_t output_tokens = 0;
  double seconds = 0;
};

class LoadObserver {
 public:
  virtual ~LoadObserver() = default;
  virtual void on_progress(const LoadProgress& progress) = 0;  // after each request, and now and then
};

struct LoadRun {
  std::vector<RequestResult> requests{};  // by number
  double duration = 0;                    // seconds from the start to the end of the last request
  bool open_loop = false;
  bool interrupted = false;  // by SIGINT or SIGTERM; what was in flight is not among the requests
  int turns_not_sent = 0;    // of sessions in which a request failed
};

/// Blocks until all is answered. kUnavailable where the address has no host.
Result<LoadRun> run_load(const Workload& workload, const LoadOptions& options, LoadObserver& observer);

}  // namespace loci::bench
