// At the end of the program, with TL_EMULATOR_FIGURES=FILE in the environment, appends what ran and how far float was
// from double: one line of "name value" pairs, which tests/cuda/emulator.sh reads.
#include <cstdlib>
#include <fstream>

#include "emulator/emulator.hpp"
#include "kernels/cuda/compare_with_cpu.hpp"

namespace {

struct WriteFigures {
  // The map is made before this object, so that it is still there at the end.
  WriteFigures() { (void)tl::test::worst_differences(); }
  ~WriteFigures() {
    const char* const path = std::getenv("TL_EMULATOR_FIGURES");
    if (path == nullptr) return;
    double worst = 0.0;
    std::string where = "none";
    for (const auto& [name, difference] : tl::test::worst_differences())
      if (difference > worst) {
        worst = difference;
        where = name;
      }
    const tl::emulator::Figures ran = tl::emulator::figures();
    std::ofstream(path, std::ios::app) << "kernels " << ran.kernels << " launches " << ran.launches << " schedules "
                                       << ran.schedules << " accesses " << ran.accesses << " worst " << worst
                                       << " where " << where << '\n';
  }
};

const WriteFigures write_figures;

}  // namespace
