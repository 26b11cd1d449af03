#include "cluster/assumed_prefixes.h"

#include <algorithm>

#include "base/check.h"

namespace loci::cluster {

void AssumedPrefixes::routed(int replica, std::span<const BlockKey> keys, Time now) {
  LOCI_CHECK(replica >= 0);
  const auto index = static_cast<std::size_t>(replica);
  if (index >= replicas_.size()) replicas_.resize(index + 1);
  Replica& here = replicas_[index];
  // From the last block on, so that the first is the most recent.
  for (std::size_t i = std::min(keys.size(), most_); i-- > 0;) {
    if (Order::iterator* known = here.where.find(keys[i])) {
      (*known)->since = now;
      here.order.splice(here.order.begin(), here.order, *known);
      continue;
    }
    if (here.order.size() >= most_) drop_last(replica);
    here.order.push_front({keys[i], now});
    here.where.insert(keys[i], here.order.begin());
    directory_.stored(replica, keys[i]);
  }
}

void AssumedPrefixes::drop_last(int replica) {
  Replica& here = replicas_[static_cast<std::size_t>(replica)];
  directory_.removed(replica, here.order.back().key);
  here.where.erase(here.order.back().key);
  here.order.pop_back();
}

void AssumedPrefixes::forget(int replica) {
  if (replica < 0 || static_cast<std::size_t>(replica) >= replicas_.size()) return;
  directory_.forget(replica);
  replicas_[static_cast<std::size_t>(replica)] = {};
}

const PrefixDirectory& AssumedPrefixes::at(Time now) {
  for (std::size_t i = 0; i < replicas_.size(); ++i)
    while (!replicas_[i].order.empty() && seconds(now - replicas_[i].order.back().since) > lives_)
      drop_last(static_cast<int>(i));
  return directory_;
}

}  // namespace loci::cluster
