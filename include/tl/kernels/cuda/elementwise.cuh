// Element by element on the GPU: add, multiply, divide, and the functions exp, log and sigmoid of a number.
#pragma once

#include <cmath>
#include <cstdint>

#include <tl/kernels/add.hpp>
#include <tl/kernels/cuda/each.cuh>
#include <tl/kernels/cuda/formats.cuh>
#include <tl/kernels/divide.hpp>
#include <tl/kernels/multiply.hpp>
#include <tl/kernels/pointwise.hpp>

namespace tl::cuda {

template <class T> struct AddElement {
  Stored<const T> a, b;
  Stored<T> y;
  T alpha;
  __device__ void operator()(std::int64_t i) const { store(y, i, load(a, i) + alpha * load(b, i)); }
};

template <class T> struct MultiplyElement {
  kernels::Multiply<T> p;
  __device__ void operator()(std::int64_t i) const {
    p.y[i] = p.accumulate ? p.y[i] + p.a[i] * p.b[i] : p.a[i] * p.b[i];
  }
};

template <class T> struct DivideElement {
  kernels::DivideForward<T> p;
  __device__ void operator()(std::int64_t i) const { p.y[i] = p.a[i] / p.b[i]; }
};

template <class T> struct DivideGradient {
  kernels::DivideBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const T dy = p.dy[i], b = p.b[i];
    if (p.da) p.da[i] = dy / b;
    if (p.db) p.db[i] = -dy * p.y[i] / b;
  }
};

template <class T> struct PointwiseElement {
  kernels::PointwiseForward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const T x = p.x[i];
    switch (p.function) {
      case kernels::Pointwise::exp: p.y[i] = std::exp(x); return;
      case kernels::Pointwise::log: p.y[i] = std::log(x); return;
      case kernels::Pointwise::sigmoid: p.y[i] = T(1) / (T(1) + std::exp(-x)); return;
    }
  }
};

template <class T> struct PointwiseGradient {
  kernels::PointwiseBackward<T> p;
  __device__ void operator()(std::int64_t i) const {
    const T dy = p.dy[i], saved = p.saved[i];
    switch (p.function) {
      case kernels::Pointwise::exp: p.dx[i] = dy * saved; return;
      case kernels::Pointwise::log: p.dx[i] = dy / saved; return;
      case kernels::Pointwise::sigmoid: p.dx[i] = dy * saved * (T(1) - saved); return;
    }
  }
};

template <class T> static void add(const kernels::Add<T>& p) {
  launch_each(p.name, Shape{p.n}, p.n, AddElement<T>{p.a, p.b, p.y, p.alpha});
}

/// The body that calls an `Element` for each of the n elements of a contract.
template <class Element, class Contract> static void each_element(const Contract& p) {
  launch_each(p.name, Shape{p.n}, p.n, Element{p});
}

template <class T> static void provide_elementwise() {
  kernels::provide_cuda(&add<T>, &each_element<MultiplyElement<T>, kernels::Multiply<T>>,
                        &each_element<DivideElement<T>, kernels::DivideForward<T>>,
                        &each_element<DivideGradient<T>, kernels::DivideBackward<T>>,
                        &each_element<PointwiseElement<T>, kernels::PointwiseForward<T>>,
                        &each_element<PointwiseGradient<T>, kernels::PointwiseBackward<T>>);
}

[[maybe_unused]] static const bool elementwise_registered = [] {
  provide_elementwise<float>();
  provide_elementwise<double>();
  return true;
}();

}  // namespace tl::cuda
