#include "sim/step_curve.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"

namespace loci::sim {
namespace {

constexpr std::size_t kLeastSteps = 8;
constexpr int kSweeps = 400;         // of coordinate descent
constexpr double kFarFromFit = 0.5;  // relative error of a step that a stall of the machine made

/// How much of the curve's value each knot makes at `tokens`: the height of the curve is a sum of increments
/// from knot to knot, each of them not negative, so that the curve never falls.
void shares(const std::vector<double>& knots, double tokens, std::vector<double>& out) {
  out.assign(knots.size(), 0);
  out[0] = 1;
  for (std::size_t i = 1; i < knots.size(); ++i)
    out[i] = std::clamp((tokens - knots[i - 1]) / (knots[i] - knots[i - 1]), 0.0, 1.0);
  const std::size_t last = knots.size() - 1;
  if (last > 0 && tokens > knots[last])  // the last slope goes on
    out[last] = (tokens - knots[last - 1]) / (knots[last] - knots[last - 1]);
}

std::vector<double> knots_of(const std::vector<MeasuredStep>& steps) {
  double most = 1;
  for (const MeasuredStep& step : steps) most = std::max(most, step.work.tokens);
  std::vector<double> knots;
  for (double knot = 1; knot < 2 * most; knot *= 2) {
    const double low = knot / 1.42, high = knot * 1.42;
    const auto is_near = [&](const MeasuredStep& step) {
      return step.work.tokens > low && step.work.tokens <= high;
    };
    if (std::ranges::count_if(steps, is_near) >= 2) knots.push_back(knot);
  }
  if (knots.empty()) knots.push_back(most);
  return knots;
}

/// Least squares with coefficients >= 0: minimizes |A x - b|.
std::vector<double> solve(const std::vector<std::vector<double>>& rows, const std::vector<double>& b,
                          std::size_t width) {
  std::vector<double> gram(width * width, 0), target(width, 0), x(width, 0);
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t i = 0; i < width; ++i) {
      const std::vector<double>& row = rows[r];
      target[i] += row[i] * b[r];
      for (std::size_t j = 0; j < width; ++j) gram[i * width + j] += row[i] * row[j];
    }
  for (int sweep = 0; sweep < kSweeps; ++sweep)
    for (std::size_t i = 0; i < width; ++i) {
      if (gram[i * width + i] <= 0) continue;
      double gradient = -target[i];
      for (std::size_t j = 0; j < width; ++j) gradient += gram[i * width + j] * x[j];
      x[i] = std::max(0.0, x[i] - gradient / gram[i * width + i]);
    }
  return x;
}

/// Errors count relative to what `before` predicts, or, where there is none, to what was measured: that comes
/// out too low, as a step that was slow by chance counts less.
StepCurve fit_once(const std::vector<MeasuredStep>& steps, const StepCurve* before = nullptr) {
  const std::vector<double> knots = knots_of(steps);
  const std::size_t width = knots.size() + 2;
  std::vector<std::vector<double>> rows;
  std::vector<double> row, measured;
  std::vector<double> scale(width, 0);  // so that coefficients are near 1
  for (const MeasuredStep& step : steps) {
    shares(knots, step.work.tokens, row);
    row.push_back(step.work.kv_tokens);
    row.push_back(step.work.attention_pairs);
    const double unit = before != nullptr ? before->seconds(step.work) : step.seconds;
    measured.push_back(step.seconds / unit);
    for (std::size_t i = 0; i < width; ++i) {
      row[i] /= unit;
      scale[i] = std::max(scale[i], row[i]);
    }
    rows.push_back(row);
  }
  for (auto& scaled : rows)
    for (std::size_t i = 0; i < width; ++i)
      if (scale[i] > 0) scaled[i] /= scale[i];
  std::vector<double> x = solve(rows, measured, width);
  for (std::size_t i = 0; i < width; ++i) x[i] = scale[i] > 0 ? x[i] / scale[i] : 0;
  StepCurve curve;
  double height = 0;
  for (std::size_t i = 0; i < knots.size(); ++i) curve.by_tokens.push_back({knots[i], height += x[i]});
  curve.per_kv_token = x[knots.size()];
  curve.per_pair = x[knots.size() + 1];
  return curve;
}

Result<double> number_at(const json::object& object, std::string_view key, double fallback) {
  const json::value* value = find_field(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) return fail(ErrorCode::kInvalidArgument, "'{}' is no number", key);
  const double number = value->to_number<double>();
  if (number >= 0 && std::isfinite(number)) return number;
  return fail(ErrorCode::kInvalidArgument, "'{}' is {}, not a number from 0 up", key, number);
}

/// A list of factors, or a deviation.
Result<StepNoise> noise_from(const json::object& object) {
  const json::value* field = find_field(object, "noise");
  if (field == nullptr || !field->is_array()) {
    LOCI_TRY(const double deviation, number_at(object, "noise", 0));
    return StepNoise::of_deviation(deviation);
  }
  StepNoise noise;
  for (const json::value& factor : field->get_array()) {
    if (!factor.is_number() || !(factor.to_number<double>() > 0) ||
        !std::isfinite(factor.to_number<double>()))
      return fail(ErrorCode::kInvalidArgument, "'noise' is no list of factors above 0");
    noise.factors.push_back(factor.to_number<double>());
  }
  LOCI_TRY(noise.persistence, number_at(object, "persistence", 0));
  if (noise.persistence >= 1) return fail(ErrorCode::kInvalidArgument, "'persistence' is not below 1");
  return noise;
}

Result<std::vector<StepCurve::Knot>> knots_from(const json::object& object) {
  const json::value* list = find_field(object, "by_tokens");
  if (list == nullptr || !list->is_array() || list->get_array().empty())
    return fail(ErrorCode::kInvalidArgument, "'by_tokens' is no list of [tokens, seconds]");
  std::vector<StepCurve::Knot> knots;
  for (const json::value& pair : list->get_array()) {
    const bool is_pair = pair.is_array() && pair.get_array().size() == 2 && pair.get_array()[0].is_number() &&
                         pair.get_array()[1].is_number();
    if (!is_pair) return fail(ErrorCode::kInvalidArgument, "'by_tokens' is no list of [tokens, seconds]");
    const StepCurve::Knot knot{pair.get_array()[0].to_number<double>(),
                               pair.get_array()[1].to_number<double>()};
    const bool rises =
        knots.empty() || (knot.tokens > knots.back().tokens && knot.seconds >= knots.back().seconds);
    if (!rises || !(knot.tokens >= 0) || !(knot.seconds >= 0) || !std::isfinite(knot.tokens + knot.seconds))
      return fail(ErrorCode::kInvalidArgument, "'by_tokens' does not rise at its pair {}", knots.size() + 1);
    knots.push_back(knot);
  }
  return knots;
}

}  // namespace

