// Two element types in one operation are a mistake that the compiler finds.
// expect: no matching function for call to
#include <tl/ops/add.hpp>

tl::Variable<float> sum(const tl::Variable<float>& a, const tl::Variable<double>& b) {
#if TL_MISTAKE
  return tl::ops::add(a, b);
#else
  return tl::ops::add(a, tl::Variable<float>(b.value().cast<float>()));
#endif
}
