// Catch2 in the version that is installed (3 or 2.13), and the project's own assertion for error sentences.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <cstdlib>
#include <string>

#include <tl/core/error.hpp>

namespace tl::test {

/// The sentence of the tl::Error that `call` throws, or a text that says that nothing was thrown.
template <class Call> std::string error_of(Call&& call) {
  try {
    call();
  } catch (const tl::Error& error) {
    return error.what();
  }
  return "(no tl::Error was thrown)";
}

}  // namespace tl::test

/// Requires that `expression` throws a tl::Error whose sentence contains `part`.
#define TL_REQUIRE_ERROR(expression, part)                                           \
  do {                                                                               \
    const std::string tl_sentence = tl::test::error_of([&] { (void)(expression); }); \
    INFO("sentence: " << tl_sentence);                                               \
    REQUIRE(tl_sentence.find(part) != std::string::npos);                            \
  } while (false)

/// Ends the test case here with a printed reason; with TL_NO_SKIP set in the environment it fails instead.
#define TL_SKIP(reason)                                         \
  do {                                                          \
    if (std::getenv("TL_NO_SKIP")) FAIL("skipped: " << reason); \
    WARN("skipped: " << reason);                                \
    SUCCEED();                                                  \
    return;                                                     \
  } while (false)
