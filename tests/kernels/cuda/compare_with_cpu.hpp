// Runs one contract on the GPU and on the CPU, from the same numbers, and compares: in float and in double on the GPU
// with double on the CPU, by the rule of support/compare.hpp. The same tests run on hardware and in the emulator.
//
//   KernelCase c("multiply", {n});
//   const auto a = c.input({n}), b = c.input({n}), y = c.result({n});
//   c.check([=]<class T>(CaseMemory<T>& at) {
//     return kernels::Multiply<T>{.a = at[a], .b = at[b], .y = at[y], .n = n};
//   });
//
// A test hands out slots, and the lambda makes the parameter struct for a memory, which gives each slot its address.
// Results begin as random numbers, so that accumulating and overwriting can be told apart. Each run is made twice on
// the GPU and must give the same bits; inputs must be as they were. check_formats() does the same with those matrices
// in bfloat16 and half that `make` asks for as at(slot); the CPU has the same rounded numbers in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/autograd/in_format.hpp>
#include <tl/core/tensor.hpp>
#include <tl/kernels/run.hpp>

#include "support/catch.hpp"
#include "support/compare.hpp"

namespace tl::test {

/// Stands for the type under test: float or double.
struct RealType {};

/// One array of a case; `T` is its element type. A default slot is null in the parameter struct.
template <class T> struct Slot { std::size_t index = static_cast<std::size_t>(-1); };

/// How a result is compared with the CPU's.
struct CompareBy {
  std::int64_t terms = 1;  ///< numbers that are summed for one element
  bool same_bits = false;  ///< with the CPU in the same type, instead of double
  double largest = 0.0;    ///< magnitude of the terms, where it is more than that of the sums
};

/// The numbers of one array.
template <class T> struct Array {
  Shape shape;
  std::vector<T> values;
  bool is_result = false;
  CompareBy by = {};
};

/// What the arrays of a case hold: numbers of the type under test (made as float, so that both types see the same),
/// and integers, bytes and doubles as they are.
struct CaseArrays {
  std::vector<Array<double>> reals;
  std::tuple<std::vector<Array<double>>, std::vector<Array<std::int32_t>>, std::vector<Array<std::int64_t>>,
             std::vector<Array<std::uint8_t>>>
      fixed;

  template <class U> std::vector<Array<U>>& of() { return std::get<std::vector<Array<U>>>(fixed); }
  template <class U> const std::vector<Array<U>>& of() const { return std::get<std::vector<Array<U>>>(fixed); }
};

/// The arrays of a case as tensors on a device, for one run in the type T.
template <class T> class CaseMemory {
 public:
  using value_type = T;

  CaseMemory(const CaseArrays& arrays, Device device_, Precision precision_ = Precision::f32)
      : device(device_), precision(precision_) {
    for (const Array<double>& array : arrays.reals)
      reals.push_back(Tensor<T>::from(std::vector<T>(array.values.begin(), array.values.end()), array.shape, device));
    const auto copy = [&]<class U>(const std::vector<Array<U>>& from) {
      for (const Array<U>& array : from) of<U>().push_back(Tensor<U>::from(array.values, array.shape, device));
    };
    std::apply([&](const auto&... from) { (copy(from), ...); }, arrays.fixed);
  }

  /// The address of a slot in this memory; null for a default slot.
  T* operator[](Slot<RealType> slot) { return address(reals, slot.index); }
  template <class U> U* operator[](Slot<U> slot) { return address(of<U>(), slot.index); }

  /// A slot as a matrix in the format of the precision, on the GPU; no matrix for a default slot.
  Stored<T> operator()(Slot<RealType> slot) {
    if (slot.index >= reals.size()) return nullptr;
    Tensor<T>& tensor = reals[slot.index];
    const DType format = format_of(precision);
    if (format == dtype_of<T>) return tensor.data();
    if (device.type == DeviceType::cpu) {
      for (T& value : tensor.span()) value = rounded(format, value);
      return tensor.data();
    }
    tensor = tl::detail::in_format(tensor, format);
    return tensor.stored();
  }

  /// The precision that a contract is to be given: the CPU's bodies in double round nothing.
  Precision asked() const { return device.type == DeviceType::cpu ? Precision::f32 : precision; }

  static DType format_of(Precision precision) {
    return precision == Precision::f32 ? dtype_of<T> : precision == Precision::bf16 ? DType::bf16 : DType::f16;
  }
  static T rounded(DType format, T value) {
    const auto narrow = static_cast<float>(value);
    return static_cast<T>(format == DType::bf16 ? float(bfloat16(narrow)) : float(half(narrow)));
  }

  /// The array of a slot.
  const Tensor<T>& operator[](Slot<RealType> slot) const { return reals[slot.index]; }
  template <class U> const Tensor<U>& operator[](Slot<U> slot) const { return of<U>()[slot.index]; }

  template <class U> std::vector<Tensor<U>>& of() { return std::get<std::vector<Tensor<U>>>(fixed); }
  template <class U> const std::vector<Tensor<U>>& of() const { return std::get<std::vector<Tensor<U>>>(fixed); }

  Device device;
  Precision precision;  ///< of the run
  std::vector<Tensor<T>> reals;
  std::tuple<std::vector<Tensor<double>>, std::vector<Tensor<std::int32_t>>, std::vector<Tensor<std::int64_t>>,
             std::vector<Tensor<std::uint8_t>>>
      fixed;

 private:
  template <class U> static U* address(std::vector<Tensor<U>>& tensors, std::size_t index) {
    return index < tensors.size() ? tensors[index].data() : nullptr;
  }
};

/// For each operation the largest difference from double in float, relative to the largest magnitude of the result.
inline std::map<std::string, double>& worst_differences() {
  static std::map<std::string, double> worst;
  return worst;
}

/// One call of a contract.
class KernelCase {
 public:
  /// `shape` is for messages.
  KernelCase(std::string name, Shape shape, unsigned seed = 1)
      : name_(std::move(name)), shape_(std::move(shape)), generator_(seed) {}

