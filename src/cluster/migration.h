// The decision to move a request from one replica to another: a waiting one loses its place and what was
// cached for it, a running one takes its KV along.
#pragma once

#include "base/ids.h"

namespace loci::cluster {

struct Migration {
  RequestId request{};
  int from = 0, to = 0;  // replicas
  bool operator==(const Migration&) const = default;
};

}  // namespace loci::cluster
