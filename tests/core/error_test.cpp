#include <tl/core/error.hpp>

#include <set>

#include "support/catch.hpp"
#include "support/foreign_locale.hpp"

namespace {

struct Printed {
  int value;
  friend std::ostream& operator<<(std::ostream& out, const Printed& p) { return out << "printed(" << p.value << ")"; }
};

}  // namespace

TEST_CASE("str_cat writes every part with operator<<") {
  CHECK(tl::str_cat("rows ", 3, ", ", 0.5, ' ', std::string("text"), std::string_view(" view"), true) ==
        "rows 3, 0.5 text view1");
  CHECK(tl::str_cat(Printed{4}, std::size_t{7}, "") == "printed(4)7");
  const char* pointer = "pointer";
  CHECK(tl::str_cat(pointer) == "pointer");
  CHECK(tl::str_cat().empty());
}

TEST_CASE("str_cat does not depend on the program's locale") {
  const tl::test::ForeignLocale guard;
  CHECK(tl::str_cat("checkpoint-", 1000, ' ', 1234567, ' ', 0.5, ' ', true) == "checkpoint-1000 1234567 0.5 1");
  TL_REQUIRE_ERROR(tl::fail(tl::ErrorCode::io, "wanted ", 65536, " bytes"), "wanted 65536 bytes");
}

TEST_CASE("fail throws the code and the sentence") {
  try {
    tl::fail(tl::ErrorCode::format, "expected ", 1, ", got ", Printed{2});
    FAIL("nothing was thrown");
  } catch (const tl::Error& error) {
    CHECK(error.code() == tl::ErrorCode::format);
    CHECK(std::string(error.what()) == "expected 1, got printed(2)");
  }
}

TEST_CASE("an error is a std::runtime_error") {
  REQUIRE_THROWS_AS(tl::fail(tl::ErrorCode::io, "x"), std::runtime_error);
}

TEST_CASE("check throws only when its condition is false") {
  CHECK_NOTHROW(tl::check(true, tl::ErrorCode::state, "never"));
  TL_REQUIRE_ERROR(tl::check(false, tl::ErrorCode::state, "row ", 12), "row 12");
}

TEST_CASE("every code has a name of its own") {
  using enum tl::ErrorCode;
  std::set<std::string_view> names;
  for (const auto code :
       {invalid_argument, shape, dtype, device, missing_kernel, io, format, not_found, numeric, state})
    names.insert(tl::to_string(code));
  CHECK(names.size() == 10);
  CHECK(names.count("unknown") == 0);
  CHECK(tl::to_string(missing_kernel) == "missing_kernel");
}
