#include <gtest/gtest.h>
#include <map>

#include "cluster/testing/fleet.h"
#include "cluster/testing/property.h"

namespace loci::cluster {
namespace {

using namespace cluster::testing;

TEST(ConsistentHash, SessionsThenPrefixesStayTogether) {
  const Fleet fleet(8);
  const auto router = *make_router("consistent-hash", {.prefix_blocks = 4});
  std::set<int> of_prefix, of_session, of_others;
  for (std::uint64_t own = 0; own < 50; ++own) {
    const auto keys = prompt_keys(1, 10, own, 4), other = prompt_keys(own + 2, 10);
    RouteRequest request = request_of(keys);
    of_prefix.insert(fleet.route(*router, request, 0.02 * static_cast<double>(own)).prefill);
    of_others.insert(fleet.route(*router, request_of(other)).prefill);
    request = request_of(other);
    request.session = 99;
    of_session.insert(fleet.route(*router, request).prefill);
  }
  EXPECT_EQ(of_prefix.size(), 1u);
  EXPECT_EQ(of_session.size(), 1u);
  EXPECT_EQ(of_others.size(), 8u);
}

// Nobody gets more than ceil((1 + bound) * mean), however popular one key is.
TEST(ConsistentHash, LoadIsBounded) {
  expect_property([] {
    const int size = *rc::gen::inRange(1, 12), requests = *rc::gen::inRange(1, 200);
    const double bound = *rc::gen::element(0.1, 0.25, 1.0);
    const int keys = *rc::gen::inRange(1, 4);
    Fleet fleet(size);
    const auto router = *make_router("consistent-hash", {.virtual_nodes = 10, .bounded_load = bound});
    for (int i = 0; i < requests; ++i) {
      RouteRequest request;
      request.session = static_cast<std::uint64_t>(i % keys + 1);
      ++fleet[fleet.route(*router, request).prefill].running;
      for (const ReplicaView& replica : fleet.replicas)
        RC_ASSERT(replica.running <= std::ceil((1 + bound) * (i + 1) / size));
    }
  });
}

}  // namespace
}  // namespace loci::cluster
