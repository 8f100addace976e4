// Two shared libraries and the program share one allocator, one thread pool, one switch of recording, one generator and
// one type of error, although all three are compiled with -fvisibility=hidden.
#include <cstdio>
#include <string>

#include <tl/core/parallel.hpp>
#include <tl/core/seed.hpp>

#include "process/hidden_library.hpp"

namespace {

int failures = 0;
void expect(bool good, const char* what) {
  if (good) return;
  std::printf("FAILED: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  for (int round = 0; round < 100; ++round) {  // memory of one library goes back through another
    auto first = one_make(5000 + round), second = two_make(70000);
    two_drop(first);
    one_drop(second);
    const auto third = one_make(5000 + round);
    expect(third.to_vector().back() == 2.0F, "a tensor keeps its values");
  }
  tl::set_num_threads(3);
  expect(one_threads() == 3 && two_threads() == 3, "one thread pool");
  {
    const tl::NoGradGuard no_grad;
    expect(!one_records() && !two_records(), "recording is switched off everywhere");
  }
  expect(one_records() && two_records(), "recording is switched on again");
  one_seed(7);
  const auto drawn = tl::default_generator().next_u64();
  two_seed(7);
  expect(tl::default_generator().next_u64() == drawn, "one generator");
  try {
    two_refuse();
    expect(false, "an error leaves the library");
  } catch (const tl::Error& error) {
    expect(std::string(error.what()) == "from a library", "the error's text");
  }
  if (failures == 0) std::puts("one allocator, pool, switch, generator and error");
  return failures;
}
