// `loci run-batch IN.jsonl OUT.jsonl [MODEL]`: OpenAI's batch files, computed in this process. Every line
// goes through the parsers and writers of the API; answers are appended as they end. Lines that OUT answers
// already are skipped, so that the same command goes on after an end at any moment.
#include <fstream>
#include <memory>
#include <unordered_set>

#include "cli/batch_output.h"
#include "cli/batch_progress.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "server/batch/batch_line.h"
#include "server/batch/local_api.h"
#include "server/unix_time.h"

namespace loci::cli {
namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{32} << 20;  // as a request's body

struct BatchOptions {
  ModelOptions model;
  std::string input, output;
  std::vector<std::string> names;
};

Time now() {
  return std::chrono::steady_clock::now();
}

Result<std::size_t> count_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kIo, "{}: cannot be read", path);
  std::size_t lines = 0;
  bool begun = false;
  std::string buffer(std::size_t{1} << 20, '\0');
  while (file.read(buffer.data(), std::ssize(buffer)) || file.gcount() > 0)
    for (const char c : std::string_view(buffer).substr(0, static_cast<std::size_t>(file.gcount()))) {
      begun = c != '\n';
      lines += c == '\n';
    }
  if (file.bad()) return fail(ErrorCode::kIo, "{}: cannot be read", path);
  return lines + begun;
}

class BatchRun {
 public:
  BatchRun(const BatchOptions& options, const ServedModel& served, BatchOutput& output, std::size_t lines)
      : served_(served),
        output_(output),
        input_(options.input, std::ios::binary),
        // As many again as run, so that there is always a next one, and never more than may wait.
        most_at_once_(
            std::min(2 * options.model.engine.max_num_seqs, options.model.engine.max_queued_requests)),
        api_(served) {
    counts_.lines = lines;
  }

  Result<> run() {
    while (failure_.has_value()) {
      progress_.show(counts_, served_.engine.stats().counters.generation_tokens, now());
      if (start_next()) continue;
      if (in_flight_ == 0) break;
      api_.run_one();
    }
    progress_.end(counts_, served_.engine.stats().counters.generation_tokens, now());
    LOCI_TRY_VOID(failure_);
    return output_.flush();
  }

 private:
  /// Takes up the next line if there is room for one; false where nothing was taken up.
  bool start_next() {
    if (in_flight_ >= most_at_once_ || (queue_is_full_ && in_flight_ > 0)) return false;
    if (!waiting_.empty()) {
      BatchLine again = std::move(waiting_.back());
      waiting_.pop_back();
      send(std::move(again));
      return true;
    }
    std::string line;
    if (!std::getline(input_, line)) return false;
    ++number_;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      --counts_.lines;  // an empty line is none
    } else {
      take(line);
    }
    return true;
  }

  void take(const std::string& line) {
    const std::optional<std::string> id = line.size() <= kMaxLineBytes ? custom_id_of(line) : std::nullopt;
    if (output_.has_line(number_) || (id && output_.has(*id))) {
      ++counts_.skipped;
      return;
    }
    if (id && !ids_.insert(*id).second)
      return refuse(std::nullopt, {ErrorCode::kInvalidArgument,
                                   fmt::format("'custom_id' \"{}\" is that of an earlier line", *id)});
    if (line.size() > kMaxLineBytes)
      return refuse(
          id, {ErrorCode::kInvalidArgument,
               fmt::format("the line has {} bytes, at most {} are allowed", line.size(), kMaxLineBytes)});
    auto parsed = parse_batch_line(line);
    if (!parsed) return refuse(id, parsed.error());
    send(std::move(*parsed));
  }

  void send(BatchLine line) {
    ++in_flight_;
    api_.call(std::move(line.request),
              [this, id = std::move(line.custom_id)](const HttpRequest& request, HttpResponse response) {
                take_answer(id, request, response);
              });
  }

  /// Lines of many prompts can fill the queue: one that found no room goes again when another has ended.
  void take_answer(const std::string& custom_id, const HttpRequest& request, const HttpResponse& response) {
    --in_flight_;
    queue_is_full_ = response.status == 429;
    if (queue_is_full_ && in_flight_ > 0) return waiting_.push_back({custom_id, request});
    counts_.refused += response.status != 200;
    append(answer_line(custom_id, request.id, response));
  }

  void refuse(const std::optional<std::string>& id, const Error& error) {
    ++counts_.refused;
    append(error_line(id, number_, error));
  }

  void append(const std::string& line) {
    ++counts_.answered;
    if (failure_.has_value()) failure_ = output_.append(line);
  }

  const ServedModel& served_;
  BatchOutput& output_;
  std::ifstream input_;
  const int most_at_once_;
  BatchCounts counts_;
  BatchProgress progress_;
  std::unordered_set<std::string> ids_;  // of lines taken up now
  std::int64_t number_ = 0;              // of the line read last
  int in_flight_ = 0;
  bool queue_is_full_ = false;
  std::vector<BatchLine> waiting_;  // refused by a full queue
  Result<> failure_{};
  LocalApi api_;  // ends first: what it still holds refers to the others
};

Result<> run_batch(BatchOptions& options) {
  LOCI_TRY_VOID(options.model.apply());
  LOCI_TRY(const std::size_t lines, count_lines(options.input));
  LOCI_TRY(BatchOutput output, BatchOutput::open(options.output));
  LOCI_TRY(const LoadedModel model, LoadedModel::load(options.model.model, options.model.load_options()));
  options.model.engine.max_queue_delay_s = 0;  // a batch has time
  LOCI_TRY(const auto engine, LiveEngine::start(model, options.model.engine));
  auto names = options.names;
  if (names.empty())
    names.push_back(options.model.pulled_name.empty() ? model.name() : options.model.pulled_name);
  const ServedModel served{*engine, model, std::move(names), unix_seconds(), nullptr};
  BatchRun run(options, served, output, lines);
  const Result<> done = run.run();
  engine->stop();
  return done;
}

}  // namespace

Command add_run_batch(CLI::App& app) {
  auto options = std::make_shared<BatchOptions>();
  options->model.log_level = "warning";
  CLI::App* command = app.add_subcommand("run-batch", "answer a file of requests (OpenAI's batch format)");
  command->add_option("IN,-i,--input-file", options->input, "the requests, one a line")->required();
  command
      ->add_option("OUT,-o,--output-file", options->output,
                   "gets the answers, one a line; what it answers already is not computed again")
      ->required();
  add_model_argument(*command, options->model);
  command->add_option("--served-model-name", options->names, "names by which the requests may call the model")
      ->allow_extra_args(false);
  add_model_options(*command, options->model);
  add_engine_options(*command, options->model);
  return {command, [options] { return run_batch(*options); }};
}

}  // namespace loci::cli
