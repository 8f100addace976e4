// How the time of a function grows with its input, on machines that do other things meanwhile.
#pragma once

#include <ctime>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace tl::test {

/// Seconds that this thread computes while it calls `run`.
template <class Run> double computing_seconds(Run&& run) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double begin = now();
  run();
  return now() - begin;
}

/// The time of `twice`, whose input is twice that of `once`, in units of the time of `once`: about 2 if it grows
/// linearly, 4 if it grows with the square. From the least time of several calls in turn; up to eight times, because
/// caches and other programs can make one measurement look worse than linear, but none of the square look better.
template <class Once, class Twice> double growth(Once&& once, Twice&& twice, int calls = 5) {
  double least = 1e9;
  for (int round = 0; round < 8 && least > 2.3; ++round) {
    double first = 1e9, second = 1e9;
    for (int call = 0; call < calls; ++call) {
      first = std::min(first, computing_seconds(once));
      second = std::min(second, computing_seconds(twice));
    }
    least = std::min(least, second / first);
  }
  return least;
}

/// `part` `times` times.
inline std::string repeated(std::string_view part, int times) {
  std::string text;
  text.reserve(part.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

}  // namespace tl::test
