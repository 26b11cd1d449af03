// What is asked of a plan: a model, machines that could be had, the load, and how good it must be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/plan/arrangement.h"
#include "sim/simulation.h"

namespace loci::sim {

struct Question {
  const ModelShape* model = nullptr;
  std::vector<const Hardware*> hardware;  // kinds of machines; an arrangement is of one kind
  bench::WorkloadOptions workload;
  double rate = 0;        // sessions a second; 0 where the workload is a trace with times
  double burstiness = 1;  // bench/arrivals.h
  bench::Slo slo;
  double attain = 0.99;        // share of the requests that must meet the limits
  int max_machines = 64;       // of an arrangement
  std::uint64_t requests = 0;  // of the longest runs; 0: about a minute of the load, enough for the share
  std::uint64_t seed = 0;
};

/// "20/s", "20", "1200/min", "5000/h": requests a second. kInvalidArgument where it is none, or not above 0.
Result<double> parse_rate(std::string_view text);
/// "ttft:1s,tpot:50ms,e2el:2min": each limit with its unit (ms, s, min). kInvalidArgument names what is
/// wrong.
Result<bench::Slo> parse_limits(std::string_view text);

/// The load of `requests` requests in figures, of the very sessions that are simulated.
struct Load {
  std::uint64_t requests = 0;              // fewer than asked for where a trace ends before
  double seconds = 0;                      // from the start to the last arrival
  double mean_input = 0, mean_output = 0;  // tokens of a request
  int most_tokens = 0;                     // of one request, input and output
  int most_output = 0;
  double longest_session = 0;  // seconds of thinking in one
  int most_turns = 1;
  bool timed = false;
};
/// kInvalidArgument and errors of files, as bench::make_workload(); of a workload without times and a rate.
Result<Load> measure(const Question& question, std::uint64_t requests);
/// How many requests the longest runs have.
std::uint64_t requests_of(const Question& question);

/// The scenario in which `arrangement` serves the first `load.requests` of the load, in steps as the
/// hardware's profile says. It ends when what is left can meet no limit any more.
Result<Scenario> scenario_of(const Question& question, const Load& load, const Arrangement& arrangement);

}  // namespace loci::sim
