#include "cli/serve_loop.h"

#include <pthread.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "base/log.h"
#include "cli/tenant_option.h"
#include "server/unix_time.h"

namespace loci::cli {
namespace {

/// Blocks the signals in this thread and in those that it starts, so that wait() alone receives them.
class TerminationSignals {
 public:
  TerminationSignals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, kDrained}) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // whoever read the log may go away
  }

  int wait() const {
    int signal = 0;
    while (::sigwait(&set_, &signal) != 0) {
    }
    return signal;
  }

  static constexpr int kDrained = SIGUSR1;  // sent by this process to itself

 private:
  sigset_t set_;
};

/// Running streams get `timeout` to finish; what is left then is aborted by the engine's end.
void drain(LiveEngine& engine, const TerminationSignals& signals, Duration timeout) {
  engine.close();
  std::thread waiter([&] {
    if (!engine.drain(timeout)) log_warning("streams still run after the shutdown timeout: they are aborted");
    ::kill(::getpid(), TerminationSignals::kDrained);
  });
  while (signals.wait() != TerminationSignals::kDrained) {
    log_warning("second signal: ending at once");
    ::_exit(1);
  }
  waiter.join();
}

void log_address(const ServeOptions& options, const Server& server, const std::string& name) {
  log_info("serving {} on http://{}:{} (API: /v1, metrics: /metrics)", name, options.server.http.host,
           server.port());
}

}  // namespace

Result<> serve(ServeOptions& options) {
  LOCI_TRY_VOID(options.model.apply());
  LOCI_TRY(const auto tenants, parse_tenants(options.tenants, options.server.api_keys));
  for (const NamedTenant& tenant : tenants) {
    options.server.tenants.push_back(tenant.access);
    options.model.engine.tenants.push_back(tenant.share);
  }
  const TerminationSignals signals;
  LOCI_TRY(const auto server, Server::start(options.server));
  LOCI_TRY(const LoadedModel model, LoadedModel::load(options.model.model, options.model.load_options()));
  LOCI_TRY(const auto engine, LiveEngine::start(model, options.model.engine));
  auto names = options.names;
  if (names.empty())
    names.push_back(options.model.pulled_name.empty() ? model.name() : options.model.pulled_name);
  std::optional<SeedSeries> seeds;
  if (options.seed) seeds.emplace(*options.seed);
  server->attach({*engine, model, names, unix_seconds(), seeds ? &*seeds : nullptr});
  log_address(options, *server, names.front());

  signals.wait();
  log_info("shutting down: running streams get {} s", options.shutdown_seconds);
  server->begin_shutdown();
  drain(*engine, signals,
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.shutdown_seconds)));
  engine->stop();  // aborts what is left; its last events still reach the clients
  server->stop();
  return {};
}

}  // namespace loci::cli
