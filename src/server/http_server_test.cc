#include "server/http_server.h"

#include <functional>
#include <future>
#include <gtest/gtest.h>
#include <mutex>
#include <stdexcept>

#include "server/testing/loopback_client.h"

namespace loci {
namespace {

using namespace std::chrono_literals;
using testing::LoopbackClient;

HttpResponse text_response(std::string body) {
  return {.status = 200, .headers = {}, .body = std::move(body), .close = false};
}

/// Answers /echo with the body, hands /hold to the test, throws on /throw.
class TestHandler final : public HttpHandler {
 public:
  void handle(std::shared_ptr<Exchange> exchange) override {
    const std::string& path = exchange->request().path;
    if (path == "/throw") throw std::runtime_error("as asked");
    if (path == "/stream") {
      exchange->begin_stream({});
      for (const char* part : {"one", "", "two", "three"}) exchange->write(part);
      return exchange->end_stream();
    }
    if (path == "/echo") return exchange->respond(text_response(exchange->request().body));
    if (path != "/hold") return exchange->respond(text_response(path));
    exchange->on_disconnect([this] { gone.set_value(); });
    held.set_value(std::move(exchange));
  }
  HttpResponse refuse(const HttpRequest&, int status, std::string_view message) override {
    HttpResponse response = text_response(std::string(message));
    response.status = status;
    return response;
  }
  void complete(const HttpRequest&, HttpResponse& response) override {
    response.headers.push_back({"X-Test", "1"});
  }

  std::shared_ptr<Exchange> wait_for_held() {
    auto future = held.get_future();
    return future.wait_for(10s) == std::future_status::ready ? future.get() : nullptr;
  }
  /// Waits until the connection is past the handler and watches its client.
  static void wait_until_watched(Exchange& exchange) {
    std::promise<void> watched;
    exchange.post([&watched] { watched.set_value(); });
    watched.get_future().wait();
  }
  bool wait_for_disconnect() { return gone.get_future().wait_for(10s) == std::future_status::ready; }

  std::promise<std::shared_ptr<Exchange>> held;
  std::promise<void> gone;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    auto server =
        HttpServer::start({.host = "127.0.0.1", .port = 0, .io_threads = 2, .limits = limits}, handler);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  LoopbackClient client(int receive_buffer = 0) { return LoopbackClient(server_->port(), receive_buffer); }
  HttpResponse ask(std::string_view bytes) {
    LoopbackClient one = client();
    one.send(bytes);
    return one.read_response();
  }

