// The entry point of a test program: Catch2 3 brings its own in a library, 2.13 compiles it here.
#if !__has_include(<catch2/catch_test_macros.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
