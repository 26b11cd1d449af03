// The whole of a pull against a hub on the loopback interface, and each of its faults.
#include "hub/pull.h"

#include <gmock/gmock.h>
#include <thread>

#include "hub/store.h"
#include "hub/testing/fake_hub.h"
#include "testing/files.h"

namespace loci {
namespace {

using ::testing::ElementsAre;
using testing::FakeHub;
using testing::FakeServer;
using ::testing::HasSubstr;
using testing::HubAnswer;
using testing::HubRequest;

/// Bytes that are the same nowhere, so that a part put in the wrong place shows.
std::string content(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i) + ' ';
  bytes.resize(size);
  return bytes;
}

class NotedEvents final : public PullObserver {
 public:
  void note(std::string_view line) override { notes.emplace_back(line); }
  void on_progress(const PullProgress& progress) override { last = progress; }
  void file_done(const PullProgress& progress) override { done.emplace_back(progress.file); }
  std::vector<std::string> notes, done;
  PullProgress last;
};

class PullTest : public ::testing::Test {
 protected:
  PullTest() {
    for (const char* proxy : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(proxy);
    hub.files = {{"config.json", "{}"}, {"model.safetensors", content(300'000)}, {"README.md", "no"}};
  }

  PullOptions options(const std::string& quant = "") {
    PullOptions options;
    options.repository.model = {"org", "model", quant};
    options.folder = model_folder(store, options.repository.model);
    options.connection.endpoint = hub.url();
    options.connection.token = token;
    options.connection.stall_timeout = std::chrono::seconds(5);
    options.retry.first_delay = options.retry.longest_delay = std::chrono::milliseconds(1);
    return options;
  }
  Result<Pulled> pull_now(const std::string& quant = "") { return pull(options(quant), events); }
  std::string error(const std::string& quant = "") {
    const auto pulled = pull_now(quant);
    return pulled ? "" : pulled.error().message;
  }
  std::string on_disk(const std::string& file) {
    return testing::read_file(model_folder(store, {"org", "model"}) / file);
  }
  std::vector<std::string> parts() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store))
      if (entry.path().extension() == ".part") found.push_back(entry.path());
    return found;
  }

  testing::TemporaryFolder folder;
  std::filesystem::path store = folder / "store";
  FakeHub hub;
  std::string token;
  NotedEvents events;
};

TEST_F(PullTest, FetchesTheModelAndNothingElse) {
  const auto pulled = pull_now();
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
  EXPECT_EQ(on_disk("config.json"), "{}");
  EXPECT_FALSE(std::filesystem::exists(pulled->model / "README.md"));
  EXPECT_EQ(pulled->downloaded, 2U);
  EXPECT_EQ(pulled->bytes, 300'002U);
  EXPECT_THAT(events.done, ElementsAre("config.json", "model.safetensors"));
  EXPECT_EQ(events.last.total_bytes, events.last.total_size);
  EXPECT_EQ(find_pulled(store, {"org", "model"}), pulled->model);
  EXPECT_TRUE(parts().empty());
}

TEST_F(PullTest, FetchesNothingTwice) {
  ASSERT_TRUE(pull_now().has_value());
  const std::size_t before = hub.downloads().size();
  const auto again = pull_now();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->downloaded, 0U);
  EXPECT_EQ(again->bytes, 300'002U);
  EXPECT_EQ(hub.downloads().size(), before);
}

TEST_F(PullTest, AFileThatChangedOnTheHubIsFetchedAgain) {
  ASSERT_TRUE(pull_now().has_value());
  hub.files["config.json"] = "[]";  // of the same size
  const auto again = pull_now();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->downloaded, 1U);
  EXPECT_EQ(on_disk("config.json"), "[]");
}

TEST_F(PullTest, AFileThatWasThereBeforeIsTakenIfItsChecksumFits) {
  std::filesystem::create_directories(model_folder(store, {"org", "model"}));
  testing::write_file(model_folder(store, {"org", "model"}) / "config.json", "{}");
  testing::write_file(model_folder(store, {"org", "model"}) / "model.safetensors",
                      std::string(300'000, 'x'));  // the size alone is right
  const auto pulled = pull_now();
  ASSERT_TRUE(pulled.has_value());
  EXPECT_EQ(pulled->downloaded, 1U);
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
}

TEST_F(PullTest, GoesOnWhereAConnectionWasCut) {
  std::atomic<int> cuts = 3;
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("model.safetensors") || cuts-- <= 0) return std::nullopt;
    HubAnswer answer = FakeHub::content(hub.files["model.safetensors"], request);
    answer.cut_after = 70'000;
    return answer;
  };
  ASSERT_EQ(error(), "");
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
  std::vector<std::string> ranges;
  for (const HubRequest& request : hub.downloads())
    if (request.path.ends_with("model.safetensors")) ranges.push_back(request.header("range"));
  EXPECT_THAT(ranges, ElementsAre("", "bytes=70000-", "bytes=140000-", "bytes=210000-"));
}

TEST_F(PullTest, TheNextPullGoesOnToo) {
  std::atomic<bool> broken = true;
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!broken || !request.path.ends_with("model.safetensors")) return std::nullopt;
    if (!request.header("range").empty()) return HubAnswer{.status = 503};
    HubAnswer answer{.body = hub.files["model.safetensors"]};
    answer.cut_after = 100'000;
    return answer;
  };
  EXPECT_THAT(error(), HasSubstr("503"));
  EXPECT_EQ(parts().size(), 1U);
  const auto found = find_pulled(store, {"org", "model"});
  ASSERT_FALSE(found.has_value());
  EXPECT_THAT(found.error().message, HasSubstr("not finished"));
  broken = false;
  ASSERT_EQ(error(), "");
  EXPECT_EQ(hub.downloads().back().header("range"), "bytes=100000-");
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
}

