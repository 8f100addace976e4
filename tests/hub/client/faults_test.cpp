// Tests of what goes wrong between here and the hub: what passes is tried again, what does not is one sentence, and the
// cache never holds what the hub did not announce.
#include <sys/resource.h>

#include <csignal>

#include <tl/hub/cache.hpp>

#include "support.hpp"

using namespace tl;
using namespace tl::test;
namespace fs = std::filesystem;

namespace {

/// A hub with one large file, and a client.
struct Faulty {
  LocalHub hub;
  hub::detail::HttpClient client;
  std::string content = noise(400000);

  explicit Faulty(const hub::detail::Settings& settings = impatient()) : client(settings) {
    hub.add("models/org/tiny", "config.json", "{\"a\": 1}");
    hub.add("models/org/tiny", "model.safetensors", content);
  }
  /// The large file arrives whole.
  void require_whole() {
    const auto file = client.file(model, "model.safetensors", {});
    REQUIRE(file);
    CHECK(read_text(*file) == content);
    CHECK(unfinished(hub).empty());
  }
  std::string error() {
    return error_of([&] { client.file(model, "model.safetensors", {}); });
  }
  std::size_t asked_of_store() const { return hub.requests("model.safetensors").size(); }
};

void check_has(const std::string& sentence, const std::string& part) {
  INFO("sentence: " << sentence);
  CHECK(sentence.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("hub: 429 and 5xx are tried again") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"method": "HEAD", "status": 503, "times": 2},
                   {"server": "store", "status": 500, "times": 1},
                   {"server": "store", "skip": 0, "status": 429, "headers": {"Retry-After": "1"}, "times": 1}])");
  const auto begin = std::chrono::steady_clock::now();
  f.require_whole();
  CHECK(std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(900));  // Retry-After
}

TEST_CASE("hub: a server that stays out of order is named after the last attempt") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"method": "HEAD", "status": 502, "headers": {"X-Error-Message": "out of order"}}])");
  check_has(f.error(),
            "/org/tiny/resolve/main/model.safetensors answered with status 502 (out of order) 4 times; try again");
  CHECK(f.hub.requests("model.safetensors").size() == 4);
  f.hub.faults(R"([{"method": "HEAD", "status": 429, "headers": {"Retry-After": "3600"}}])");
  check_has(f.error(), "answered with status 429; it asks to try again in 3600 s");
  f.hub.faults(R"([{"server": "store", "status": 500}])");
  check_has(f.error(), "cannot download model.safetensors of org/tiny: " + f.hub.store());
  CHECK(blobs(f.hub) == 0);
  CHECK_THROWS_AS(f.client.file(model, "model.safetensors", {}), hub::Unreachable);
}

TEST_CASE("hub: a body that is cut short goes on from where it ended") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"server": "store", "cut": 100000, "times": 3}])");
  f.require_whole();
  std::vector<std::string> ranges;
  for (const Json& request : f.hub.requests("model.safetensors"))
    if (request["server"] == "store")
      ranges.push_back(request["range"].is_null() ? "" : request["range"].get<std::string>());
  CHECK(ranges == std::vector<std::string>{"", "bytes=100000-", "bytes=200000-", "bytes=300000-"});
}

TEST_CASE("hub: what a broken download received is there for the next one") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"server": "store", "cut": 100000, "times": 1}, {"server": "store", "drop": true}])");
  check_has(f.error(), "100000 bytes of it are kept and the next download goes on from there; check the network");
  CHECK(unfinished(f.hub).size() == 1);
  CHECK(blobs(f.hub) == 0);
  f.hub.faults("[]");
  std::vector<hub::Progress> heard;
  hub::set_progress([&](const hub::Progress& progress) { heard.push_back(progress); });
  f.require_whole();
  hub::set_progress({});
  CHECK(f.hub.requests("model.safetensors").back()["range"] == "bytes=100000-");
  CHECK(heard.back().resumed == 100000);
}

TEST_CASE("hub: a server that ignores ranges, and one that refuses them") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"server": "store", "cut": 100000, "times": 1}, {"server": "store", "ignore_range": true}])");
  f.require_whole();
  fs::remove_all(f.hub.cache());
  f.hub.faults(R"([{"server": "store", "cut": 150000, "times": 1}, {"server": "store", "status": 416, "times": 1}])");
  f.require_whole();
  fs::remove_all(f.hub.cache());
  f.hub.faults(R"([{"server": "store", "cut": 150000, "times": 1},
                   {"server": "store", "headers": {"Content-Range": "bytes 5-399999/400000"}}])");
  check_has(f.error(),
            "expected bytes from 150000 on, got the range \"bytes 5-399999/400000\"; nothing of it was kept");
  CHECK(unfinished(f.hub).empty());
}

