#include "sched/cost_model.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace loci {
namespace {

constexpr double kForgetting = 0.02;  // of what is known along a direction, per step: memory of 50 steps
constexpr double kPriorInformation = 0.01;  // a coefficient that doubles costs as much as one step 10 % off
constexpr std::uint64_t kFirstSteps = 16;   // that are believed whatever they say
constexpr double kSlow = 2;                 // a step that takes more than so many times the predicted is slow
constexpr int kBelieved = 3;                // so many slow ones in a row are no stall but a slower machine

using Vector = std::array<double, 4>;
using Matrix = std::array<Vector, 4>;

Vector features(const StepWork& work) {
  return {1, work.tokens, work.kv_tokens, work.attention_pairs};
}

double dot(const Vector& a, const Vector& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

/// Solves matrix * x = target for the coordinates in `subset` (a mask), the others being 0, by Cholesky
/// decomposition. Nothing where the matrix is singular or an answer negative.
std::optional<Vector> solve_nonnegative(const Matrix& matrix, const Vector& target, unsigned subset) {
  Matrix l{};
  Vector x{};
  const auto in = [&](std::size_t i) { return (subset >> i & 1U) != 0; };
  for (std::size_t i = 0; i < 4; ++i) {
    if (!in(i)) continue;
    double y = target[i];
    for (std::size_t j = 0; j <= i; ++j) {
      if (!in(j)) continue;
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      if (j < i) {
        l[i][j] = sum / l[j][j];
        y -= l[i][j] * x[j];
      } else {
        if (!(sum > 1e-12 * matrix[i][i])) return std::nullopt;
        l[i][i] = std::sqrt(sum);
      }
    }
    x[i] = y / l[i][i];
  }
  for (std::size_t i = 4; i-- > 0;) {
    if (!in(i)) continue;
    for (std::size_t k = i + 1; k < 4; ++k) x[i] -= l[k][i] * x[k];
    x[i] /= l[i][i];
    if (!(x[i] >= 0) || !std::isfinite(x[i])) return std::nullopt;
  }
  return x;
}

}  // namespace

void StepWork::add_slice(int begin, int count) {
  const double from = begin, rows = count;
  tokens += rows;
  kv_tokens += from + rows;
  attention_pairs += (rows - 1) * (from + rows / 2);
}

double CostModel::predict(const StepWork& work) const {
  return dot(coefficients_, features(work));
}

void CostModel::observe(const StepWork& work, double seconds) {
  const Vector x = features(work);
  if (!std::isfinite(dot(x, x)) || !std::isfinite(seconds) || work.tokens <= 0 || seconds <= 0) return;
  if (observations_ == 0) begin(work, seconds);
  const double predicted = predict(work);
  if (observations_ > 0)
    errors_[(observations_ - 1) % kErrorWindow] = std::abs(predicted - seconds) / seconds;

  // Relative errors count, so a step weighs as the inverse of what it should take.
  const double expected = observations_ < kFirstSteps ? seconds : std::max(predicted, seconds / 4);
  const double share = trust(predicted, seconds);
  Vector z;
  for (std::size_t i = 0; i < 4; ++i) z[i] = x[i] * unit_[i] / expected;
  forget_along(z, kForgetting * share);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) information_[i][j] += share * z[i] * z[j];
    target_[i] += share * z[i] * seconds / expected;
  }
  ++observations_;
  fit();
}

/// The first step gives the scale; until more is known, the defaults give the shape.
void CostModel::begin(const StepWork& work, double seconds) {
  const double scale = seconds / predict(work);
  for (std::size_t i = 0; i < 4; ++i) {
    unit_[i] = coefficients_[i] = kDefaults[i] * scale;
    information_[i][i] = target_[i] = kPriorInformation;
  }
}

/// How much of an observation is believed: a stalled step (the machine did something else) as far as it can
/// be true, Huber's weight.
double CostModel::trust(double predicted, double seconds) {
  if (observations_ < kFirstSteps || seconds <= kSlow * predicted) {
    slow_in_a_row_ = 0;
    return 1;
  }
  if (++slow_in_a_row_ >= kBelieved) return 1;
  return 0.25 * predicted / (seconds - predicted);
}

/// Takes away a share of the information along `z`, whose place the next observation fills; what it implies
/// of the other directions stays.
void CostModel::forget_along(const Vector& z, double share) {
  Vector u;
  for (std::size_t i = 0; i < 4; ++i) u[i] = dot(information_[i], z);
  const double known = dot(z, u);
  if (!(known > 1e-9)) return;
  const double implied = dot(z, target_);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) information_[i][j] -= share * u[i] * u[j] / known;
    target_[i] -= share * u[i] * implied / known;
  }
}

/// Least squares without negative coefficients: where the free solution has some, the best of those on the
/// border, all of which are tried.
void CostModel::fit() {
  const auto take = [&](const Vector& x) {
    for (std::size_t i = 0; i < 4; ++i) coefficients_[i] = x[i] * unit_[i];
  };
  if (const auto all = solve_nonnegative(information_, target_, 0b1111)) return take(*all);
  double best = 0;
  std::optional<Vector> choice;
  for (unsigned subset = 1; subset < 0b1111; ++subset) {
    const auto x = solve_nonnegative(information_, target_, subset);
    if (!x) continue;
    const double gain = dot(*x, target_);  // how far the sum of squares falls
    if (gain > best) best = gain, choice = x;
  }
  if (choice) take(*choice);
}

int CostModel::tokens_within(double seconds, const StepWork& work, int begin, int most) const {
  const auto fits = [&](int count) {
    StepWork with = work;
    with.add_slice(begin, count);
    return predict(with) <= seconds;
  };
  if (most <= 0 || !fits(1)) return 0;
  if (fits(most)) return most;
  int low = 1, high = most;  // low fits, high does not: predictions grow with the count
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

double CostModel::relative_error() const {
  const std::uint64_t seen =
      observations_ == 0 ? 0 : std::min<std::uint64_t>(observations_ - 1, kErrorWindow);
  if (seen == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < seen; ++i) sum += errors_[i];
  return sum / static_cast<double>(seen);
}

}  // namespace loci
