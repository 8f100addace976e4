// The extents of a tensor, outermost first. A small value type: at most max_rank extents, no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <span>
#include <string>

#include <tl/core/error.hpp>

namespace tl {

/// Extents of a row-major tensor; rank 0 is a scalar with one element.
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const std::int64_t> extents) {
    check(extents.size() <= max_rank, ErrorCode::shape, "a shape has at most ", max_rank, " extents, got ",
          extents.size());
    std::int64_t elements = 1;
    for (const std::int64_t extent : extents) {
      check(extent >= 0, ErrorCode::shape, "an extent must not be negative, got ", extent);
      extents_[static_cast<std::size_t>(rank_++)] = extent;
      check(extent == 0 || elements <= std::numeric_limits<std::int64_t>::max() / extent, ErrorCode::shape,
            "a shape with more than 2^63 - 1 elements");
      elements *= extent;
    }
  }

  int rank() const noexcept { return rank_; }

  /// Extent of one dimension; negative indices count from the end.
  std::int64_t operator[](int dimension) const {
    const int index = dimension < 0 ? dimension + rank_ : dimension;
    check(index >= 0 && index < rank_, ErrorCode::shape, "dimension ", dimension, " of a shape of rank ", rank_);
    return extents_[static_cast<std::size_t>(index)];
  }

  /// Product of all extents; 1 for a scalar.
  std::int64_t elements() const noexcept {
    std::int64_t product = 1;
    for (const std::int64_t extent : extents()) product *= extent;
    return product;
  }

  /// The same shape with another extent of one dimension.
  Shape with_extent(int dimension, std::int64_t extent) const {
    std::array<std::int64_t, max_rank> changed = extents_;
    (void)(*this)[dimension];
    changed[static_cast<std::size_t>(dimension < 0 ? dimension + rank_ : dimension)] = extent;
    return Shape(std::span<const std::int64_t>(changed.data(), static_cast<std::size_t>(rank_)));
  }

  std::span<const std::int64_t> extents() const noexcept { return {extents_.data(), static_cast<std::size_t>(rank_)}; }

  friend bool operator==(const Shape& a, const Shape& b) {
    return std::equal(a.extents().begin(), a.extents().end(), b.extents().begin(), b.extents().end());
  }

  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) {
    out << '[';
    for (int i = 0; i < shape.rank_; ++i) out << (i ? ", " : "") << shape.extents_[static_cast<std::size_t>(i)];
    return out << ']';
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

/// The shape as text, e.g. "[8, 128, 768]".
inline std::string to_string(const Shape& shape) { return str_cat(shape); }

}  // namespace tl