double StepCurve::seconds(const StepWork& work) const {
  LOCI_CHECK(!by_tokens.empty());
  const double beside = per_kv_token * work.kv_tokens + per_pair * work.attention_pairs;
  if (by_tokens.size() == 1 || work.tokens <= by_tokens.front().tokens)
    return by_tokens.front().seconds + beside;
  auto next = std::ranges::lower_bound(by_tokens, work.tokens, {}, &Knot::tokens);
  if (next == by_tokens.end()) --next;
  const Knot &a = *(next - 1), &b = *next;
  return a.seconds + (b.seconds - a.seconds) * (work.tokens - a.tokens) / (b.tokens - a.tokens) + beside;
}

void scale(StepCurve& curve, double factor) {
  for (StepCurve::Knot& knot : curve.by_tokens) knot.seconds *= factor;
  curve.per_kv_token *= factor;
  curve.per_pair *= factor;
}

StepCurve line(const CostModel::Coefficients& coefficients) {
  const auto [a, b, c, d] = coefficients;
  return {.by_tokens = {{0, a}, {1, a + b}}, .per_kv_token = c, .per_pair = d};
}

Result<StepCurve> fit_curve(const std::vector<MeasuredStep>& steps) {
  std::vector<MeasuredStep> used;
  for (const MeasuredStep& step : steps)
    if (step.work.tokens > 0 && step.seconds > 0 && std::isfinite(step.seconds)) used.push_back(step);
  if (used.size() < kLeastSteps)
    return fail(ErrorCode::kInvalidArgument, "{} measured steps are too few to fit a curve: at least {}",
                used.size(), kLeastSteps);
  StepCurve curve = fit_once(used);
  std::vector<MeasuredStep> near;
  for (const MeasuredStep& step : used)
    if (std::abs(std::log(step.seconds / curve.seconds(step.work))) < kFarFromFit) near.push_back(step);
  if (near.size() < kLeastSteps) near = used;
  for (int i = 0; i < 3; ++i) curve = fit_once(near, &curve);
  std::vector<double> ratios;
  double sum = 0;
  for (const MeasuredStep& step : used) sum += ratios.emplace_back(step.seconds / curve.seconds(step.work));
  scale(curve, sum / static_cast<double>(ratios.size()));
  curve.noise = StepNoise::of_ratios(ratios);
  curve.provenance = fmt::format("fitted to {} steps", used.size());
  return curve;
}

std::string to_json(const StepCurve& curve) {
  json::array knots;
  for (const StepCurve::Knot& knot : curve.by_tokens) knots.push_back(json::array{knot.tokens, knot.seconds});
  return json::serialize(json::object{{"provenance", curve.provenance},
                                      {"by_tokens", std::move(knots)},
                                      {"per_kv_token", curve.per_kv_token},
                                      {"per_pair", curve.per_pair},
                                      {"per_block_copy", curve.per_block_copy},
                                      {"noise", json::value_from(curve.noise.factors)},
                                      {"persistence", curve.noise.persistence}});
}

Result<StepCurve> curve_from_json(std::string_view text) {
  LOCI_TRY(const json::value value, parse_json(text));
  if (!value.is_object()) return fail(ErrorCode::kInvalidArgument, "a step curve is a JSON object");
  const json::object& object = value.get_object();
  StepCurve curve;
  LOCI_TRY(curve.by_tokens, knots_from(object));
  LOCI_TRY(curve.per_kv_token, number_at(object, "per_kv_token", 0));
  LOCI_TRY(curve.per_pair, number_at(object, "per_pair", 0));
  LOCI_TRY(curve.per_block_copy, number_at(object, "per_block_copy", 0));
  LOCI_TRY(curve.noise, noise_from(object));
  if (const json::value* from = find_field(object, "provenance"); from != nullptr && from->is_string())
    curve.provenance = from->get_string();
  return curve;
}

}  // namespace loci::sim
