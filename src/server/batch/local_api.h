// The API without HTTP: requests of this process go through the same parsers, runs and writers.
//
// Single-threaded: call() and run_one() belong to one thread; what the engine posts runs in run_one(). Ends
// before the engine is destroyed and after it has been stopped.
#pragma once

#include <functional>
#include <memory>

#include "server/http.h"
#include "server/served_model.h"

namespace loci {

class LocalApi {
 public:
  explicit LocalApi(const ServedModel& served);
  ~LocalApi();

  /// `answered` is called once, in this call or in a later run_one(); with a stream's events as one body.
  void call(HttpRequest request,
            std::function<void(const HttpRequest& request, HttpResponse response)> answered);

  /// Waits for something to do, and does it.
  void run_one();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace loci