TEST_F(PullTest, AServerWithoutRangesSendsEverythingAgain) {
  std::atomic<int> requests = 0;
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("model.safetensors")) return std::nullopt;
    HubAnswer answer{.body = hub.files["model.safetensors"]};
    if (requests++ == 0) answer.cut_after = 1000;
    return answer;
  };
  ASSERT_EQ(error(), "");
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
}

TEST_F(PullTest, APartThatChangedOnTheHubBeginsAnew) {
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("model.safetensors")) return std::nullopt;
    if (!request.header("range").empty()) return HubAnswer{.status = 500};
    HubAnswer answer{.body = hub.files["model.safetensors"]};
    answer.cut_after = 100'000;
    return answer;
  };
  EXPECT_NE(error(), "");
  hub.intercept = [](const HubRequest&) { return std::nullopt; };
  hub.files["model.safetensors"] = "new" + content(299'997);
  ASSERT_EQ(error(), "");
  EXPECT_EQ(hub.downloads().back().header("range"), "");
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
}

TEST_F(PullTest, WrongBytesAreDeleted) {
  hub.fake_sha256["model.safetensors"] = std::string(64, 'a');
  EXPECT_THAT(error(), HasSubstr("model.safetensors: checksum mismatch: expected aaaa"));
  EXPECT_TRUE(parts().empty());
  EXPECT_EQ(on_disk("model.safetensors"), "");
}

TEST_F(PullTest, WrongBytesOfASmallFileAreNoticedToo) {
  hub.intercept = [](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("config.json")) return std::nullopt;
    return HubAnswer{.body = "[]"};
  };
  EXPECT_THAT(error(), HasSubstr("config.json: checksum mismatch"));
}

TEST_F(PullTest, MoreBytesThanListedAreRefused) {
  hub.intercept = [](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("config.json")) return std::nullopt;
    return HubAnswer{.body = "{}{}"};
  };
  EXPECT_THAT(error(), HasSubstr("more than the 2 bytes"));
}

TEST_F(PullTest, ReadsEveryPageOfTheList) {
  for (int i = 0; i < 25; ++i) hub.files["shard-" + std::to_string(100 + i) + ".json"] = std::to_string(i);
  hub.page_size = 4;
  const auto pulled = pull_now();
  ASSERT_TRUE(pulled.has_value()) << pulled.error().message;
  EXPECT_EQ(pulled->files, 27U);
}

TEST_F(PullTest, AHubWithoutTreesIsAskedForItsModelInfo) {
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (request.path.find("/tree/") != std::string::npos) return HubAnswer{.status = 404};
    if (request.path != "/api/models/org/model/revision/main") return std::nullopt;
    return HubAnswer{.body = R"({"siblings":[{"rfilename":"config.json"},{"rfilename":"model.safetensors",
      "size":300000,"lfs":{"sha256":")" +
                             FakeHub::sha256(hub.files["model.safetensors"]) + R"("}}]})"};
  };
  ASSERT_EQ(error(), "");
  EXPECT_EQ(on_disk("config.json"), "{}");
  EXPECT_THAT(events.notes, ::testing::Contains(HasSubstr("config.json: the hub gives no checksum")));
}