TEST_CASE("hub: bytes that are not those of the hash are not kept") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(
      R"([{"server": "store", "corrupt": true}, {"path": "resolve-cache", "method": "GET", "corrupt": true}])");
  check_has(f.error(), "cannot use model.safetensors of org/tiny from " + f.hub.address() + "/org/tiny/resolve/main/");
  check_has(f.error(), "expected bytes with the hash ");
  check_has(f.error(), "got 400000 bytes with ");
  check_has(error_of([&] { f.client.file(model, "config.json", {}); }), "cannot use config.json of org/tiny");
  CHECK(blobs(f.hub) == 0);
  CHECK(unfinished(f.hub).empty());
  f.hub.faults("[]");
  f.require_whole();
}

TEST_CASE("hub: a wrong beginning that an earlier download left is replaced") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"server": "store", "cut": 100000, "times": 1}, {"server": "store", "drop": true}])");
  f.error();
  const auto left = unfinished(f.hub);
  REQUIRE(left.size() == 1);
  f.hub.faults("[]");
  write_text(f.hub.cache() / left[0], noise(200000, 99));
  f.require_whole();
  fs::remove_all(f.hub.cache() / "models--org--tiny/snapshots");
  fs::rename(f.hub.cache() / left[0].substr(0, left[0].size() - 11), f.hub.cache() / left[0]);  // killed at the end
  const std::size_t before = f.asked_of_store();
  f.require_whole();
  CHECK(f.asked_of_store() == before + 1);  // HEAD
  fs::remove_all(f.hub.cache() / "models--org--tiny/snapshots");
  fs::remove_all(f.hub.cache() / "models--org--tiny/blobs");
  fs::create_directories(f.hub.cache() / "models--org--tiny/blobs");
  write_text(f.hub.cache() / left[0], noise(500000, 99));  // longer than the file
  f.require_whole();
}

TEST_CASE("hub: a blob of the wrong size is downloaded again") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  const auto file = f.client.file(model, "model.safetensors", {});
  fs::resize_file(fs::canonical(*file), 1000);
  f.require_whole();
}

TEST_CASE("hub: sizes that differ") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"method": "HEAD", "headers": {"X-Linked-Size": "399999"}}])");
  check_has(f.error(), "expected 399999 bytes, as the hub announced, got more; nothing of it was kept");
  f.hub.faults(R"([{"method": "HEAD", "headers": {"X-Linked-Size": "400001"}}])");
  check_has(f.error(), "expected 400001 bytes, as the hub announced, got a file that ends at byte 400000");
  f.hub.faults(R"([{"method": "HEAD", "headers": {"X-Linked-Size": "9000000000000000000"}}])");
  check_has(f.error(), "it needs 9000000000000000000 more bytes and the disk of ");
  CHECK(blobs(f.hub) == 0);
  CHECK(unfinished(f.hub).size() <= 1);
  f.hub.faults("[]");
  f.require_whole();
}

TEST_CASE("hub: a body that comes slowly is awaited, one that does not come is not") {
  TL_NEED_LOCAL_HUB();
  hub::detail::Settings settings = impatient();
  settings.attempts = 2;
  Faulty f(settings);
  f.hub.environment.set("HF_HUB_DOWNLOAD_TIMEOUT", "1");
  f.hub.faults(R"([{"server": "store", "slow": 25000}])");
  f.require_whole();  // 1.6 seconds
  fs::remove_all(f.hub.cache());
  f.hub.faults(R"([{"server": "store", "hold": true, "cut": 1000, "times": 1}])");
  f.require_whole();  // the second attempt
  fs::remove_all(f.hub.cache());
  f.hub.faults(R"([{"server": "store", "hold": true, "cut": 1000, "times": 1}, {"server": "store", "hold": true}])");
  check_has(f.error(),
            "cannot download model.safetensors of org/tiny: nothing came for 1 s; 1000 bytes of it are kept");
  f.hub.faults("[]");
  f.require_whole();
  f.hub.environment.set("HF_HUB_ETAG_TIMEOUT", "1");
  f.hub.faults(R"([{"method": "HEAD", "stall": 2}])");
  const auto begin = std::chrono::steady_clock::now();
  check_has(f.error(), "cannot reach " + f.hub.address() + "/org/tiny/resolve/main/model.safetensors: ");
  CHECK(std::chrono::steady_clock::now() - begin <
        std::chrono::seconds(2));  // what the cache has needs no more attempts
  f.hub.environment.set("HF_HUB_ETAG_TIMEOUT", "soon");
  check_has(f.error(), "HF_HUB_ETAG_TIMEOUT: expected a number of seconds, got \"soon\"");
}

TEST_CASE("hub: no hub at all") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.environment.set("HF_ENDPOINT", "http://127.0.0.1:1/");
  for (const std::string& sentence :
       {f.error(), error_of([&] { f.client.commit(model, {}); }), error_of([&] { f.client.list_files(model, {}); })}) {
    check_has(sentence, "cannot reach http://127.0.0.1:1/");
    check_has(sentence, "or set HF_HUB_OFFLINE=1 to use only what the cache has");
  }
  f.hub.environment.set("HF_HUB_OFFLINE", "1");
  CHECK_THROWS_AS(f.client.commit(model, {}), hub::Unreachable);
  f.hub.environment.set("HF_HUB_OFFLINE", "0");
  f.hub.environment.set("HF_ENDPOINT", "ftp://127.0.0.1");
  check_has(f.error(), "expected an address that begins with https:// or http://, got ftp://127.0.0.1");
}

