// Tests of downloads that meet: several processes and threads that want one file, and one that is killed in the middle.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "hub/blob.hpp"
#include "support.hpp"

using namespace tl;
using namespace tl::test;
namespace fs = std::filesystem;

namespace {

/// Runs `work` in a process of its own, which ends with 0 if it returns.
template <class Work> pid_t in_process(const Work& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int status = 1;
  try {
    work();
    status = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
  }
  ::_exit(status);
}

int status_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

void wait_for(const fs::path& file) {
  for (int i = 0; i < 1000 && !fs::exists(file); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(fs::exists(file));
}

std::size_t asked_of_store(const LocalHub& hub) {
  std::size_t count = 0;
  for (const Json& request : hub.requests()) count += request["server"] == "store";
  return count;
}

}  // namespace

TEST_CASE("hub: processes that want the same file download it once") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  hub.add("models/org/tiny", "model.safetensors", noise(400000));
  hub.faults(R"([{"server": "store", "slow": 100000}])");
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i)
    children.push_back(in_process([&] {
      hub::detail::HttpClient client(impatient());
      const auto file = client.file(model, "model.safetensors", {});
      check(file && read_text(*file) == noise(400000), ErrorCode::format, "the file is not whole");
    }));
  for (const pid_t child : children) CHECK(status_of(child) == 0);
  CHECK(asked_of_store(hub) == 1);
  CHECK(blobs(hub) == 1);
  CHECK(unfinished(hub).empty());
}

TEST_CASE("hub: threads that share the client") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  for (int i = 0; i < 4; ++i)
    hub.add("models/org/tiny", std::to_string(i) + ".bin", noise(100000, 10U + unsigned(i) / 2));
  hub::detail::HttpClient client(impatient());
  std::vector<std::thread> threads;
  std::vector<std::string> contents(8);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back(
        [&, i] { contents[std::size_t(i)] = read_text(*client.file(model, std::to_string(i / 2) + ".bin", {})); });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 8; ++i) CHECK(contents[std::size_t(i)] == noise(100000, 10U + unsigned(i) / 4));
  CHECK(blobs(hub) == 2);
}

TEST_CASE("hub: a download that was killed is finished by the next one") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  const std::string content = noise(400000);
  hub.add("models/org/tiny", "model.safetensors", content);
  hub.faults(R"([{"server": "store", "hold": true, "cut": 250000, "times": 1}])");
  const pid_t child = in_process([] { hub::detail::HttpClient().file(model, "model.safetensors", {}); });
  wait_for(hub.root() / "held");
  for (int i = 0; i < 500; ++i) {  // until what was sent is on the disk
    const auto left = unfinished(hub);
    if (left.size() == 1 && fs::file_size(hub.cache() / left[0]) == 250000) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(child, SIGKILL);
  CHECK(WIFSIGNALED(status_of(child)));
  REQUIRE(unfinished(hub).size() == 1);
  CHECK(blobs(hub) == 0);
  hub::detail::HttpClient client(impatient());
  CHECK(read_text(*client.file(model, "model.safetensors", {})) == content);
  CHECK(hub.requests("model.safetensors").back()["range"] == "bytes=250000-");
  CHECK(unfinished(hub).empty());
}

TEST_CASE("hub: who waits for another process says so") {
  const TemporaryFolder folder;
  const fs::path path = folder / "x.lock";
  const pid_t child = in_process([&] {
    const hub::detail::FileLock held(path, [] {});
    write_text(folder / "held", "");
    while (!fs::exists(folder / "waits")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  wait_for(folder / "held");
  int waited = 0;
  const hub::detail::FileLock mine(path, [&] {
    if (++waited == 1) write_text(folder / "waits", "");
  });
  CHECK(waited > 0);
  CHECK(status_of(child) == 0);
  TL_REQUIRE_ERROR(hub::detail::FileLock(folder / "none" / "x.lock", [] {}), "x.lock: No such file or directory");
}