  /// Normally distributed numbers.
  Slot<RealType> input(const Shape& shape, double mean = 0.0, double deviation = 1.0) {
    return add(arrays_.reals, {.shape = shape, .values = random(shape, mean, deviation)}, RealType{});
  }
  /// Given numbers, which should be exact in float.
  Slot<RealType> input(const Shape& shape, std::vector<double> values) {
    return add(arrays_.reals, {.shape = shape, .values = std::move(values)}, RealType{});
  }
  /// What a kernel writes or adds to.
  Slot<RealType> result(const Shape& shape, CompareBy by = {}) {
    return add(arrays_.reals, {.shape = shape, .values = random(shape, 0.0, 1.0), .is_result = true, .by = by},
               RealType{});
  }
  /// A result that is an input, too.
  Slot<RealType> changed(const Shape& shape, std::vector<double> values, CompareBy by = {}) {
    return add(arrays_.reals, {.shape = shape, .values = std::move(values), .is_result = true, .by = by}, RealType{});
  }

  /// Integers, bytes or doubles, the same in each type.
  template <class U> Slot<U> fixed_input(const Shape& shape, std::vector<U> values) {
    return add(arrays_.of<U>(), {.shape = shape, .values = std::move(values)}, U{});
  }
  template <class U> Slot<U> fixed_result(const Shape& shape, CompareBy by = {}) {
    std::vector<U> values(static_cast<std::size_t>(shape.elements()), U(77));
    return add(arrays_.of<U>(), {.shape = shape, .values = std::move(values), .is_result = true, .by = by}, U{});
  }

  /// Runs the contract that `make` builds from a CaseMemory on both devices, in float and in double.
  template <class Make> void check(const Make& make) const {
    check_type<float>(make);
    check_type<double>(make);
  }

  /// Runs it in float with matrices in bfloat16 and in half, and compares by the rule with their eps.
  template <class Make> void check_formats(const Make& make) const {
    for (const Precision precision : {Precision::bf16, Precision::f16}) {
      INFO(name_ << " of " << shape_ << " in " << to_string(precision));
      const auto on_device = memory_after<float>(runner<float>(make), cuda_device, precision);
      const auto again = memory_after<float>(runner<float>(make), cuda_device, precision);
      const auto exact = memory_after<double>(runner<double>(make), cpu_device, precision);
      const double eps = precision == Precision::bf16 ? 0x1p-8 : 0x1p-11;
      for (std::size_t i = 0; i < arrays_.reals.size(); ++i) {
        const Array<double>& array = arrays_.reals[i];
        INFO((array.is_result ? "result " : "input ") << i << ", " << array.shape);
        CHECK(same_bits(on_device.reals[i], again.reals[i]));
        const Comparison compared =
            compare(on_device.reals[i], exact.reals[i], 1, array.is_result ? eps : 0.0, array.by.largest);
        INFO(compared.sentence);
        CHECK(compared.within);
      }
    }
  }

  /// The same in one type, for contracts that have no other.
  template <class T, class Make> void check_type(const Make& make) const {
    compare_runs<T>(runner<T>(make), runner<double>(make));
  }

  /// The memory after a run on `device`, copied to the CPU.
  template <class T, class Make> const CaseMemory<T> run(const Make& make, Device device) const {
    return memory_after<T>(runner<T>(make), device);
  }

