// A guard without a name ends at once: nothing would be switched off.
// expect: nodiscard
#include <tl/autograd/variable.hpp>

bool records() {
#if TL_MISTAKE
  tl::NoGradGuard{};
#else
  const tl::NoGradGuard no_grad;
#endif
  return tl::grad_enabled();
}
