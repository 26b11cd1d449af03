// What `loci pull` shows on standard error: a bar on a terminal, else a line a file.
#pragma once

#include <string>

#include "base/time.h"
#include "hub/pull.h"

namespace loci::cli {

class ProgressDisplay final : public PullObserver {
 public:
  ProgressDisplay();

  void note(std::string_view line) override;
  void on_progress(const PullProgress& progress) override;
  void file_done(const PullProgress& progress) override;

  /// Takes the bar away.
  void end();

 private:
  void draw(const PullProgress& progress, Time now);
  void measure(const PullProgress& progress, Time now);

  const bool is_terminal_;
  bool drawn_ = false;
  Time drawn_at_{}, measured_at_{};
  std::uint64_t measured_bytes_ = 0;
  double rate_ = 0;  // bytes a second, over the last seconds
};

}  // namespace loci::cli