 private:
  /// What runs a contract: of one type for all contracts, so that all that compares is compiled once.
  template <class T> using Runner = std::function<void(CaseMemory<T>&)>;

  template <class T, class Make> static Runner<T> runner(const Make& make) {
    return [&make](CaseMemory<T>& memory) { kernels::run(memory.device, make(memory)); };
  }

  template <class T>
  CaseMemory<T> memory_after(const Runner<T>& run, Device device, Precision precision = Precision::f32) const {
    CaseMemory<T> memory(arrays_, device, precision);
    run(memory);
    for (Tensor<T>& tensor : memory.reals) tensor = tensor.to(cpu_device);
    std::apply(
        [](auto&... lists) {
          (([&] {
             for (auto& one : lists) one = one.to(cpu_device);
           }()),
           ...);
        },
        memory.fixed);
    return memory;
  }

  template <class T> void compare_runs(const Runner<T>& run, const Runner<double>& run_exactly) const {
    INFO(name_ << " of " << shape_ << " in " << to_string(dtype_of<T>));
    const auto on_device = memory_after<T>(run, cuda_device), again = memory_after<T>(run, cuda_device);
    const auto exact = memory_after<double>(run_exactly, cpu_device);
    const auto same_type = memory_after<T>(run, cpu_device);
    for (std::size_t i = 0; i < arrays_.reals.size(); ++i)
      check_array(i, arrays_.reals[i], on_device.reals[i], again.reals[i], exact.reals[i], same_type.reals[i]);
    const auto check_fixed = [&]<class U>(const std::vector<Array<U>>& arrays) {
      for (std::size_t i = 0; i < arrays.size(); ++i)
        check_array(i, arrays[i], on_device.template of<U>()[i], again.template of<U>()[i], exact.template of<U>()[i],
                    same_type.template of<U>()[i]);
    };
    std::apply([&](const auto&... arrays) { (check_fixed(arrays), ...); }, arrays_.fixed);
  }

  template <class U, class Tag> static Slot<Tag> add(std::vector<Array<U>>& to, Array<U> array, Tag) {
    to.push_back(std::move(array));
    return {to.size() - 1};
  }

  std::vector<double> random(const Shape& shape, double mean, double deviation) {
    std::normal_distribution<float> normal(static_cast<float>(mean), static_cast<float>(deviation));
    std::vector<double> values(static_cast<std::size_t>(shape.elements()));
    for (double& value : values) value = static_cast<double>(normal(generator_));
    return values;
  }

  template <class Given, class U, class E>
  void check_array(std::size_t index, const Array<Given>& array, const Tensor<U>& got, const Tensor<U>& again,
                   const Tensor<E>& exact, const Tensor<U>& same_type) const {
    INFO((array.is_result ? "result " : "input ") << index << " of the arrays of its type, " << array.shape);
    CHECK(same_bits(got, again));
    if (!array.is_result) {
      CHECK(same_bits(got, Tensor<U>::from(std::vector<U>(array.values.begin(), array.values.end()), array.shape)));
    } else if (array.by.same_bits || std::is_integral_v<U>) {
      CHECK(same_bits(got, same_type));
    } else if constexpr (std::is_same_v<E, double>) {
      check_close(got, exact, array.by);
    }
  }

  template <class U> void check_close(const Tensor<U>& got, const Tensor<double>& exact, const CompareBy& by) const {
    const double eps = static_cast<double>(std::numeric_limits<U>::epsilon());
    const Comparison compared = compare(got, exact, std::max<std::int64_t>(1, by.terms), eps, by.largest);
    INFO(compared.sentence);
    CHECK(compared.within);
    if (std::is_same_v<U, float>) record(got, exact, by.largest);
  }

  template <class U> void record(const Tensor<U>& got, const Tensor<double>& exact, double largest) const {
    double difference = 0.0;
    for (std::int64_t i = 0; i < got.elements(); ++i) {
      const double a = static_cast<double>(got.data()[i]), b = exact.data()[i];
      if (!std::isfinite(a) || !std::isfinite(b)) continue;
      difference = std::max(difference, std::abs(a - b));
      largest = std::max(largest, std::abs(b));
    }
    double& worst = worst_differences()[name_];
    if (largest > 0.0) worst = std::max(worst, difference / largest);
  }

  std::string name_;
  Shape shape_;
  std::mt19937 generator_;
  CaseArrays arrays_;
};

}  // namespace tl::test

/// Ends the test case with the reason where no GPU answers.
#define TL_SKIP_WITHOUT_GPU() \
  if (!tl::is_available(tl::cuda_device)) TL_SKIP(tl::cuda_unavailable_reason())
