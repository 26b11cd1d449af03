#include "sim/scenario_file.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/named_table.h"
#include "base/toml_reader.h"
#include "engine/engine_parts.h"
#include "sim/hardware.h"

namespace loci::sim {
namespace {

constexpr double kManyTokens = 1e9, kManySeconds = 1e9;
constexpr std::int64_t kMaxReplicas = 4096;
constexpr std::int64_t kMaxBlocks = 1 << 26;  // of all replicas: their states are kept
constexpr std::size_t kMaxCurveBytes = 1 << 20;

/// Reports an error of something that knows names and numbers, but no lines.
template <class Value>
std::optional<Value> take(TomlReader& in, std::string_view key, Result<Value> result) {
  if (result) return std::move(*result);
  in.refuse(key, result.error().message);
  return std::nullopt;
}

template <class Entry>
const Entry* named(TomlReader& in, std::string_view key, std::span<const Entry> table) {
  return take(in, key, find_named(key, table, in.text(key))).value_or(nullptr);
}

StepCurve read_curve_file(TomlReader& in, std::string_view key, const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / in.text(key);
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(kMaxCurveBytes);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  if (text.empty()) {
    in.refuse(key, "cannot read " + path.string());
    return line({1, 0, 0, 0});
  }
  auto curve = curve_from_json(text);
  if (curve) return std::move(*curve);
  in.refuse(key, path.string() + ": " + curve.error().message);
  return line({1, 0, 0, 0});
}

/// [machine]: what a step takes, and what fits into memory.
struct Machine {
  StepCurve curve = line({20e-3, 6e-4, 1e-6, 1e-7});
  double kv_tokens = 0;  // that fit; 0: not known
  double kv_bytes_per_token = 0;
  double link_bytes_per_second = 0;
  double host_bytes_per_second = 0;
};

Machine read_machine(TomlReader in, const std::filesystem::path& folder) {
  Machine machine;
  const int ways = in.has("hardware") + in.has("fitted") + in.has("coefficients");
  if (ways != 1)
    in.refuse("", "one of 'hardware' (with 'model'), 'fitted' and 'coefficients' says what a step takes");
  if (in.has("hardware")) {
    const Hardware* hardware = named(in, "hardware", hardware_table());
    const ModelShape* model = named(in, "model", model_shapes());
    const Placement placement{hardware, model, static_cast<int>(in.integer("count", {1, 64}, 1))};
    if (hardware != nullptr && model != nullptr) {
      machine.curve = profile(placement);
      machine.kv_tokens = take(in, "model", kv_capacity(placement)).value_or(1);
      machine.kv_bytes_per_token = model->kv_bytes_per_token();
      machine.link_bytes_per_second = hardware->link_bytes_per_second;
      machine.host_bytes_per_second = hardware->host_bytes_per_second;
    }
  } else if (in.has("fitted")) {
    machine.curve = read_curve_file(in, "fitted", folder);
  } else if (in.has("coefficients")) {
    const auto c = in.numbers("coefficients", {0, kManySeconds});
    if (c.size() == 4) {
      machine.curve = line({c[0], c[1], c[2], c[3]});
    } else {
      in.refuse("coefficients",
                "are four: of a step, a token, a position of KV and an attention pair, in seconds");
    }
  }
  if (in.has("noise")) machine.curve.noise = StepNoise::of_deviation(in.number("noise", {0, 2}, 0));
  const double speed = in.number("speed", {1e-3, 1e3}, 1);
  scale(machine.curve, 1 / speed);
  machine.kv_bytes_per_token = in.number("kv_bytes_per_token", {0, 1e9}, machine.kv_bytes_per_token);
  machine.link_bytes_per_second =
      in.number("link_gb_per_second", {0, 1e6}, machine.link_bytes_per_second / 1e9) * 1e9;
  machine.host_bytes_per_second =
      in.number("host_gb_per_second", {0, 1e6}, machine.host_bytes_per_second / 1e9) * 1e9;
  return machine;
}

/// [engine]: the flags of `loci serve`, by their names.
ReplicaOptions read_engine(TomlReader in, const Machine& machine) {
  EngineConfig config;
  config.max_num_seqs = static_cast<int>(in.integer("max_num_seqs", {1, 1 << 16}, 64));
  config.max_num_batched_tokens = static_cast<int>(in.integer("max_num_batched_tokens", {1, 1 << 20}, 512));
  config.max_queued_requests = static_cast<int>(in.integer("max_queued_requests", {0, 1 << 24}, 4096));
  config.scheduling_policy = in.text("scheduling_policy", config.scheduling_policy);
  config.chunk_policy = in.text("chunk_policy", config.chunk_policy);
  config.admission_policy = in.text("admission_policy", config.admission_policy);
  config.preemption_policy = in.text("preemption_policy", config.preemption_policy);
  config.preemption_mode = in.text("preemption_mode", config.preemption_mode);
  config.eviction_policy = in.text("eviction_policy", config.eviction_policy);
  config.inter_token_ms = in.number("inter_token_ms", {0.01, 1e6}, config.inter_token_ms);
  config.lpm_group = static_cast<int>(in.integer("lpm_group", {1, 1 << 20}, config.lpm_group));
  config.patience = in.number("patience", {0, 1e6}, config.patience);
  config.ageing = in.number("ageing", {0, 1e9}, config.ageing);
  config.step_tokens = static_cast<int>(in.integer("step_tokens", {0, 1 << 20}, 0));
  config.max_queue_delay_s = in.number("max_queue_delay", {0, kManySeconds}, config.max_queue_delay_s);
  config.prefix_caching = in.flag("prefix_caching", true);
  const int block = static_cast<int>(in.integer("block_size", {1, 4096}, 16));
  const double tokens =
      in.number("kv_tokens", {1, kManyTokens}, machine.kv_tokens > 0 ? machine.kv_tokens : 65536);
  const double host_tokens = in.number("host_tokens", {0, kManyTokens}, 0);
  const int most = static_cast<int>(in.integer("max_model_len", {1, 1 << 24}, 131072));

  ReplicaOptions options{
      .limits = {.max_model_len = most,
                 .step = {config.max_num_seqs, std::max(config.max_num_batched_tokens, config.max_num_seqs),
                          config.max_num_seqs},
                 .kv_blocks = std::max(1, static_cast<int>(tokens / block)),
                 .block_tokens = block},
      .curve = machine.curve,
      .kv_bytes_per_token = machine.kv_bytes_per_token};
  options.limits.max_model_len = std::min(most, options.limits.kv_blocks * block);
  options.limits.host_blocks = static_cast<int>(host_tokens / block);
  options.limits.share_prefixes = config.prefix_caching;
  if (machine.host_bytes_per_second > 0)
    options.curve.per_block_copy = block * machine.kv_bytes_per_token / machine.host_bytes_per_second;
  options.limits.swap_seconds_per_block = options.curve.per_block_copy;
  options.queue = {.max_pending = config.max_queued_requests + config.max_num_seqs,
                   .max_delay = config.max_queue_delay_s};
  if (const auto chosen = take(in, "", configured_policies(config))) {
    options.policies = chosen->policies;
    options.goals = chosen->goals;
    options.evict = chosen->evict;
  }
  return options;
}

cluster::RouterOptions read_router_options(TomlReader& fleet) {
  cluster::RouterOptions options;
  auto in = fleet.optional_table("router_options");
  if (!in) return options;
  options.virtual_nodes = static_cast<int>(in->integer("virtual_nodes", {1, 1000}, options.virtual_nodes));
  options.bounded_load = in->number("bounded_load", {0, 1e6}, options.bounded_load);
  options.prefix_blocks = static_cast<int>(in->integer("prefix_blocks", {1, 1 << 20}, options.prefix_blocks));
  options.max_remembered =
      static_cast<int>(in->integer("max_remembered", {1, 1 << 26}, options.max_remembered));
  options.memory_watermark = in->number("memory_watermark", {0, 1}, options.memory_watermark);
  options.prefill_weight = in->number("prefill_weight", {0, 1e6}, options.prefill_weight);
  options.temperature = in->number("temperature", {0, 1e6}, options.temperature);
  options.ttft_slo = in->number("ttft_ms", {0, 1e9}, options.ttft_slo * 1e3) / 1e3;
  options.tpot_slo = in->number("tpot_ms", {0, 1e9}, options.tpot_slo * 1e3) / 1e3;
  options.assumed_blocks =
      static_cast<int>(in->integer("assumed_blocks", {0, 1 << 24}, options.assumed_blocks));
  options.assumed_seconds = in->number("assumed_seconds", {0, 1e6}, options.assumed_seconds);
  options.spill_seconds = in->number("spill_seconds", {0, 1e6}, options.spill_seconds);
  options.headroom = in->number("headroom", {0, 1}, options.headroom);
  options.fetch_prefixes = in->flag("fetch_prefixes", options.fetch_prefixes);
  options.balancing = in->number("balancing", {1, 1e6}, options.balancing);
  using DualMap = cluster::DualMapOptions;
  constexpr std::string_view kMappings[] = {"ring", "modulo"}, kChoices[] = {"switch", "affinity", "load"};
  options.dualmap.mapping = static_cast<DualMap::Mapping>(in->choice("dualmap_mapping", kMappings, 0));
  options.dualmap.choice = static_cast<DualMap::Choice>(in->choice("dualmap_choice", kChoices, 0));
  options.dualmap.hot_share = in->number("dualmap_hot_share", {0, 1e6}, options.dualmap.hot_share);
  options.dualmap.rebalance = in->flag("dualmap_rebalance", options.dualmap.rebalance);
  options.dualmap.drain_serves = in->flag("dualmap_drain_serves", options.dualmap.drain_serves);
  return options;
}

/// [fleet.migration]: which of the running requests move, and when.
void read_migration(TomlReader& in, FleetOptions& fleet) {
  auto table = in.optional_table("migration");
  if (!table) return;
  fleet.migration = table->text("policy", "");
  if (auto policy = cluster::find_migration_policy(fleet.migration); !policy)
    table->refuse("policy", policy.error().message);
  cluster::MigrationOptions& options = fleet.migration_options;
  options.memory_watermark = table->number("memory_watermark", {0, 1}, options.memory_watermark);
  options.tpot_slo = table->number("tpot_ms", {0, 1e9}, options.tpot_slo * 1e3) / 1e3;
  options.return_share = table->number("return_share", {0, 1}, options.return_share);
  options.low_freeness = table->number("low_freeness", {0, 1e9}, options.low_freeness);
  options.high_freeness = table->number("high_freeness", {0, 1e9}, options.high_freeness);
  options.headroom = table->number("headroom", {0, 1}, options.headroom);
  if (auto checked = cluster::validate(options); !checked) table->refuse("", checked.error().message);
  if (fleet.rebalance_every == Duration{})
    table->refuse("", "needs fleet.rebalance_ms: how often it is asked");
}

/// [fleet]: how many, behind which router, and what each of the roles does differently.
FleetOptions read_fleet(TomlReader in, const ReplicaOptions& replica, const Machine& machine) {
  FleetOptions fleet;
  const auto prefill = in.integer("prefill", {0, kMaxReplicas}, 0),
             decode = in.integer("decode", {0, kMaxReplicas}, 0);
  const auto mixed = in.integer("replicas", {0, kMaxReplicas}, prefill + decode > 0 ? 0 : 1);
  if (mixed + prefill + decode < 1) in.refuse("", "a fleet has at least one replica");
  if ((mixed + prefill + decode) * (replica.limits.kv_blocks + replica.limits.host_blocks) > kMaxBlocks)
    in.refuse(
        "",
        "all replicas together have more blocks than a simulation keeps: take a larger engine.block_size");
  const int chunk = replica.limits.step.max_tokens;
  const auto add = [&](std::int64_t count, cluster::ReplicaRole role, std::string_view chunk_key) {
    FleetOptions::Member member{replica, role};
    member.replica.limits.step.max_tokens = std::max(
        replica.limits.step.max_sequences, static_cast<int>(in.integer(chunk_key, {1, 1 << 20}, chunk)));
    for (std::int64_t i = 0; i < count; ++i) fleet.members.push_back(member);
  };
  add(mixed, cluster::ReplicaRole::kMixed, "mixed_chunk");
  add(prefill, cluster::ReplicaRole::kPrefill, "prefill_chunk");
  add(decode, cluster::ReplicaRole::kDecode, "decode_chunk");
  const auto weights = in.numbers("weights", {0, 1e6}), speeds = in.numbers("speeds", {1e-3, 1e3});
  for (const auto& [key, list] : {std::pair{"weights", &weights}, {"speeds", &speeds}})
    if (!list->empty() && list->size() != fleet.members.size())
      in.refuse(key, fmt::format("has {} entries for {} replicas", list->size(), fleet.members.size()));
  if (in.ok())
    for (std::size_t i = 0; i < fleet.members.size(); ++i) {
      if (!weights.empty()) fleet.members[i].weight = weights[i];
      if (speeds.empty()) continue;
      StepCurve& curve = fleet.members[i].replica.curve;
      for (StepCurve::Knot& knot : curve.by_tokens) knot.seconds /= speeds[i];
      curve.per_kv_token /= speeds[i];
      curve.per_pair /= speeds[i];
    }
  fleet.router = in.text("router", fleet.router);
  fleet.router_options = read_router_options(in);
  if (auto router = cluster::make_router(fleet.router, fleet.router_options); !router)
    in.refuse("router", router.error().message);
  fleet.transfer = {.latency = in.number("transfer_latency_ms", {0, 1e6}, 1) / 1e3,
                    .bytes_per_second = machine.link_bytes_per_second,
                    .bytes_per_token = machine.kv_bytes_per_token};
  fleet.event_delay = to_duration(in.number("event_delay_ms", {0, 1e6}, 0) / 1e3);
  fleet.rebalance_every = to_duration(in.number("rebalance_ms", {0, 1e6}, 0) / 1e3);
  read_migration(in, fleet);
  fleet.failure_detection = to_duration(in.number("failure_detection_ms", {0, 1e6}, 1000) / 1e3);
  fleet.use_directory = in.flag("directory", true);
  fleet.oracle_cache = in.flag("oracle_cache", false);
  fleet.check_tokens = in.flag("check_tokens", true);
  if (fleet.use_directory && in.ok())
    for (FleetOptions::Member& member : fleet.members) member.replica.limits.kept_kv_events = 1 << 13;
  return fleet;
}

std::optional<int> optional_integer(TomlReader& in, std::string_view key, std::int64_t least) {
  if (!in.has(key)) return std::nullopt;
  return static_cast<int>(in.integer(key, {least, bench::kMaxTraceTokens}));
}

/// [workload]: the options of `loci bench serve`, by their names.
void read_workload(TomlReader in, const std::filesystem::path& folder, Scenario& scenario) {
  bench::WorkloadOptions& workload = scenario.workload;
  workload.dataset = in.text("dataset", workload.dataset);
  workload.input_len = optional_integer(in, "input_len", 1);
  workload.output_len = optional_integer(in, "output_len", 1);
  workload.prefix_len = optional_integer(in, "prefix_len", 0);
  workload.num_prefixes = optional_integer(in, "num_prefixes", 1);
  workload.turns = optional_integer(in, "turns", 1);
  workload.range_ratio = in.number("range_ratio", {0, 0.999999}, 0);
  if (in.has("think_seconds")) workload.think_seconds = in.number("think_seconds", {0, kManySeconds});
  if (in.has("prefix_zipf")) workload.prefix_zipf = in.number("prefix_zipf", {0, 10});
  if (in.has("trace")) workload.trace = folder / in.text("trace");
  workload.trace_speedup = in.number("trace_speedup", {1e-9, 1e9}, 1);
  workload.mix = in.text("mix", "");
  ClientOptions& clients = scenario.clients;
  clients.requests = static_cast<std::uint64_t>(in.integer("requests", {1, 1LL << 40}, 1000));
  if (in.has("seconds")) clients.max_seconds = in.number("seconds", {0, kManySeconds});
  if (in.has("concurrency")) clients.concurrency = static_cast<int>(in.integer("concurrency", {1, 1 << 20}));
  if (clients.concurrency && in.has("rate")) in.refuse("rate", "a closed loop ('concurrency') has no rate");
  clients.arrivals.rate = in.number("rate", {1e-9, 1e9}, bench::kAllAtOnce);
  clients.arrivals.burstiness = in.number("burstiness", {1e-3, 1e9}, 1);
  clients.cancel_share = in.number("cancel_share", {0, 1}, 0);
  clients.cancel_after = in.number("cancel_after", {0, kManySeconds}, clients.cancel_after);
  clients.offline_share = in.number("offline_share", {0, 1}, 0);
  clients.tenants = static_cast<std::uint64_t>(in.integer("tenants", {1, 1 << 16}, 1));
  clients.tenant_by_part = in.flag("tenant_by_part", false);
  if (in.has("ttft_ms")) scenario.slo.ttft = in.number("ttft_ms", {1e-3, 1e9}) / 1e3;
  if (in.has("tpot_ms")) scenario.slo.tpot = in.number("tpot_ms", {1e-3, 1e9}) / 1e3;
  if (scenario.slo.ttft && in.flag("deadlines", false))
    clients.first_token_within = to_duration(*scenario.slo.ttft);
  if (in.ok()) {
    if (const auto made = bench::make_workload(workload); !made)
      in.refuse(in.has("trace") ? "trace" : "dataset", made.error().message);
  }
}

FaultSpec read_fault(TomlReader in, int replicas) {
  FaultSpec fault{.kind = in.text("kind"),
                  .replica = static_cast<int>(in.integer("replica", {0, kMaxReplicas}, 0)),
                  .at = in.number("at", {0, kManySeconds}),
                  .lasts = in.number("lasts", {0, kManySeconds}, 10),
                  .amount = in.number("amount", {-1e9, 1e9}, 0)};
  if (const auto valid = validate(fault, replicas); !valid && in.ok())
    in.refuse("kind", valid.error().message);
  return fault;
}

/// [checks]: what must hold of the figures.
Checks read_checks(TomlReader in, const bench::Slo& slo) {
  Checks checks;
  if (in.has("longest_wait_ms")) checks.longest_wait = in.number("longest_wait_ms", {0, 1e12}) / 1e3;
  if (in.has("fairness")) checks.fairness = in.number("fairness", {0, 1});
  if (in.has("attained")) checks.attained = in.number("attained", {0, 1});
  if (checks.attained && slo.empty()) in.refuse("attained", "workload has no limit, such as ttft_ms");
  return checks;
}

void spread_seed(std::uint64_t seed, Scenario& scenario) {
  scenario.workload.seed = scenario.clients.seed = scenario.clients.arrivals.seed = scenario.fleet.seed =
      seed;
  for (std::size_t i = 0; i < scenario.fleet.members.size(); ++i)
    scenario.fleet.members[i].replica.seed = bench::mix({seed, i});
}

}  // namespace

Result<Scenario> read_scenario(const TomlFile& file, const std::filesystem::path& folder) {
  TomlReader in(file);
  Scenario scenario;
  scenario.name = in.text("name", file.name);
  const auto seed = static_cast<std::uint64_t>(in.integer("seed", {0, 1LL << 62}, 0));
  scenario.give_up = in.number("give_up_seconds", {1, kManySeconds}, scenario.give_up);
  const Machine machine = read_machine(in.table("machine"), folder);
  const TomlFile nothing{};
  auto engine = in.optional_table("engine");
  const ReplicaOptions replica = read_engine(engine ? *engine : TomlReader(nothing), machine);
  auto fleet = in.optional_table("fleet");
  scenario.fleet = read_fleet(fleet ? *fleet : TomlReader(nothing), replica, machine);
  read_workload(in.table("workload"), folder, scenario);
  for (const TomlReader& fault : in.tables("fault"))
    scenario.faults.push_back(read_fault(fault, static_cast<int>(scenario.fleet.members.size())));
  if (auto checks = in.optional_table("checks")) scenario.checks = read_checks(*checks, scenario.slo);
  LOCI_TRY_VOID(in.finish());
  spread_seed(seed, scenario);
  return scenario;
}

}  // namespace loci::sim
