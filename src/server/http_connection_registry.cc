#include "server/http_connection_registry.h"

#include "server/http_connection.h"

namespace loci::http_detail {

bool ConnectionRegistry::add(Connection* connection, int limit) {
  const std::lock_guard lock(mutex_);
  open_.insert(connection);
  return std::ssize(open_) <= limit;
}

void ConnectionRegistry::remove(Connection* connection) {
  const std::lock_guard lock(mutex_);
  open_.erase(connection);
  if (open_.empty()) empty_.notify_all();
}

void ConnectionRegistry::drain(Duration timeout) {
  std::vector<std::shared_ptr<Connection>>
      connections;  // let go outside the lock: the last one to do so calls remove()
  {
    const std::lock_guard lock(mutex_);
    for (Connection* connection : open_) connections.push_back(connection->weak_from_this().lock());
  }
  for (const auto& connection : connections)
    if (connection) connection->drain();
  connections.clear();
  std::unique_lock lock(mutex_);
  empty_.wait_for(lock, timeout, [this] { return open_.empty(); });
}

}  // namespace loci::http_detail
