// A plan for people, for programs, and as a page. Every figure stands beside where its times come from.
#pragma once

#include <string>

#include "sim/plan/search.h"

namespace loci::sim {

std::string plan_text(const Plan& plan);
std::string plan_json(const Plan& plan);
/// One file, without anything from elsewhere.
std::string plan_html(const Plan& plan);

/// "llama-70b, 20 requests/s of random (mean 1024 + 128 tokens); 99 % within TTFT 1 s, TPOT 50 ms".
std::string question_text(const Plan& plan);
/// What changes, what it does to the winner, and what would be enough.
std::string sensitivity_text(const Sensitivity& one);
/// "TTFT 1 s, TPOT 50 ms".
std::string limits_text(const bench::Slo& slo);

}  // namespace loci::sim
