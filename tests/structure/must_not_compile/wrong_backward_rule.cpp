// A backward rule must take the gradient of the operation's result.
// expect: an operation needs a backward rule: a callable that takes the gradient of its result
#include <tl/autograd/variable.hpp>

tl::Variable<float> identity(const tl::Variable<float>& x) {
#if TL_MISTAKE
  return tl::Variable<float>::record(x.value(), {x}, [gx = x.gradient()] { (void)gx; });
#else
  return tl::Variable<float>::record(x.value(), {x}, [gx = x.gradient()](const tl::Tensor<float>& dy) { gx.add(dy); });
#endif
}
