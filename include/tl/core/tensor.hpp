// Tensor<T>: a contiguous row-major array of any rank on one device. Copying a tensor copies the handle, not the
// elements; rows(), reshape() and operator[] are views of the same memory. clone() makes an independent copy.
//
// On a GPU a tensor of float may be stored in bfloat16 or half, as results of products are: format() says so, kernels
// get it with stored(), and on its way to the CPU it becomes float again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <tl/core/device.hpp>
#include <tl/core/dtype.hpp>
#include <tl/core/shape.hpp>
#include <tl/core/storage.hpp>
#include <tl/core/stored.hpp>

namespace tl {

/// A contiguous array of elements with a shape, on a device; copies share the memory.
template <Element T> class [[nodiscard]] Tensor {
 public:
  using value_type = T;

  /// An undefined tensor: no memory, defined() is false.
  Tensor() = default;

  /// A tensor with undefined contents. Throws Error(dtype) unless `format` is that of T or, for float and double on a
  /// device other than the CPU, bf16 or f16.
  static Tensor empty(const Shape& shape, Device device = cpu_device, DType format = dtype_of<T>) {
    check_format(device, format);
    return Tensor(shape, std::make_shared<Storage>(bytes_of(shape, format), device, false), format);
  }

  /// A tensor in the host's memory with undefined contents that a GPU can read and write while the CPU goes on: see
  /// copy_from_async(). Throws Error(device) without a GPU.
  static Tensor pinned(const Shape& shape) {
    return Tensor(shape, std::make_shared<Storage>(bytes_of(shape), PinnedMemory{}));
  }

  /// A tensor filled with zeros.
  static Tensor zeros(const Shape& shape, Device device = cpu_device) {
    return Tensor(shape, std::make_shared<Storage>(bytes_of(shape), device, true));
  }

  /// A tensor filled with `value`.
  static Tensor full(const Shape& shape, T value, Device device = cpu_device) {
    Tensor result = empty(shape);
    result.fill(value);
    return result.to(device);
  }

  /// A tensor with a copy of `values`, in row-major order. Throws Error(shape) if their number does not fit `shape`.
  static Tensor from(std::span<const T> values, const Shape& shape, Device device = cpu_device) {
    check(static_cast<std::int64_t>(values.size()) == shape.elements(), ErrorCode::shape, "a tensor of shape ", shape,
          " needs ", shape.elements(), " values, got ", values.size());
    Tensor result = empty(shape);
    std::copy(values.begin(), values.end(), result.own_data());
    return result.to(device);
  }
  static Tensor from(const std::vector<T>& values, const Shape& shape, Device device = cpu_device) {
    return from(std::span<const T>(values), shape, device);
  }

  bool defined() const noexcept { return storage_ != nullptr; }
  const Shape& shape() const noexcept { return shape_; }
  int rank() const noexcept { return shape_.rank(); }
  std::int64_t elements() const noexcept { return defined() ? shape_.elements() : 0; }
  /// Extent of one dimension; negative indices count from the end.
  std::int64_t size(int dimension) const { return shape_[dimension]; }
  Device device() const noexcept { return storage_ ? storage_->device() : cpu_device; }
  /// Whether it is in pinned host memory.
  bool is_pinned() const noexcept { return storage_ && storage_->pinned(); }
  static constexpr DType dtype() noexcept { return dtype_of<T>; }
  /// In which format the elements are stored: dtype(), which it always is on the CPU, or bf16 or f16.
  DType format() const noexcept { return format_; }

  /// Memory address of the first element on the tensor's device. Throws Error(state) for an undefined tensor, such as
  /// the gradient that a variable does not have, Error(dtype) for one that is stored in another format than T's own.
  T* data() {
    require_memory();
    may_change();
    return own_data();
  }
  const T* data() const {
    require_memory();
    return own_data();
  }

  /// data(), or null for an undefined tensor, which kernels take as "not wanted".
  T* data_or_null() {
    require_own();
    may_change();
    return own_data();
  }

  /// Address and format, for kernels that take other formats, too; null for an undefined tensor.
  Stored<T> stored() {
    may_change();
    return {data_, format_};
  }
  Stored<const T> stored() const { return {data_, format_}; }

  /// The address for a writer that says itself, with mark_changed(), what it writes.
  T* unwatched_data() {
    require_own();
    return own_data();
  }
  /// Says that the elements were written through an address: an operation that keeps them for its gradient will refuse
  /// to go on.
  void mark_changed() {
    if (storage_ && storage_->watched()) storage_->has_changed(data_, bytes());
  }

  /// True if no other tensor, copy or view, holds this memory.
  bool is_only_handle() const noexcept { return storage_.use_count() == 1; }
  /// The same memory under a count of its own: is_only_handle() then speaks of copies and views of the result alone,
  /// as the owner of a part of a larger block needs to know of that part.
  Tensor counted_apart() const {
    Tensor result = *this;
    if (storage_) result.storage_ = std::shared_ptr<Storage>(storage_.get(), [keep = storage_](Storage*) {});
    return result;
  }

  /// What sees whether the elements are changed; null for an undefined tensor.
  std::shared_ptr<ContentWatch> watch(ContentWatch::Escape escape = ContentWatch::Escape::is_no_change) const {
    return storage_ ? std::make_shared<ContentWatch>(storage_, data_, bytes(), escape) : nullptr;
  }

  /// The elements in row-major order; CPU tensors only.
  std::span<T> span() {
    require_cpu("span()");
    may_change();
    return {own_data(), static_cast<std::size_t>(elements())};
  }
  std::span<const T> span() const {
    require_cpu("span()");
    return {own_data(), static_cast<std::size_t>(elements())};
  }

  /// The element at `indices`, one index per dimension; CPU tensors only.
  T& at(std::initializer_list<std::int64_t> indices) {
    const std::int64_t position = offset(indices);
    may_change();
    return own_data()[position];
  }
  const T& at(std::initializer_list<std::int64_t> indices) const { return own_data()[offset(indices)]; }

  /// The only element of a tensor with one element, from any device.
  [[nodiscard]] T item() const {
    check(elements() == 1, ErrorCode::shape, "item() needs a tensor with one element, got ", *this);
    return to(cpu_device).own_data()[0];
  }

  /// View of rows [begin, end) of the first dimension.
  Tensor rows(std::int64_t begin, std::int64_t end) const {
    check(rank() >= 1 && 0 <= begin && begin <= end && end <= shape_[0], ErrorCode::shape, "rows [", begin, ", ", end,
          ") of ", *this);
    const std::int64_t row = shape_[0] ? elements() / shape_[0] : 0;
    return view(begin * row, shape_.with_extent(0, end - begin));
  }

  /// View of entry `index` of the first dimension, with that dimension dropped.
  Tensor operator[](std::int64_t index) const {
    check(rank() >= 1 && 0 <= index && index < shape_[0], ErrorCode::shape, "index ", index, " of ", *this);
    return view(index * (elements() / shape_[0]), Shape(shape_.extents().subspan(1)));
  }

  /// View with the same elements in another shape; one extent may be -1 and is then inferred.
  Tensor reshape(std::vector<std::int64_t> extents) const {
    std::int64_t known = 1;
    std::int64_t* inferred = nullptr;
    for (auto& extent : extents) {
      if (extent != -1) known *= extent;
      else inferred = &extent;
    }
    if (inferred && known > 0) *inferred = elements() / known;
    const Shape shape{std::span<const std::int64_t>(extents)};
    check(shape.elements() == elements(), ErrorCode::shape, "cannot view ", *this, " as ", shape);
    return view(0, shape);
  }

  /// View of `shape.elements()` elements that start at element `offset`.
  Tensor view(std::int64_t offset, const Shape& shape) const {
    check(offset >= 0 && offset <= elements() - shape.elements(), ErrorCode::shape, "a view of shape ", shape,
          " at element ", offset, " does not fit into ", *this);
    Tensor result = *this;
    result.data_ = static_cast<std::byte*>(data_) + offset * static_cast<std::int64_t>(size_of(format_));
    result.shape_ = shape;
    return result;
  }

  /// View of the bytes from `offset` on as elements of type U, which the bytes must be. Throws Error(shape) if they do
  /// not fit.
  template <Element U> Tensor<U> view_as(std::int64_t offset, const Shape& shape) const {
    constexpr auto size = static_cast<std::int64_t>(sizeof(U));
    const std::int64_t left = static_cast<std::int64_t>(bytes()) - offset;
    check(offset >= 0 && offset % size == 0 && left >= 0 && shape.elements() <= left / size, ErrorCode::shape,
          "a view of ", to_string(dtype_of<U>), shape, " at byte ", offset, " does not fit into ", *this);
    Tensor<U> result;
    result.storage_ = storage_;
    result.data_ = static_cast<std::byte*>(data_) + offset;
    result.shape_ = shape;
    return result;
  }

  /// An independent copy on the same device.
  Tensor clone() const {
    if (!defined()) return {};
    Tensor result = empty(shape_, device(), format_);
    result.copy_from(*this);
    return result;
  }

  /// The same values on `device`: this tensor itself if it is there already, else a copy in T's own format.
  Tensor to(Device device) const {
    if (!defined() || device == this->device()) return *this;
    Tensor result = empty(shape_, device);
    result.copy_from(*this);
    return result;
  }

  /// Overwrites the elements with those of `source`, from any device and format. Throws Error(shape) if the shapes
  /// differ.
  void copy_from(const Tensor& source) {
    if (!can_copy(source)) return;
    mark_changed();
    if (format_ != source.format_) return copy_converted(source);
    if (device().type == DeviceType::cpu && source.device().type == DeviceType::cpu)
      std::memmove(data_, source.data_, bytes());
    else cuda_backend.copy(data_, source.data_, bytes(), kind_of_copy(source));
  }

  /// The same without waiting, for a tensor on a GPU and one that is pinned: neither may be read or written by the CPU
  /// before a DeviceEvent after the copy is over, but both may be freed. Throws Error(device) for other tensors.
  void copy_from_async(const Tensor& source) {
    const bool fits = device().type != source.device().type && (is_pinned() || source.is_pinned());
    check(fits, ErrorCode::device, "copy_from_async: expected a pinned tensor and one on a GPU, got ", *this, " and ",
          source);
    if (!can_copy(source)) return;
    check(format_ == source.format_, ErrorCode::dtype, "copy_from_async: expected tensors in one format, got ", *this,
          " and ", source);
    mark_changed();
    cuda_backend.copy_async(data_, source.data_, bytes(), kind_of_copy(source));
  }

  /// Sets every element to `value`; CPU tensors only, except for value 0.
  void fill(T value) {
    mark_changed();
    if (device().type != DeviceType::cpu && static_cast<double>(value) == 0.0) {
      cuda_backend.fill_zero(data_, bytes());
      return;
    }
    require_cpu("fill()");
    std::fill_n(own_data(), elements(), value);
  }

  /// The elements converted to another type; CPU tensors only.
  template <Element U> Tensor<U> cast() const {
    require_cpu("cast()");
    if (!defined()) return {};
    Tensor<U> result = Tensor<U>::empty(shape_);
    std::transform(own_data(), own_data() + elements(), result.data(), [](T value) { return static_cast<U>(value); });
    return result;
  }

  /// Elements as a std::vector, from any device.
  [[nodiscard]] std::vector<T> to_vector() const {
    const Tensor host = to(cpu_device);
    return {host.own_data(), host.own_data() + host.elements()};
  }

  /// "f32[8, 128, 768]@cuda:0", with the format it is stored in; the elements are printed by tl/core/print.hpp.
  friend std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
    if (!tensor.defined()) return out << to_string(dtype()) << "[undefined]";
    return out << to_string(tensor.format_) << tensor.shape_ << '@' << tensor.device();
  }

