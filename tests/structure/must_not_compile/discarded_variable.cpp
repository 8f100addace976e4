// detach() and clone() leave their object as it is.
// expect: nodiscard
#include <tl/autograd/variable.hpp>

tl::Variable<float> constant(const tl::Variable<float>& x) {
#if TL_MISTAKE
  x.detach();
  x.value().clone();
  return x;
#else
  return x.detach();
#endif
}
