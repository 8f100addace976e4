// tl::Json is nlohmann's: what tl adds to it, and the sentence where something else was expected.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>

#include "support/catch.hpp"

using tl::Json;
using tl::detail::json_get;

static_assert(std::is_same_v<Json, nlohmann::ordered_json>);

namespace {

std::string one_line(const Json& value) { return tl::dump_json(value, {.indent = -1, .sort_keys = false}); }

}  // namespace

TEST_CASE("json value: made of what C++ has, and read back") {
  const Json value = {{"flag", true},
                      {"count", std::int8_t{-3}},
                      {"large", std::numeric_limits<std::uint64_t>::max()},
                      {"rate", 2e-5F},
                      {"name", "é"},
                      {"none", tl::detail::json_or_null(std::optional<double>{})},
                      {"some", tl::detail::json_or_null(std::optional<std::int64_t>{7})},
                      {"ids", std::vector<std::int32_t>{1, 2}},
                      {"pairs", std::vector<std::pair<int, int>>{{0, 4}, {5, 9}}},
                      {"inner", {{"a", nullptr}}}};
  CHECK(
      one_line(value) ==
      R"({"flag": true, "count": -3, "large": 18446744073709551615, "rate": 1.9999999494757503e-05, "name": "\u00e9", )"
      R"("none": null, "some": 7, "ids": [1, 2], "pairs": [[0, 4], [5, 9]], "inner": {"a": null}})");
  CHECK(json_get<bool>(value.at("flag")));
  CHECK(json_get<int>(value.at("count")) == -3);
  CHECK(json_get<std::uint64_t>(value.at("large")) == std::numeric_limits<std::uint64_t>::max());
  CHECK(json_get<float>(value.at("rate")) == 2e-5F);
  CHECK(json_get<std::vector<std::vector<int>>>(value.at("pairs"))[1] == std::vector<int>{5, 9});
  CHECK(json_get<Json>(value.at("inner")) == value.at("inner"));
  CHECK(tl::parse_json(one_line(value), "again") == value);
}

TEST_CASE("json value: a member, or nothing") {
  Json value = {{"a", 1}};
  CHECK(*tl::detail::find_member(value, "a") == 1);
  CHECK(tl::detail::find_member(value, "other") == nullptr);
  CHECK(tl::detail::find_member(Json(3), "other") == nullptr);
  CHECK(tl::detail::find_member(Json::array({"a"}), "a") == nullptr);
  CHECK(tl::detail::find_member(Json(), "a") == nullptr);
  Json* const member = tl::detail::find_member(value, "a");
  REQUIRE(member != nullptr);
  *member = "one";
  CHECK(one_line(value) == R"({"a": "one"})");
}

TEST_CASE("json value: integers are told from other numbers, however they were made") {
  using tl::detail::is_int64, tl::detail::is_natural;
  CHECK(is_natural(tl::parse_json("0", "x")));
  CHECK(is_natural(tl::parse_json("-0", "x")));
  CHECK(is_natural(Json(5)));
  CHECK_FALSE(is_natural(Json(-1)));
  CHECK_FALSE(is_natural(Json(1.0)));
  CHECK(is_int64(Json(std::numeric_limits<std::int64_t>::min())));
  CHECK(is_int64(tl::parse_json("9223372036854775807", "x")));
  CHECK_FALSE(is_int64(tl::parse_json("9223372036854775808", "x")));
  CHECK_FALSE(is_int64(Json(1.0)));
  CHECK_FALSE(is_int64(Json(true)));
}

TEST_CASE("json value: what is of another type or does not fit is named") {
  TL_REQUIRE_ERROR(json_get<double>(Json("x")), "JSON: expected a number, got string");
  TL_REQUIRE_ERROR(json_get<double>(Json(true)), "JSON: expected a number, got boolean");
  TL_REQUIRE_ERROR(json_get<std::string>(Json::array({1})), "JSON: expected a string, got array");
  TL_REQUIRE_ERROR(json_get<bool>(Json(1)), "JSON: expected true or false, got number");
  TL_REQUIRE_ERROR(json_get<std::vector<int>>(Json::object()), "JSON: expected an array, got object");
  TL_REQUIRE_ERROR(json_get<std::vector<int>>(Json::array({1, "x"})), "JSON: expected an integer, got string");
  TL_REQUIRE_ERROR(json_get<int>(Json(true)), "JSON: expected an integer, got boolean");
  TL_REQUIRE_ERROR(json_get<std::uint8_t>(Json(300)), "JSON: expected an integer between 0 and 255, got 300");
  TL_REQUIRE_ERROR(json_get<std::uint32_t>(Json(-1)), "JSON: expected an integer between 0 and 4294967295, got -1");
  TL_REQUIRE_ERROR(json_get<std::int64_t>(Json(1e30)), "got 1e+30");
  TL_REQUIRE_ERROR(json_get<std::int64_t>(Json(0.5)), "JSON: expected an integer, got 0.5");
  TL_REQUIRE_ERROR(json_get<std::int64_t>(tl::parse_json("NaN", "x")), "JSON: expected an integer, got nan");
  TL_REQUIRE_ERROR(json_get<std::int64_t>(tl::parse_json("Infinity", "x")), "JSON: expected an integer between");
  TL_REQUIRE_ERROR(json_get<std::int64_t>(tl::parse_json("9223372036854775808", "x")), "got 9.22337e+18");
  CHECK(json_get<std::int64_t>(Json(-0x1p63)) == std::numeric_limits<std::int64_t>::min());
  CHECK(json_get<int>(Json(3.0)) == 3);
}

TEST_CASE("json value: an object is put together in linear time, and a key once") {
  tl::detail::JsonObjectBuilder builder;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 100000; ++i) builder.add(std::to_string(i), round);
  const Json value = builder.finish();
  CHECK(value.size() == 100000);
  CHECK(value.begin().key() == "0");
  CHECK(value.begin().value() == 1);
  CHECK(builder.finish() == Json::object());
}

TEST_CASE("json value: what is no JSON is not written") {
  TL_REQUIRE_ERROR(tl::dump_json(Json::binary({1, 2})), "JSON text: expected a value that JSON has, got binary");
}