 private:
  template <Element U> friend class Tensor;

  Tensor(const Shape& shape, std::shared_ptr<Storage> storage, DType format = dtype_of<T>)
      : storage_(std::move(storage)), data_(storage_->data()), shape_(shape), format_(format) {}

  static void check_format(Device device, DType format) {
    constexpr auto own = dtype_of<T>;
    const bool others = Real<T> && device.type != DeviceType::cpu;
    check(format == own || (others && size_of(format) == 2), ErrorCode::dtype, "a tensor of ", to_string(own), " on ",
          device, ": expected to store it in ", to_string(own), others ? ", bf16 or f16" : "", ", got ",
          to_string(format));
  }

  static std::size_t bytes_of(const Shape& shape, DType format = dtype_of<T>) {
    const std::int64_t elements = shape.elements();
    check(elements <= std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(sizeof(T)), ErrorCode::shape,
          "a tensor of shape ", shape, " has more than 2^63 - 1 bytes");
    return static_cast<std::size_t>(elements) * size_of(format);
  }

  T* own_data() const noexcept { return static_cast<T*>(data_); }

  std::size_t bytes() const noexcept { return static_cast<std::size_t>(elements()) * size_of(format_); }

  /// copy_from() a tensor in another format, by way of the host's memory: fewer bytes pass the bus than after a
  /// conversion, and no kernel is needed to print a tensor.
  void copy_converted(const Tensor& source) {
    if constexpr (Real<T>) {
      Storage from(source.bytes(), cpu_device, false), to(bytes(), cpu_device, false);
      const auto copy = [](void* there, Device to_device, const void* here, Device from_device, std::size_t count) {
        const bool to_host = to_device.type == DeviceType::cpu;
        if (to_host && from_device.type == DeviceType::cpu) std::memcpy(there, here, count);
        else cuda_backend.copy(there, here, count, to_host ? CopyKind::device_to_host : CopyKind::host_to_device);
      };
      copy(from.data(), cpu_device, source.data_, source.device(), source.bytes());
      convert_elements<T>({from.data(), source.format_}, {to.data(), format_}, elements());
      copy(data_, device(), to.data(), cpu_device, bytes());
    }
  }