TEST_F(PullTest, TriesAgainWhenTheHubIsBusy) {
  std::atomic<int> refusals = 4;
  hub.intercept = [&](const HubRequest&) -> std::optional<HubAnswer> {
    if (refusals-- <= 0) return std::nullopt;
    return HubAnswer{.status = refusals % 2 == 0 ? 503 : 429};
  };
  ASSERT_EQ(error(), "");
  EXPECT_EQ(events.notes.size(), 4U);
}

TEST_F(PullTest, GivesUpInTheEnd) {
  hub.intercept = [](const HubRequest&) { return HubAnswer{.status = 502}; };
  EXPECT_THAT(error(), HasSubstr("502"));
  EXPECT_EQ(hub.requests().size(), 6U);
}

TEST_F(PullTest, SaysWhatToDoWithoutPermission) {
  hub.intercept = [](const HubRequest&) { return HubAnswer{.status = 401}; };
  EXPECT_THAT(error(), HasSubstr("set HF_TOKEN"));
  EXPECT_EQ(hub.requests().size(), 1U) << "no retry helps";
  token = "secret";
  EXPECT_THAT(error(), HasSubstr("the token in HF_TOKEN may not read it"));
  hub.intercept = [](const HubRequest&) {
    return HubAnswer{.status = 403, .headers = "X-Error-Message: accept the terms\r\n"};
  };
  EXPECT_THAT(error(), HasSubstr("accept the terms"));
}

TEST_F(PullTest, SaysWhatIsNotThere) {
  hub.repo = "org/other";
  EXPECT_THAT(error(), HasSubstr("org/model: not found"));
  hub.repo = "org/model";
  EXPECT_THAT(error("Q4_K_M"), HasSubstr("org/model: there is no GGUF file"));
  hub.intercept = [](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("config.json")) return std::nullopt;
    return HubAnswer{.status = 404};
  };
  EXPECT_THAT(error(), HasSubstr("org/model: config.json: not found"));
}

TEST_F(PullTest, TheTokenStaysWithTheHub) {
  token = "secret";
  FakeServer elsewhere(
      [&](const HubRequest& request) { return FakeHub::content(hub.files["model.safetensors"], request); });
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (!request.path.ends_with("model.safetensors")) return std::nullopt;
    return HubAnswer{.status = 302, .headers = "Location: " + elsewhere.url() + "/blob?signature=x\r\n"};
  };
  ASSERT_EQ(error(), "");
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
  for (const HubRequest& request : hub.requests())
    EXPECT_EQ(request.header("authorization"), "Bearer secret");
  ASSERT_EQ(elsewhere.requests().size(), 1U);
  EXPECT_EQ(elsewhere.requests()[0].header("authorization"), "");
}

TEST_F(PullTest, ARedirectWithinTheHubKeepsTheTokenAndTheRange) {
  token = "secret";
  std::atomic<int> cuts = 1;
  hub.intercept = [&](const HubRequest& request) -> std::optional<HubAnswer> {
    if (request.path == "/blob") {
      HubAnswer answer = FakeHub::content(hub.files["model.safetensors"], request);
      if (cuts-- > 0) answer.cut_after = 5;
      return answer;
    }
    if (!request.path.ends_with("model.safetensors")) return std::nullopt;
    return HubAnswer{.status = 307, .headers = "Location: /blob\r\n"};
  };
  ASSERT_EQ(error(), "");
  EXPECT_EQ(hub.requests().back().header("authorization"), "Bearer secret");
  EXPECT_EQ(hub.requests().back().header("range"), "bytes=5-");
}

TEST_F(PullTest, RedirectsThatLeadNowhereEnd) {
  hub.intercept = [](const HubRequest&) {
    return HubAnswer{.status = 302, .headers = "Location: /again\r\n"};
  };
  EXPECT_THAT(error(), HasSubstr("redirects"));
  hub.intercept = [](const HubRequest&) {
    return HubAnswer{.status = 302, .headers = "Location: file:///etc/passwd\r\n"};
  };
  EXPECT_THAT(error(), HasSubstr("neither http nor https"));
  hub.intercept = [](const HubRequest&) { return HubAnswer{.status = 302}; };
  EXPECT_THAT(error(), HasSubstr("nowhere"));
}

TEST_F(PullTest, NamesThatLeaveTheFolderAreRefused) {
  for (const char* path : {"../escaped.json", "a/../../escaped.json", "/tmp/escaped.json", "a\\\\b.json"}) {
    hub.files = {{"config.json", "{}"}, {"model.safetensors", "x"}, {path, "{}"}};
    EXPECT_THAT(error(), HasSubstr("no safe file name")) << path;
    EXPECT_TRUE(hub.downloads().empty());
  }
}

