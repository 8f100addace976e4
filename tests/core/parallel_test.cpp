#include <tl/core/parallel.hpp>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <numeric>
#include <set>
#include <string>

#include "support/catch.hpp"

namespace {

// Sets the number of threads for one test and puts the old number back.
class Threads {
 public:
  explicit Threads(int threads) : before_(tl::num_threads()) { tl::set_num_threads(threads); }
  ~Threads() { tl::set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

TEST_CASE("every element is visited once, for any thread count, size and grain") {
  for (const int threads : {1, 2, 3, 8}) {
    Threads guard(threads);
    CHECK(tl::num_threads() == threads);
    for (const std::int64_t count : {1, 2, 63, 1000})
      for (const std::int64_t grain : {1, 7, 64, 5000}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
        tl::parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        CHECK(std::all_of(visits.begin(), visits.end(), [](const auto& v) { return v == 1; }));
      }
  }
}

TEST_CASE("the pieces are the same for every thread count") {
  const auto pieces = [](int threads) {
    Threads guard(threads);
    std::mutex mutex;
    std::set<std::pair<std::int64_t, std::int64_t>> seen;
    tl::parallel_for(100, 30, [&](std::int64_t begin, std::int64_t end) {
      std::scoped_lock lock(mutex);
      seen.emplace(begin, end);
    });
    return seen;
  };
  const std::set<std::pair<std::int64_t, std::int64_t>> expected = {{0, 30}, {30, 60}, {60, 90}, {90, 100}};
  for (const int threads : {1, 2, 5}) CHECK(pieces(threads) == expected);
}

TEST_CASE("nothing to do is nothing done, and a grain below one is one") {
  tl::parallel_for(0, 8, [](auto, auto) { FAIL("called"); });
  tl::parallel_for(-5, 8, [](auto, auto) { FAIL("called"); });
  std::atomic<int> calls{0};
  tl::parallel_for(3, 0, [&](std::int64_t begin, std::int64_t end) { calls += static_cast<int>(end - begin); });
  CHECK(calls == 3);
}

TEST_CASE("a job inside a job runs on the thread that started it") {
  Threads guard(4);
  std::atomic<std::int64_t> total{0};
  std::atomic<int> strangers{0};
  tl::parallel_for(16, 1, [&](std::int64_t, std::int64_t) {
    const auto self = std::this_thread::get_id();
    tl::parallel_for(100, 3, [&](std::int64_t begin, std::int64_t end) {
      if (std::this_thread::get_id() != self) ++strangers;
      tl::parallel_for(end - begin, 1, [&](std::int64_t, std::int64_t) { ++total; });
    });
  });
  CHECK(total == 1600);
  CHECK(strangers == 0);
}

TEST_CASE("the first exception of a job comes out, and the pool works on") {
  for (const int threads : {1, 4}) {
    Threads guard(threads);
    for (int round = 0; round < 20; ++round) {
      const auto job = [&] {
        tl::parallel_for(50, 1, [](std::int64_t begin, std::int64_t) {
          if (begin % 10 == 7) tl::fail(tl::ErrorCode::numeric, "chunk with a seven");
        });
      };
      TL_REQUIRE_ERROR(job(), "chunk with a seven");
      std::atomic<int> calls{0};
      tl::parallel_for(10, 1, [&](auto, auto) { ++calls; });
      REQUIRE(calls == 10);
    }
  }
}

TEST_CASE("after an exception chunks that have not begun are skipped") {
  Threads guard(2);
  std::atomic<int> calls{0};
  TL_REQUIRE_ERROR(tl::parallel_for(100000, 1,
                                    [&](auto, auto) {
                                      ++calls;
                                      tl::fail(tl::ErrorCode::state, "stop");
                                    }),
                   "stop");
  CHECK(calls <= 2);
}

TEST_CASE("an exception inside a nested job comes out of the outer one") {
  Threads guard(3);
  TL_REQUIRE_ERROR(
      tl::parallel_for(
          8, 1,
          [](auto, auto) { tl::parallel_for(4, 1, [](auto, auto) { tl::fail(tl::ErrorCode::state, "inner"); }); }),
      "inner");
  std::set<std::thread::id> ids;
  std::mutex mutex;
  tl::parallel_for(64, 1, [&](auto, auto) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    std::scoped_lock lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() > 1);  // the pool is not stuck in its nested state
}

TEST_CASE("many small jobs") {
  Threads guard(4);
  std::vector<int> values(64, 0);
  for (int round = 0; round < 2000; ++round)
    tl::parallel_for(64, 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) ++values[static_cast<std::size_t>(i)];
    });
  CHECK(std::all_of(values.begin(), values.end(), [](int v) { return v == 2000; }));
}

TEST_CASE("several user threads may run jobs and resize the pool") {
  Threads guard(3);
  std::atomic<std::int64_t> total{0};
  std::vector<std::thread> users;
  for (int u = 0; u < 3; ++u)
    users.emplace_back([&] {
      for (int round = 0; round < 100; ++round) tl::parallel_for(20, 1, [&](auto, auto) { ++total; });
    });
  users.emplace_back([] {
    for (int round = 0; round < 10; ++round) tl::set_num_threads(1 + round % 4);
  });
  for (auto& user : users) user.join();
  CHECK(total == 3 * 100 * 20);
}

TEST_CASE("resizing again and again") {
  tl::ThreadPool pool(2);
  for (const int threads : {1, 4, 2, 1, 8, 3}) {
    pool.resize(threads);
    REQUIRE(pool.size() == threads);
    std::atomic<int> calls{0};
    pool.run(
        30, [](void* raw, std::int64_t) { ++*static_cast<std::atomic<int>*>(raw); }, &calls);
    REQUIRE(calls == 30);
  }
}

TEST_CASE("thread counts that cannot be are refused") {
  TL_REQUIRE_ERROR(tl::ThreadPool(0), "thread count: expected at least 1, got 0");
  TL_REQUIRE_ERROR(tl::set_num_threads(-2), "thread count: expected at least 1, got -2");
  Threads guard(2);
  TL_REQUIRE_ERROR(tl::parallel_for(4, 1, [](auto, auto) { tl::set_num_threads(3); }),
                   "the number of threads cannot be changed from inside a parallel job");
}

TEST_CASE("TL_NUM_THREADS that is not a number is refused when the pool starts") {
  // In a child process, because the pool of this one has its size already.
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto run = [&](const std::string& value) {
    return std::system(
        ("TL_NUM_THREADS=" + value + " '" + self + "' 'parallel_for uses the shared pool' > /dev/null 2>&1").c_str());
  };
  CHECK(run("2") == 0);
  CHECK(run("abc") != 0);
  CHECK(run("0") != 0);
  CHECK(run("-3") != 0);
}

TEST_CASE("parallel_for uses the shared pool") {
  std::atomic<int> sum{0};
  tl::parallel_for(100, 7, [&](std::int64_t begin, std::int64_t end) { sum += static_cast<int>(end - begin); });
  CHECK(sum == 100);
}
