// The checker reports each kernel of a table of broken ones, and none of a table of correct ones. With
// TL_EMULATOR_FIGURES=FILE the counts are appended to the file, for tests/cuda/emulator.sh.
#include <cstdlib>
#include <fstream>
#include <string>

#include "emulator/kernel_cases.hpp"
#include "support/catch.hpp"

namespace {

void write_figure(const char* name, std::size_t count, std::size_t of) {
  if (const char* const path = std::getenv("TL_EMULATOR_FIGURES"))
    std::ofstream(path, std::ios::app) << name << ' ' << count << " of " << of << '\n';
}

}  // namespace

TEST_CASE("emulator: each broken kernel is reported") {
  const auto cases = tl::emulator::broken_kernels();
  REQUIRE(cases.size() >= 20);
  std::size_t reported = 0;
  for (const auto& broken : cases) {
    const std::string report = broken.run();
    INFO(broken.name << ": " << report);
    const bool found = report.find(broken.expected) != std::string::npos;
    CHECK(found);
    reported += found ? 1 : 0;
  }
  write_figure("broken", reported, cases.size());
}

TEST_CASE("emulator: a report names kernel, block, thread and place") {
  for (const auto& broken : tl::emulator::broken_kernels()) {
    if (broken.name != "off by one, into the next allocation") continue;
    const std::string report = broken.run();
    INFO(report);
    CHECK(report.find("kernel tl::emulator::off_by_one, block (1, 0, 0), thread (0, 0, 0), at broken_kernels.cpp:") ==
          0);
    CHECK(report.find(": writes 4 bytes at device memory that is not allocated, 0 bytes behind the end of one of 256 "
                      "bytes: out of bounds") != std::string::npos);
  }
}

TEST_CASE("emulator: no correct kernel is reported, in a second launch either") {
  const auto cases = tl::emulator::correct_kernels();
  REQUIRE(cases.size() >= 10);
  std::size_t alarms = 0;
  for (const auto& correct : cases)
    for (int launch = 0; launch < 2; ++launch) {
      const std::string report = correct.run();
      INFO(correct.name << ", launch " << launch << ": " << report);
      CHECK(report.empty());
      alarms += report.empty() ? 0 : 1;
    }
  write_figure("alarms", alarms, 2 * cases.size());
}
