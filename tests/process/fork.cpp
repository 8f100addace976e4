// fork() while other threads compute, a hundred times: each child predicts, changes the number of threads, or does
// nothing, and then exits; none may hang. Exits with 77, and says why, where the sanitizer cannot follow a fork.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <tl/pipelines/text_classification.hpp>

namespace {

using Pipeline = decltype(tl::pipeline("text-classification", ""));

constexpr const char* text = "a fine day";

int child(int round, const Pipeline& single, const Pipeline& half, const std::string& expected) {
  if (round % 4 == 1) tl::set_num_threads(1 + round % 3);
  if (round % 4 == 2) return 7;  // nothing but exit()
  for (int i = 0; i < 3; ++i)
    if (single(text).label != expected || half(text).label != expected) return 1;
  return 7;
}

/// The child's exit code; -1 if it has not ended after ten seconds.
int wait_for(pid_t process) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) != process) {
    if (std::chrono::steady_clock::now() > end) {
      ::kill(process, SIGKILL);
      ::waitpid(process, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main() {
#if defined(__SANITIZE_THREAD__)
  std::puts("skipped: ThreadSanitizer cannot follow a fork of a program with threads");
  return 77;
#else
  const std::string folder = TL_TESTS_DIR "/reference/data/pipeline";
  tl::set_num_threads(3);
  const auto single = tl::pipeline("text-classification", folder);
  const auto half = tl::pipeline("text-classification", folder, {.bf16 = true});
  const std::string expected = single(text).label;

  std::atomic<bool> stop{false};
  std::vector<std::thread> busy;
  for (const Pipeline* pipeline : {&single, &half})
    busy.emplace_back([&stop, pipeline] {
      while (!stop) (void)(*pipeline)(text);
    });

  int failures = 0;
  for (int round = 0; round < 100 && failures == 0; ++round) {
    if (round == 50) {  // the second half with workers that are asleep
      stop = true;
      for (auto& thread : busy) thread.join();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    std::fflush(stdout);
    const pid_t process = ::fork();
    if (process == 0) {
      if (round % 4 == 3) ::_exit(child(round, single, half, expected));
      std::exit(child(round, single, half, expected));
    }
    const int code = wait_for(process);
    if (code != 7) {
      std::printf("round %d: expected the child to exit with 7, got %d%s\n", round, code,
                  code == -1 ? " (it hangs)" : "");
      ++failures;
    }
    if (single(text).label != expected) ++failures;
  }
  if (!stop) {
    stop = true;
    for (auto& thread : busy) thread.join();
  }
  if (failures == 0) std::puts("100 children");
  return failures == 0 ? 0 : 1;
#endif
}