  /// Throws Error(shape) unless `source` has the same shape; false if there is nothing to copy.
  bool can_copy(const Tensor& source) const {
    check(defined(), ErrorCode::shape, "copy into ", *this, ": expected a tensor with memory");
    check(shape_ == source.shape_ && source.defined(), ErrorCode::shape, "copy: expected shape ", shape_, ", got ",
          source);
    return elements() > 0;
  }

  CopyKind kind_of_copy(const Tensor& source) const {
    return device().type == DeviceType::cpu          ? CopyKind::device_to_host
           : source.device().type == DeviceType::cpu ? CopyKind::host_to_device
                                                     : CopyKind::device_to_device;
  }

  void may_change() {
    if (storage_ && storage_->watched()) [[unlikely]]
      storage_->may_change(data_, bytes());
  }

  void require_memory() const {
    if (!storage_) [[unlikely]]
      fail(ErrorCode::state, "data(): expected a tensor with memory, got ", *this,
           "; a gradient, for instance, is there after backward() only, and only of a leaf");
    require_own();
  }

  void require_own() const {
    if (format_ != dtype_of<T>) [[unlikely]]
      fail(ErrorCode::dtype, "data(): expected a tensor that is stored in ", to_string(dtype()), ", got ", *this,
           "; kernels take stored(), and to(tl::cpu_device) converts it");
  }

  void require_cpu(std::string_view what) const {
    check(device().type == DeviceType::cpu, ErrorCode::device, what, " needs a tensor on the cpu, got ", *this,
          "; copy it with to(tl::cpu_device) first");
  }

  std::int64_t offset(std::initializer_list<std::int64_t> indices) const {
    require_cpu("at()");
    check(defined() && static_cast<int>(indices.size()) == rank(), ErrorCode::shape, "at() with ", indices.size(),
          " indices on ", *this);
    std::int64_t position = 0;
    int dimension = 0;
    for (const std::int64_t index : indices) {
      const std::int64_t extent = shape_[dimension];
      check(0 <= index && index < extent, ErrorCode::shape, "index ", index, " in dimension ", dimension, " of ",
            *this);
      position = position * extent + index;
      ++dimension;
    }
    return position;
  }

  std::shared_ptr<Storage> storage_;
  void* data_ = nullptr;
  Shape shape_;
  DType format_ = dtype_of<T>;
};

/// The description of a tensor, e.g. "f32[8, 128, 768]@cpu".
template <Element T> std::string to_string(const Tensor<T>& tensor) { return str_cat(tensor); }

}  // namespace tl
