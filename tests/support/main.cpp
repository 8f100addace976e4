// The entry point of a test program: Catch2 brings its own in a library where it is installed with one; a Catch2 of
// headers alone compiles it here.
#if !TL_CATCH2_HAS_MAIN && !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
