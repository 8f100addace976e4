// GradientBuffer<T>: the sum of the gradients that reach one variable. It knows what its memory holds: nothing yet,
// rows that are zero but not written (the first product then writes where later ones add), or a sum; and, of a table
// that is trained by rows, which rows may be other than zero. Gradient<T> is the handle through which backward rules
// add to it.
//
// Memory is written in place where this buffer has the only handle to it. The buffer of an intermediate result takes
// the first gradient over from the rule that made it, and makes a sum elsewhere as long as another buffer holds the
// same tensor. The buffer of a leaf owns its memory, and a tensor that grad() returned sees it change.
//
// Gradients may arrive in bf16 or f16, as the values they belong to are stored on a GPU. One alone stays as it is;
// sums, what kernels add to, and the gradients of leaves are in T's own format.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tl/autograd/in_format.hpp>
#include <tl/autograd/sparse_rows.hpp>
#include <tl/core/row_groups.hpp>
#include <tl/core/tensor.hpp>
#include <tl/kernels/add.hpp>
#include <tl/kernels/cpu/add.hpp>

namespace tl {

/// The sum of the gradients of one variable, and what is known of its memory.
template <Real T> class GradientBuffer {
 public:
  /// A gradient without memory: that of a leaf, which stays, or of an intermediate result.
  GradientBuffer(const Shape& shape, Device device, bool is_leaf) : shape_(shape), device_(device), is_leaf_(is_leaf) {}

  /// The gradient of a leaf that is summed in `memory`. `sparse` says that it is zero, a table [V, D], and trained by
  /// rows.
  explicit GradientBuffer(Tensor<T> memory, bool sparse = false)
      : shape_(memory.shape()), device_(memory.device()), is_leaf_(true), memory_(std::move(memory)) {
    if (sparse) sparse_.emplace();
  }

  /// Rows [begin, end) of the gradient of a leaf, as the gradient of a leaf.
  GradientBuffer(std::shared_ptr<GradientBuffer> leaf, std::int64_t begin, const Shape& shape)
      : shape_(shape), device_(leaf->device_), is_leaf_(true), whole_(std::move(leaf)), begin_(begin) {
    if (!whole_->whole_) return;
    begin_ += whole_->begin_;
    whole_ = whole_->whole_;
  }

  const Shape& shape() const { return shape_; }
  Device device() const { return device_; }
  bool is_leaf() const { return is_leaf_; }

  /// Adds `gradient`, or takes it over if it is the first of an intermediate result; the caller must not write to it
  /// afterwards. Throws Error(shape) if it has another shape.
  void add(const Tensor<T>& gradient) {
    check(gradient.shape() == shape_, ErrorCode::shape, "backward: expected a gradient of shape ", shape_, ", got ",
          gradient, "; the backward rule of this operation is wrong");
    check(gradient.device() == device_, ErrorCode::device, "backward: expected a gradient on ", device_, ", got ",
          gradient, "; move it with to(Device)");
    if (!whole_ && !memory_.defined()) {
      const bool copy = is_leaf_ && gradient.format() == dtype_of<T>;
      memory_ = copy ? gradient.clone() : is_leaf_ ? detail::in_own_format(gradient) : gradient;
      return;
    }
    const bool in_place = whole_ || is_writable();
    const Tensor<T> before = in_place ? accumulator() : detail::in_own_format(memory_);
    const Tensor<T> other = detail::in_own_format(gradient);
    Tensor<T> sum = in_place ? before : Tensor<T>::empty(shape_, device_);
    kernels::run(device_, kernels::Add<T>{.a = before.data(), .b = other.data(), .y = sum.data(), .n = sum.elements()});
    if (!in_place) memory_ = sum;
  }

  /// The gradient as memory that a kernel adds to, zero at first.
  Tensor<T> accumulator() { return whole_ ? whole_->rows_to_add(begin_, begin_ + shape_[0]) : rows_to_add(0, rows()); }

  /// accumulator() for a kernel that adds to the rows of these ids only.
  Tensor<T> accumulator(const RowGroups& groups) {
    if (!sparse_ || groups.ids.device().type != DeviceType::cpu) return accumulator();
    sparse_->mark(groups.ids.span());
    return memory_;
  }

  /// Memory for a kernel that can add or write: it writes if nothing was added yet.
  struct Target {
    Tensor<T> grad;
    bool add;
  };
  /// In `format` if it is the first gradient of an intermediate result, else in T's own.
  Target write_or_add(DType format = dtype_of<T>) {
    return whole_ ? whole_->rows_to_write(begin_, begin_ + shape_[0], format) : rows_to_write(0, rows(), format);
  }

  /// The gradient for a reader, who may also write to it and keep it; undefined if none arrived.
  Tensor<T> read() {
    if (whole_) {
      const Tensor<T> all = whole_->read();
      return all.defined() ? all.rows(begin_, begin_ + shape_[0]) : all;
    }
    materialize();
    if (sparse_) sparse_->mark_all();
    return memory_;
  }

  /// Hands the gradient of an intermediate result to its rule.
  Tensor<T> take() { return std::exchange(memory_, Tensor<T>{}); }

  /// Makes the gradient zero. The zeros are written when they are read, or at once where another handle could read
  /// them.
  void zero() {
    if (whole_) return whole_->zero_rows(begin_, begin_ + shape_[0]);
    if (!memory_.defined()) return;
    const bool shared = shared_ || !memory_.is_only_handle();
    if (sparse_) {
      zero_sparse(shared);
    } else if (shared) {
      zero_rows(0, rows());
    } else {
      unwritten_ = {{0, rows()}};
    }
  }

  /// Says that the memory was filled with zeros elsewhere, as part of a larger block.
  void set_zeroed() { unwritten_.clear(); }

  /// Writes the zeros that zero() has not written, for a reader of the memory.
  void materialize() { materialize(0, rows()); }

  /// Says that the memory is read and written elsewhere from now on, through a tensor that is no copy of this one's.
  void share() {
    shared_ = true;
    if (sparse_) sparse_->mark_all();
  }

  /// The rows other than zero of a table that is trained by rows; null for other gradients.
  detail::SparseRows* sparse() { return sparse_ ? &*sparse_ : nullptr; }

 private:
  struct Range {
    std::int64_t begin, end;
  };

  std::int64_t rows() const { return shape_.rank() ? shape_[0] : 1; }
  Tensor<T> part(std::int64_t begin, std::int64_t end) const {
    return begin == 0 && end == rows() ? memory_ : memory_.rows(begin, end);
  }

  /// Whether a sum may be written in place: a leaf's memory is its own.
  bool is_writable() const { return is_leaf_ || memory_.is_only_handle(); }

  Tensor<T> rows_to_add(std::int64_t begin, std::int64_t end) {
    if (!memory_.defined()) memory_ = Tensor<T>::zeros(shape_, device_);
    else if (memory_.format() != dtype_of<T>) memory_ = detail::in_own_format(memory_);
    else if (!is_writable()) memory_ = memory_.clone();
    materialize(begin, end);
    if (sparse_) sparse_->mark_all();
    return part(begin, end);
  }

  Target rows_to_write(std::int64_t begin, std::int64_t end, DType format) {
    if (!memory_.defined()) {
      memory_ = Tensor<T>::empty(shape_, device_, is_leaf_ ? dtype_of<T> : format);
      unwritten_ = {{0, rows()}};
    }
    for (std::size_t i = 0; i < unwritten_.size(); ++i)
      if (unwritten_[i].begin <= begin && end <= unwritten_[i].end) {
        cut(i, begin, end);
        return {part(begin, end), false};
      }
    return {rows_to_add(begin, end), true};
  }

  /// Writes zeros to those of rows [begin, end) that are not written.
  void materialize(std::int64_t begin, std::int64_t end) {
    for (std::size_t i = unwritten_.size(); i-- > 0;) {
      const Range zeros{std::max(begin, unwritten_[i].begin), std::min(end, unwritten_[i].end)};
      if (zeros.begin >= zeros.end) continue;
      part(zeros.begin, zeros.end).fill(T(0));
      cut(i, zeros.begin, zeros.end);
    }
  }

  /// Rows [begin, end) of the range unwritten_[i] are written now.
  void cut(std::size_t i, std::int64_t begin, std::int64_t end) {
    const Range range = unwritten_[i];
    unwritten_.erase(unwritten_.begin() + static_cast<std::ptrdiff_t>(i));
    if (range.begin < begin) unwritten_.push_back({range.begin, begin});
    if (end < range.end) unwritten_.push_back({end, range.end});
  }

  void zero_rows(std::int64_t begin, std::int64_t end) {
    if (!memory_.defined()) return;
    materialize(begin, end);  // so that the range counts as written
    part(begin, end).fill(T(0));
  }

  void zero_sparse(bool shared) {
    if (sparse_->all_marked()) memory_.fill(T(0));
    else
      for (const std::int32_t row : sparse_->marked()) memory_[row].fill(T(0));
    sparse_->clear();
    if (shared) sparse_->mark_all();
  }

  Shape shape_;
  Device device_;
  bool is_leaf_;
  bool shared_ = false;
  Tensor<T> memory_;              // undefined until a gradient arrives; of a part always
  std::vector<Range> unwritten_;  // rows that are zero, whatever the memory holds
  std::optional<detail::SparseRows> sparse_;
  std::shared_ptr<GradientBuffer> whole_;  // of a part of a leaf: the gradient of the leaf
  std::int64_t begin_ = 0;                 // and where the part begins
};

/// Where a backward rule puts the gradient of one input. Converts to false if that input needs none.
template <Real T> class Gradient {
 public:
  using Target = typename GradientBuffer<T>::Target;

  Gradient() = default;
  explicit Gradient(std::shared_ptr<GradientBuffer<T>> buffer) : buffer_(std::move(buffer)) {}

  explicit operator bool() const noexcept { return buffer_ != nullptr; }

  /// Adds `gradient`, or takes it over if it is the first; the caller must not write to it afterwards. Nothing if that
  /// input needs none.
  void add(const Tensor<T>& gradient) const {
    if (buffer_) buffer_->add(gradient);
  }

  /// A new tensor of the input's shape, in which a kernel writes what is then added; undefined if that input needs
  /// none.
  Tensor<T> new_tensor(DType format = dtype_of<T>) const {
    return buffer_ ? Tensor<T>::empty(buffer_->shape(), buffer_->device(), format) : Tensor<T>{};
  }

  /// The gradient itself, zero at first, for kernels that accumulate into it, or into the rows of these ids only.
  Tensor<T> accumulator() const { return buffer_->accumulator(); }
  Tensor<T> accumulator(const RowGroups& groups) const { return buffer_->accumulator(groups); }

  /// The memory of accumulator(); null if that input needs no gradient.
  T* accumulator_data() const { return buffer_ ? accumulator().data() : nullptr; }
  T* accumulator_data(const RowGroups& groups) const { return buffer_ ? accumulator(groups).data() : nullptr; }

  /// Where a kernel puts its gradient that can add or write; undefined, and to be written, if that input needs none.
  /// The first gradient of an intermediate result is then in `format`.
  Target write_or_add(DType format = dtype_of<T>) const {
    return buffer_ ? buffer_->write_or_add(format) : Target{{}, false};
  }

 private:
  std::shared_ptr<GradientBuffer<T>> buffer_;
};

}  // namespace tl
