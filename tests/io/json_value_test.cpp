// tl::Json: what it can be made of, what comes out again, and the sentence where something else was expected.
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tl/io/json.hpp>

#include "support/catch.hpp"

using tl::Json;

TEST_CASE("json value: made of what C++ has, and read back") {
  const Json value = {{"flag", true},
                      {"count", std::int8_t{-3}},
                      {"large", std::numeric_limits<std::uint64_t>::max()},
                      {"rate", 2e-5F},
                      {"name", "é"},
                      {"none", std::optional<double>{}},
                      {"some", std::optional<std::int64_t>{7}},
                      {"ids", std::vector<std::int32_t>{1, 2}},
                      {"pairs", std::vector<std::pair<int, int>>{{0, 4}, {5, 9}}},
                      {"inner", {{"a", nullptr}}}};
  CHECK(
      tl::join(value) ==
      R"({"flag": true, "count": -3, "large": 18446744073709551615, "rate": 1.9999999494757503e-05, "name": "\u00e9", )"
      R"("none": null, "some": 7, "ids": [1, 2], "pairs": [[0, 4], [5, 9]], "inner": {"a": null}})");
  CHECK(value.at("flag").get<bool>());
  CHECK(value["count"].get<int>() == -3);
  CHECK(value["large"].get<std::uint64_t>() == std::numeric_limits<std::uint64_t>::max());
  CHECK(value["rate"].get<float>() == 2e-5F);
  CHECK(value["ids"].get<std::set<int>>() == std::set<int>{1, 2});
  CHECK(value["pairs"].get<std::vector<std::vector<int>>>()[1] == std::vector<int>{5, 9});
  CHECK(value.size() == 10);
  CHECK(value.find("other") == nullptr);
  CHECK(Json(3).find("other") == nullptr);
  CHECK(tl::parse_json(tl::join(value), "again").size() == 10);
}

TEST_CASE("json value: members keep their order, are replaced and removed") {
  Json value;
  value["b"] = 1;
  value["a"] = 2;
  value["b"] = "one";
  CHECK(tl::join(value) == R"({"b": "one", "a": 2})");
  value.erase("b");
  value.erase("absent");
  CHECK(value == Json({{"a", 2.0}}));
  CHECK(value != Json({{"a", "2"}}));
  CHECK(Json({{"a", 1}, {"b", 2}}) != Json({{"b", 2}, {"a", 1}}));  // as in a file
  Json list;
  list.push_back(1);
  list.push_back(Json::object());
  CHECK(tl::join(list) == "[1, {}]");
}

TEST_CASE("json value: a part takes the place of the whole") {
  Json value = {{"a", Json::array({1, "text"})}};
  value = value["a"];
  CHECK(tl::join(value) == "[1, \"text\"]");
  value = std::move(value[1]);
  CHECK(value == "text");
  const Json copy = value;
  value = copy;
  CHECK(value.string() == "text");
}

TEST_CASE("json value: what is not there or of another type is named") {
  const Json value = {{"text", "x"}, {"list", Json::array({1})}, {"number", 300}, {"fraction", 1e30}};
  TL_REQUIRE_ERROR(value.at("absent"), "JSON: expected the key \"absent\", it is not there");
  TL_REQUIRE_ERROR(value["text"].at("a"), "JSON: expected an object, got string");
  TL_REQUIRE_ERROR(value["text"].get<double>(), "JSON: expected a number, got string");
  TL_REQUIRE_ERROR(value["list"].get<std::string>(), "JSON: expected a string, got array");
  TL_REQUIRE_ERROR(value["list"].get<bool>(), "JSON: expected true or false, got array");
  TL_REQUIRE_ERROR(value["list"][1], "JSON: expected an index below 1, got 1");
  TL_REQUIRE_ERROR(value["number"].get<std::uint8_t>(), "JSON: expected an integer between 0 and 255, got 300");
  TL_REQUIRE_ERROR(value["fraction"].get<std::int64_t>(), "got 1e+30");
  TL_REQUIRE_ERROR(value["text"].elements(), "JSON: expected an array, got string");
}