  TestHandler handler;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, KeepsTheConnectionForTheNextRequest) {
  start();
  LoopbackClient one = client();
  for (int i = 0; i < 3; ++i) {
    one.post("/echo", "body " + std::to_string(i));
    const HttpResponse response = one.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "body " + std::to_string(i));
    EXPECT_EQ(*find_header(response.headers, "Connection"), "keep-alive");
    EXPECT_NE(find_header(response.headers, "X-Test"), nullptr);
  }
}

TEST_F(HttpServerTest, ClosesWhereTheClientAsks) {
  start();
  LoopbackClient one = client();
  one.get("/a", "Connection: close\r\n");
  EXPECT_EQ(one.read_response().body, "/a");
  EXPECT_TRUE(one.ends());
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  LoopbackClient one = client();
  one.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpResponse head = one.read_response(/*to_head=*/true);
  EXPECT_EQ(*find_header(head.headers, "Content-Length"), "4");
  one.get("/next");
  EXPECT_EQ(one.read_response().body, "/next");
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  start();
  LoopbackClient one = client();
  one.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(one.read_response().body, "/a");
  EXPECT_TRUE(one.ends());

  LoopbackClient kept = client();
  kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(kept.read_response().body, "/a");
  EXPECT_EQ(kept.read_response().body, "/b");

  LoopbackClient streaming = client();
  streaming.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const HttpResponse response = streaming.read_response();
  EXPECT_EQ(find_header(response.headers, "Transfer-Encoding"), nullptr);
  EXPECT_EQ(response.body, "onetwothree");
}

TEST_F(HttpServerTest, StreamsInChunks) {
  start();
  LoopbackClient one = client();
  one.get("/stream");
  one.read_head();
  EXPECT_EQ(one.read_until("0\r\n\r\n"), "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
  one.get("/next");
  EXPECT_EQ(one.read_response().body, "/next");
}

TEST_F(HttpServerTest, ReadsChunkedBodies) {
  start();
  LoopbackClient one = client();
  one.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  one.send("2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_EQ(one.read_response().body, "abcde");
  one.get("/next");
  EXPECT_EQ(one.read_response().body, "/next");
}

TEST_F(HttpServerTest, InvitesTheBodyThatAwaitsIt) {
  start();
  LoopbackClient one = client();
  one.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(one.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  one.send("abc");
  EXPECT_EQ(one.read_response().body, "abc");
}

TEST_F(HttpServerTest, RefusesTooLargeABody) {
  start({.max_body_bytes = 1000});
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n").status, 413);
  EXPECT_EQ(
      ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x')).status,
      413);
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')).body.size(),
            1000u);
}

TEST_F(HttpServerTest, AClientThatSendsItsLargeBodyFirstStillReadsTheRefusal) {
  start({.max_body_bytes = 1000});
  LoopbackClient one = client();
  EXPECT_TRUE(one.post("/echo", std::string(16 << 20, 'x')));
  EXPECT_EQ(one.read_response().status, 413);
  EXPECT_TRUE(one.ends());
}

TEST_F(HttpServerTest, RefusesAFloodOfHeaders) {
  start({.max_header_bytes = 4096});
  std::string headers;
  for (int i = 0; i < 1000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(ask("GET / HTTP/1.1\r\n" + headers + "\r\n").status, 431);
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nX: " + std::string(100000, 'y')).status, 431);
  EXPECT_EQ(ask("GET /" + std::string(100000, 'y') + " HTTP/1.1\r\n\r\n").status, 431);
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  start();
  EXPECT_EQ(ask("nonsense\r\n\r\n").status, 400);
  EXPECT_EQ(ask(std::string("\x16\x03\x01\x02\0\x01\0", 7)).status, 400);
  EXPECT_EQ(ask("GET / HTTP/2.0\r\n\r\n").status, 505);
  EXPECT_EQ(ask("GET nowhere HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET /%zz HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nno colon\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status,
            400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").status, 400);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n").status, 501);
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\n").status, 417);
  EXPECT_EQ(ask("\r\n\r\nGET /after-empty-lines HTTP/1.1\r\n\r\n").status, 200);
}

TEST_F(HttpServerTest, AChunkHeaderWithoutEndIsRefused) {
  start();
  EXPECT_EQ(ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(200000, 'x')).status,
            400);
}

TEST_F(HttpServerTest, ARequestThatEndsEarlyIsRefused) {
  start();
  for (const char* part : {"GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"}) {
    LoopbackClient one = client();
    one.send(part);
    one.close_sending_half();
    EXPECT_EQ(one.read_response().status, 400) << part;
  }
}

TEST_F(HttpServerTest, SlowHeadersAndBodiesTimeOut) {
  start({.header_timeout = 20ms, .body_timeout = 20ms});
  for (const char* part : {"GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc"}) {
    LoopbackClient one = client();
    one.send(part);
    EXPECT_EQ(one.read_response().status, 408) << part;
    EXPECT_TRUE(one.ends());
  }
}

TEST_F(HttpServerTest, DrippingBytesDoNotExtendTheHeaderDeadline) {
  start({.header_timeout = 50ms});
  LoopbackClient one = client();
  one.send("GET / HTTP/1.1\r\n");
  std::atomic<bool> stop = false;
  std::thread dripping([&] {
    while (!stop && one.send("X: y\r\n")) std::this_thread::yield();
  });
  const int status = one.read_response().status;
  stop = true;
  dripping.join();
  EXPECT_TRUE(status == 408 || status == 431) << status;
}

TEST_F(HttpServerTest, IdleConnectionsEnd) {
  start({.idle_timeout = 20ms});
  LoopbackClient one = client();
  EXPECT_TRUE(one.ends());
  LoopbackClient used = client();
  used.get("/a");
  EXPECT_EQ(used.read_response().body, "/a");
  EXPECT_TRUE(used.ends());
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  LoopbackClient one = client();
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  one.send(requests);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(one.read_response().body, "/" + std::to_string(i));
}

TEST_F(HttpServerTest, BytesThatComeWhileARequestRunsAreNotLost) {
  start();
  LoopbackClient one = client();
  one.get("/hold");
  const auto exchange = handler.wait_for_held();
  ASSERT_NE(exchange, nullptr);
  one.post("/echo", std::string(200000, 'z'));  // more than is read ahead
  exchange->post([exchange] { exchange->respond(text_response("first")); });
  EXPECT_EQ(one.read_response().body, "first");
  EXPECT_EQ(one.read_response().body, std::string(200000, 'z'));
}

TEST_F(HttpServerTest, AHalfClosedClientIsServedToTheEnd) {
  start({.half_close_grace = 1h});
  LoopbackClient one = client();
  one.get("/hold");
  one.close_sending_half();
  const auto exchange = handler.wait_for_held();
  ASSERT_NE(exchange, nullptr);
  exchange->post([exchange] { exchange->respond(text_response("served")); });
  EXPECT_EQ(one.read_response().body, "served");
  EXPECT_TRUE(one.ends());
}

TEST_F(HttpServerTest, AnEndOfFileInMidRequestIsADisconnect) {
  start({.half_close_grace = 0ns});
  LoopbackClient one = client();
  one.get("/hold");
  const auto exchange = handler.wait_for_held();
  TestHandler::wait_until_watched(*exchange);
  one.close();
  EXPECT_TRUE(handler.wait_for_disconnect());
  exchange->post([exchange] { exchange->respond(text_response("too late")); });
}

TEST_F(HttpServerTest, AResetIsADisconnectEvenWithinTheGrace) {
  start({.half_close_grace = 1h});
  LoopbackClient one = client();
  one.get("/hold");
  const auto exchange = handler.wait_for_held();
  one.reset();
  EXPECT_TRUE(handler.wait_for_disconnect());
}

TEST_F(HttpServerTest, AFailedWriteIsADisconnect) {
  start({.half_close_grace = 1h});
  LoopbackClient one = client();
  one.get("/hold");
  const auto exchange = handler.wait_for_held();
  one.close();  // looks like a half-closed client until something is written
  exchange->post([exchange] { exchange->begin_stream({}); });
  auto gone = handler.gone.get_future();
  while (gone.wait_for(1ms) != std::future_status::ready)
    exchange->post([exchange] { exchange->write("more"); });
}

TEST_F(HttpServerTest, ASlowReaderGetsEverything) {
  start();
  LoopbackClient one = client(/*receive_buffer=*/4096);
  one.get("/hold");
  const auto exchange = handler.wait_for_held();
  constexpr std::size_t kChunks = 256;
  const std::string chunk(65536, 'c');
  exchange->post([exchange] { exchange->begin_stream({}); });
  for (std::size_t i = 0; i < kChunks; ++i) exchange->post([exchange, &chunk] { exchange->write(chunk); });
  exchange->post([exchange] { exchange->end_stream(); });
  EXPECT_EQ(one.read_response().body.size(), kChunks * chunk.size());
}

TEST_F(HttpServerTest, AReaderThatNeverReadsIsDropped) {
  start({.write_timeout = 20ms});
  LoopbackClient one = client(/*receive_buffer=*/4096);
  one.get("/hold");
  const auto exchange = handler.wait_for_held();
  exchange->post([exchange] { exchange->begin_stream({}); });
  exchange->post([exchange] { exchange->write(std::string(32 << 20, 'c')); });
  EXPECT_TRUE(handler.wait_for_disconnect());
}

TEST_F(HttpServerTest, AnExceptionBecomesAServerError) {
  start();
  LoopbackClient one = client();
  one.get("/throw");
  EXPECT_EQ(one.read_response().status, 500);
  one.get("/next");
  EXPECT_EQ(one.read_response().body, "/next");
}

TEST_F(HttpServerTest, RefusesTooManyConnections) {
  start({.max_connections = 2});
  LoopbackClient first = client(), second = client();
  for (LoopbackClient* one : {&first, &second}) {
    one->get("/a");
    EXPECT_EQ(one->read_response().status, 200);
  }
  EXPECT_EQ(client().read_response().status, 503);
  first.get("/still-there");
  EXPECT_EQ(first.read_response().body, "/still-there");
}

TEST_F(HttpServerTest, StopLetsTheAnswerAtHandLeave) {
  start();
  LoopbackClient idle = client(), busy = client();
  idle.get("/a");
  idle.read_response();
  busy.get("/hold");
  const auto exchange = handler.wait_for_held();
  auto stopped = std::async(std::launch::async, [this] { server_->stop(10s); });
  EXPECT_TRUE(idle.ends());
  exchange->post([exchange] { exchange->respond(text_response("last words")); });
  const HttpResponse response = busy.read_response();
  EXPECT_EQ(response.body, "last words");
  EXPECT_EQ(*find_header(response.headers, "Connection"), "close");
  stopped.get();
  exchange->post([exchange] { exchange->respond(text_response("nobody hears this")); });
}

TEST_F(HttpServerTest, StopDoesNotWaitForever) {
  start();
  LoopbackClient busy = client();
  busy.get("/hold");
  const auto exchange = handler.wait_for_held();
  server_->stop(10ms);
  EXPECT_TRUE(server_ != nullptr && exchange != nullptr);
}

TEST(HttpServer, AnAddressThatCannotBeHadIsAnError) {
  TestHandler handler;
  const auto server =
      HttpServer::start({.host = "203.0.113.7", .port = 1, .io_threads = 1, .limits = {}}, handler);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, ErrorCode::kIo);
  EXPECT_NE(server.error().message.find("203.0.113.7:1"), std::string::npos) << server.error().message;
}

}  // namespace
}  // namespace loci
