// A counting semaphore for coroutines on one thread; first come, first served. Only load_generator.cc
// includes this.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

namespace loci::bench {

class Slots {
 public:
  Slots(boost::asio::io_context& context, int free) : context_(context), free_(free) {}

  boost::asio::awaitable<void> take() {
    if (free_ > 0) {
      --free_;
      co_return;
    }
    boost::asio::steady_timer turn(context_, boost::asio::steady_timer::time_point::max());
    waiting_.push_back(&turn);
    co_await turn.async_wait(kAwait);  // give() hands the slot over
  }
  void give() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    waiting_.front()->cancel();
    waiting_.pop_front();
  }

 private:
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);  // see http_connection.cc
  boost::asio::io_context& context_;
  int free_;
  std::deque<boost::asio::steady_timer*> waiting_;
};

}  // namespace loci::bench