TEST_CASE("hub: answers that are not those of a hub") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"status": 200, "body": "<html>Sign in</html>", "headers": {"Content-Type": "text/html"}}])");
  check_has(f.error(),
            "with a commit in the header X-Repo-Commit, got one of the type \"text/html\" without; is HF_ENDPOINT");
  check_has(error_of([&] { f.client.commit(model, {}); }), "with a JSON object, got one of the type \"text/html\"");
  check_has(error_of([&] { f.client.list_files(model, {}); }), "with a JSON array, got one of the type");
  f.hub.faults(R"([{"path": "/api/", "json": "{\"sha\": \"../../evil\"}"}])");
  check_has(error_of([&] { f.client.commit(model, {}); }), "a commit of 40 hexadecimal digits as \"sha\"");
  f.hub.faults(R"([{"path": "/api/", "json": "{\"sha\": "}])");
  check_has(error_of([&] { f.client.commit(model, {}); }), "/api/models/org/tiny/revision/main");
  f.hub.faults(R"([{"path": "/api/", "json": "[{\"type\": \"file\"}]"}])");
  check_has(error_of([&] { f.client.list_files(model, {}); }), "\"type\" and \"path\" of each file");
  f.hub.faults(R"([{"headers": {"X-Linked-Etag": "\"../../../evil\""}}])");
  check_has(f.error(), "an ETag that can be the name of a file");
  f.hub.faults(R"([{"headers": {"X-Repo-Commit": "../../../evil"}}])");
  check_has(f.error(), "a commit in the header X-Repo-Commit");
  CHECK(tree_of(f.hub.cache()).empty());
}

TEST_CASE("hub: a pointer of Git LFS in place of a file") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.add("models/org/tiny", "pytorch_model.pt",
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  check_has(error_of([&] { f.client.file(model, "pytorch_model.pt", {}); }),
            "the server sent a Git LFS pointer in place of the file; nothing of it was kept");
  CHECK(blobs(f.hub) == 0);
}

TEST_CASE("hub: no path of a repository leads outside its folder") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  for (const char* path : {"../../../evil", "a/../../evil", "/etc/evil", "a//b", "a\\b", "."}) {
    const Json about = {{"listed", Json::array({path})}};
    f.hub.about("models/org/tiny", dump_json(about));
    check_has(error_of([&] { f.client.list_files(model, {}); }),
              "expected the path of a file inside of the repository, got");
    check_has(error_of([&] { f.client.file(model, path, {}); }),
              "expected the path of a file inside of the repository, got");
  }
  CHECK(tree_of(f.hub.cache()).empty());
}

TEST_CASE("hub: names and revisions that are none") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  check_has(error_of([&] { f.client.file({.id = "org/none"}, "config.json", {}); }),
            "there is no model org/none on " + f.hub.address() +
                "; check the name, or, if it is a private one, set HF_TOKEN");
  check_has(error_of([&] {
              f.client.list_files({hub::RepositoryKind::dataset, "org/tiny"}, {});
            }),
            "there is no data set org/tiny on ");
  const hub::Repository other{hub::RepositoryKind::model, "org/tiny", "v9"};
  check_has(error_of([&] { f.client.commit(other, {}); }),
            "expected a branch, a tag or a commit of the model org/tiny on " + f.hub.address() + ", got \"v9\"");
  check_has(error_of([&] { f.client.file(other, "config.json", {}); }), "got \"v9\", which it does not have");
  check_has(error_of([&] { f.client.file({.id = "../evil"}, "config.json", {}); }),
            "expected the name of a model on a hub");
  CHECK(tree_of(f.hub.cache()).empty());
}

TEST_CASE("hub: redirects") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  f.hub.faults(R"([{"method": "HEAD", "redirect": "/org/tiny/resolve/main/model.safetensors"}])");
  check_has(f.error(), "got more than 10 redirects");
  f.hub.faults(R"([{"server": "store", "redirect": "file:///etc/passwd"}])");
  check_has(f.error(), "expected an address that begins with https:// or http://, got file:///etc/passwd");
  CHECK(blobs(f.hub) == 0);
}

TEST_CASE("hub: a disk that fills and a cache that cannot be written") {
  TL_NEED_LOCAL_HUB();
  Faulty f;
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit small { 100000, before.rlim_max };
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string sentence = f.error();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  check_has(sentence,
            ".incomplete: File too large; wanted 400000 bytes, wrote 100000; free some space, or set HF_HUB_CACHE");
  CHECK(unfinished(f.hub).empty());
  CHECK(blobs(f.hub) == 0);
  write_text(f.hub.home() / "file", "");
  check_has(error_of([&] { f.client.file(model, "config.json", {.cache_dir = f.hub.home() / "file"}); }),
            "cannot make the folder " + (f.hub.home() / "file").string());
  f.require_whole();
}
