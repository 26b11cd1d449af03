// The connections of an HTTP server that are open. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <unordered_set>

#include "base/time.h"

namespace loci::http_detail {

class Connection;

class ConnectionRegistry {
 public:
  /// False where `limit` are open already; the connection is registered all the same, until it has said so.
  bool add(Connection* connection, int limit);
  void remove(Connection* connection);
  /// Tells all to end after the answer at hand, then waits until none is open, at most `timeout`.
  void drain(Duration timeout);

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<Connection*> open_;
};

}  // namespace loci::http_detail
