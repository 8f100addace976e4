// Part of a program whose two shared libraries are compiled with -fvisibility=hidden: makes and changes what the main
// program then uses.
#include "process/hidden_library.hpp"

#include <tl/core/parallel.hpp>
#include <tl/core/seed.hpp>

// TL_TEST_NAME(make) is one_make or two_make, by the library that this is compiled for.
#define TL_TEST_JOIN(prefix, name) prefix##_##name
#define TL_TEST_EXPAND(prefix, name) TL_TEST_JOIN(prefix, name)
#define TL_TEST_NAME(name) TL_TEST_EXPAND(TL_TEST_PREFIX, name)
#define TL_TEST_EXPORT [[gnu::visibility("default")]]

TL_TEST_EXPORT tl::Tensor<float> TL_TEST_NAME(make)(std::int64_t elements) {
  return tl::Tensor<float>::full({elements}, 2.0F);
}
TL_TEST_EXPORT void TL_TEST_NAME(drop)(tl::Tensor<float>& tensor) { tensor = {}; }
TL_TEST_EXPORT int TL_TEST_NAME(threads)() { return tl::num_threads(); }
TL_TEST_EXPORT bool TL_TEST_NAME(records)() { return tl::grad_enabled(); }
TL_TEST_EXPORT void TL_TEST_NAME(seed)(std::uint64_t seed) { tl::set_seed(seed); }
TL_TEST_EXPORT void TL_TEST_NAME(refuse)() { tl::fail(tl::ErrorCode::state, "from a library"); }