TEST_F(PullTest, MalformedListsAreRefused) {
  for (const char* list : {"", "{", "{}", "null", "[1]", "[{}]", R"([{"path": 1}])",
                           R"([{"path": "a", "lfs": {"oid": "short"}}])"}) {
    hub.intercept = [list](const HubRequest&) { return HubAnswer{.body = list}; };
    EXPECT_THAT(error(), HasSubstr("list of files is malformed")) << list;
  }
  hub.intercept = [&](const HubRequest& request) {  // pages without end
    return HubAnswer{.headers = "Link: <" + request.path + ">; rel=\"next\"\r\n", .body = "[]"};
  };
  EXPECT_THAT(error(), HasSubstr("pages"));
}

TEST_F(PullTest, AFullDiskIsNoticedBeforehand) {
  hub.intercept = [](const HubRequest&) {
    return HubAnswer{.body = R"([{"path":"m.gguf","size":9000000000000000000,"oid":"x"},
                                 {"path":"config.json","size":18446744073709551615}])"};
  };
  EXPECT_THAT(error(), HasSubstr("9000000000.00 GB are needed"));
  EXPECT_TRUE(hub.downloads().empty());
}

TEST_F(PullTest, TakesTheQuantAndFindsItLater) {
  hub.files = {{"m-Q4_K_M.gguf", content(1000)}, {"m-Q8_0.gguf", content(2000)}};
  const auto eight = pull_now("q8_0");
  ASSERT_TRUE(eight.has_value()) << eight.error().message;
  EXPECT_EQ(eight->model.filename(), "m-Q8_0.gguf");
  EXPECT_EQ(find_pulled(store, {"org", "model"}), eight->model) << "the only one that was pulled";
  EXPECT_FALSE(find_pulled(store, {"org", "model", "Q4_K_M"}).has_value());
  const auto preferred = pull_now();
  ASSERT_TRUE(preferred.has_value());
  EXPECT_EQ(preferred->model.filename(), "m-Q4_K_M.gguf");
  EXPECT_THAT(events.notes, ElementsAre(HasSubstr("taking Q4_K_M")));
  EXPECT_EQ(find_pulled(store, {"org", "model", "Q8_0"}), eight->model);
}

TEST_F(PullTest, TwoAtOnceTakeTurns) {
  NotedEvents other;
  std::thread second([&] { EXPECT_TRUE(pull(options(), other).has_value()); });
  EXPECT_TRUE(pull_now().has_value());
  second.join();
  EXPECT_EQ(hub.downloads().size(), 2U) << "one of them found both files";
  EXPECT_EQ(on_disk("model.safetensors"), hub.files["model.safetensors"]);
}

TEST_F(PullTest, NoHubAtAll) {
  PullOptions nowhere = options();
  nowhere.connection.endpoint = "http://127.0.0.1:1";
  EXPECT_THAT(pull(nowhere, events).error().message, HasSubstr("127.0.0.1:1"));
  nowhere.connection.endpoint = "ftp://example.org";
  EXPECT_THAT(pull(nowhere, events).error().message, HasSubstr("HF_ENDPOINT"));
  nowhere.connection.endpoint = hub.url();
  nowhere.connection.token = "a\r\nHost: elsewhere";
  EXPECT_THAT(pull(nowhere, events).error().message, HasSubstr("HF_TOKEN"));
}

TEST_F(PullTest, ABrokenRecordIsNamed) {
  ASSERT_TRUE(pull_now().has_value());
  for (const char* record :
       {"", "{}", R"({"files": []})", R"({"files": {"../x": ""}})", R"({"files": {"x": 1}})"}) {
    testing::write_file(model_folder(store, {"org", "model"}) / ".loci-pull.json", record);
    EXPECT_THAT(error(), HasSubstr(".loci-pull.json")) << record;
    EXPECT_FALSE(find_pulled(store, {"org", "model"}).has_value());
  }
}

TEST(Digest, KnownValues) {
  EXPECT_EQ(FakeHub::sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Digest blob = Digest::git_blob(6);
  blob.add(std::as_bytes(std::span(std::string_view("hello\n"))));
  EXPECT_EQ(blob.finish(), "ce013625030ba8dba906f756967f9e9ca394464a");
}

}  // namespace
}  // namespace loci
