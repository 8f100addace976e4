#include <tl/core/shape.hpp>

#include "support/catch.hpp"

using tl::Shape;

TEST_CASE("a shape knows rank, extents and elements") {
  const Shape shape{2, 3, 4};
  CHECK(shape.rank() == 3);
  CHECK(shape.elements() == 24);
  CHECK(shape[0] == 2);
  CHECK(shape[-1] == 4);
  CHECK(shape[-3] == 2);
  CHECK(tl::to_string(shape) == "[2, 3, 4]");
  CHECK(std::vector<std::int64_t>(shape.extents().begin(), shape.extents().end()) ==
        std::vector<std::int64_t>{2, 3, 4});
}

TEST_CASE("a scalar has rank 0 and one element") {
  CHECK(Shape{}.rank() == 0);
  CHECK(Shape{}.elements() == 1);
  CHECK(tl::to_string(Shape{}) == "[]");
}

TEST_CASE("shapes are equal if rank and extents are") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2} != Shape{2, 1});
  CHECK(Shape{} != Shape{1});
}

TEST_CASE("a shape with another extent") {
  CHECK(Shape{2, 3, 4}.with_extent(0, 5) == Shape{5, 3, 4});
  CHECK(Shape{2, 3, 4}.with_extent(-1, 0) == Shape{2, 3, 0});
  TL_REQUIRE_ERROR(Shape{}.with_extent(0, 1), "dimension 0 of a shape of rank 0");
  TL_REQUIRE_ERROR((Shape{2, 3}.with_extent(1, -1)), "an extent must not be negative, got -1");
}

TEST_CASE("an extent may be zero") {
  CHECK(Shape{0, 5}.elements() == 0);
  CHECK(Shape{std::int64_t{1} << 40, 0, std::int64_t{1} << 40}.elements() == 0);
}

TEST_CASE("impossible shapes are refused") {
  TL_REQUIRE_ERROR((Shape{1, 1, 1, 1, 1, 1, 1}), "a shape has at most 6 extents, got 7");
  TL_REQUIRE_ERROR((Shape{2, -3}), "an extent must not be negative, got -3");
  const std::int64_t big = std::int64_t{1} << 32;
  TL_REQUIRE_ERROR((Shape{big, big}), "a shape with more than 2^63 - 1 elements");
  CHECK(Shape{big, big / 2 - 1}.elements() == big * (big / 2 - 1));
  TL_REQUIRE_ERROR((Shape{2, 3}[2]), "dimension 2 of a shape of rank 2");
  TL_REQUIRE_ERROR((Shape{2, 3}[-3]), "dimension -3 of a shape of rank 2");
  TL_REQUIRE_ERROR((Shape{}[0]), "dimension 0 of a shape of rank 0");
}
