#include <tl/autograd/name_patterns.hpp>

#include "support/catch.hpp"

using tl::NamePatterns;

namespace {

const std::vector<std::string> names{"bert.embeddings.word.weight", "bert.layer.0.q.weight", "bert.layer.1.q.bias",
                                     "bert.layer.10.q.bias",        "bert.layer.11.q.bias",  "classifier.bias"};

/// The names that `patterns` choose, by their places in `names`.
std::vector<int> chosen(std::string_view patterns) {
  const NamePatterns made(patterns, "freeze");
  std::vector<int> places;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (made.matches(names[i])) places.push_back(static_cast<int>(i));
  return places;
}

using Places = std::vector<int>;

}  // namespace

TEST_CASE("patterns choose whole names and modules") {
  CHECK(chosen("bert") == Places{0, 1, 2, 3, 4});
  CHECK(chosen("bert.layer.1") == Places{2});
  CHECK(chosen("bert.layer.1*") == Places{2, 3, 4});
  CHECK(chosen("bert.layer.?") == Places{1, 2});
  CHECK(chosen("bert.layer.??") == Places{3, 4});
  CHECK(chosen("bert.layer.[0-3]") == Places{1, 2});
  CHECK(chosen("bert.layer.[!0-3]") == Places{});
  CHECK(chosen("bert.layer.1[0,2]") == Places{3});
  CHECK(chosen("*.bias") == Places{2, 3, 4, 5});
  CHECK(chosen("bert.layer.10.q.bias") == Places{3});
  CHECK(chosen(" classifier , *.word ") == Places{0, 5});
  CHECK(chosen("layer") == Places{});
  CHECK(chosen("ber") == Places{});
  CHECK(chosen("bert.") == Places{});
  CHECK(chosen("bert.layer.[0") == Places{});
  CHECK(chosen("*") == Places{0, 1, 2, 3, 4, 5});
  CHECK(chosen("*layer*q*") == Places{1, 2, 3, 4});
}

TEST_CASE("single classes and stars of patterns") {
  using tl::detail::glob_matches;
  CHECK(glob_matches("", ""));
  CHECK(glob_matches("**", ""));
  CHECK(glob_matches("a*b*c", "aXbYbZc"));
  CHECK_FALSE(glob_matches("a*b*c", "aXbYbZ"));
  CHECK(glob_matches("[]]", "]"));
  CHECK(glob_matches("[^a-c]", "d"));
  CHECK_FALSE(glob_matches("[^a-c]", "b"));
  CHECK(glob_matches("[a-]", "-"));
  CHECK(glob_matches("[", "["));
  CHECK_FALSE(glob_matches("[a", "a"));
  CHECK_FALSE(glob_matches("a", ""));
}

TEST_CASE("patterns without a name, and empty ones") {
  const NamePatterns patterns("bert.layer.0,bert.layer.7", "freeze");
  TL_REQUIRE_ERROR(patterns.check_each_matches(names),
                   "freeze: expected patterns that match parameters of the model, bert.layer.7 matches none; there are "
                   "bert.embeddings, bert.layer.0, bert.layer.1, bert.layer.10, bert.layer.11, classifier");
  TL_REQUIRE_ERROR(NamePatterns("", "freeze"), "freeze: expected patterns of names with commas between, got nothing");
  TL_REQUIRE_ERROR(NamePatterns("a,,b", "freeze"), "freeze: expected patterns of names with commas between, got a,,b");
}
