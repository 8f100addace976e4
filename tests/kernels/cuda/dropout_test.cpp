// Dropout on the GPU has the masks and the bits of the CPU.
#include <tl/kernels/cpu/dropout.hpp>

#include "dropout_cases.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

}  // namespace

TEST_CASE("cuda dropout: same bits as the CPU, for channels around those that are drawn together") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t n : {0, 7})
    for (const std::int64_t d : {1, 33, 256, 300}) {
      KernelCase c("dropout", {n, d});
      const auto x = c.input({n, d}), y = c.result({n, d}, CompareBy{.same_bits = true});
      const auto in_place = c.result({n, d}, CompareBy{.same_bits = true});
      for (const MaskCase& mask : mask_cases(c, n)) {
        INFO("p = " << mask.p);
        c.check([=]<class T>(CaseMemory<T>& at) {
          return k::Dropout<T>{.x = at[x], .y = at[y], .n = n, .d = d, .mask = mask.at(at)};
        });
        if (mask.p == 0.3)
          c.check([=]<class T>(CaseMemory<T>& at) {
            return k::Dropout<T>{.x = at[in_place], .y = at[in_place], .n = n, .d = d, .mask = mask.at(at)};
          });
      }
    }
}
