// An operation that is recorded without a backward rule would silently cut the gradient.
// expect: no matching function for call to
#include <tl/autograd/variable.hpp>

tl::Variable<float> identity(const tl::Variable<float>& x) {
#if TL_MISTAKE
  return tl::Variable<float>::record(x.value(), {x});
#else
  return tl::Variable<float>::record(x.value(), {x}, [gx = x.gradient()](const tl::Tensor<float>& dy) { gx.add(dy); });
#endif
}
