// A GPU that stores the results of products in bf16 and whose kernels are the CPU's bodies: each matrix of a contract
// is converted to the kernel's type before the body and, if it was written, to its format after it. It shows what
// operations, optimizer and Trainer do with formats, whatever the kernels of a GPU do.
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include <tl/kernels/convert.hpp>
#include <tl/kernels/cpu/convert.hpp>

#include "support/locked_device.hpp"

namespace tl::test {

/// The matrices of one call in the kernel's type; those that are written go back to their format at the end.
template <class T> class OwnFormats {
 public:
  ~OwnFormats() {
    for (const Copy& copy : copies_) move(Stored<const T>(copy.values.data()), copy.to, copy);
  }

  /// `rows` rows of `width` elements, `stride` apart.
  void read(Stored<const T>& x, std::int64_t rows, std::int64_t width, std::int64_t stride) {
    if (!x || x.own()) return;
    Copy& copy =
        copies_.emplace_back(Copy{std::vector<T>(static_cast<std::size_t>(rows * stride)), {}, rows, width, stride});
    move(x, copy.values.data(), copy);
    x = Stored<const T>(copy.values.data());
  }
  void read(Stored<const T>& x, std::int64_t rows, std::int64_t width) { read(x, rows, width, width); }

  void write(Stored<T>& y, std::int64_t rows, std::int64_t width, std::int64_t stride) {
    if (!y || y.own()) return;
    Copy& copy =
        copies_.emplace_back(Copy{std::vector<T>(static_cast<std::size_t>(rows * stride)), y, rows, width, stride});
    y = copy.values.data();
  }
  void write(Stored<T>& y, std::int64_t rows, std::int64_t width) { write(y, rows, width, width); }

 private:
  struct Copy {
    std::vector<T> values;
    Stored<T> to;  // null for what is read
    std::int64_t rows, width, stride;
  };

  static void move(Stored<const T> from, Stored<T> to, const Copy& copy) {
    if (!to) return;
    for (std::int64_t row = 0; row < copy.rows; ++row)
      convert_elements<T>(from + row * copy.stride, to + row * copy.stride, copy.width);
  }

  std::list<Copy> copies_;
};

template <class T> void own_matrices(kernels::LinearForward<T>& p, OwnFormats<T>& own) {
  own.read(p.x, p.n, p.in), own.read(p.weight, p.out, p.in), own.write(p.y, p.n, p.out);
}
template <class T> void own_matrices(kernels::LinearBackwardInput<T>& p, OwnFormats<T>& own) {
  own.read(p.dy, p.n, p.out), own.read(p.weight, p.out, p.in), own.write(p.dx, p.n, p.in);
}
template <class T> void own_matrices(kernels::LinearBackwardWeight<T>& p, OwnFormats<T>& own) {
  own.read(p.dy, p.n, p.out), own.read(p.x, p.n, p.in);
}
template <class T> void own_matrices(kernels::BiasActivationForward<T>& p, OwnFormats<T>& own) {
  own.read(p.x, p.n, p.f), own.write(p.y, p.n, p.f);
}
template <class T> void own_matrices(kernels::BiasActivationBackward<T>& p, OwnFormats<T>& own) {
  own.read(p.dy, p.n, p.f), own.read(p.x, p.n, p.f), own.write(p.dx, p.n, p.f);
}
template <class T> void own_matrices(kernels::Dropout<T>& p, OwnFormats<T>& own) {
  own.read(p.x, p.n, p.d), own.write(p.y, p.n, p.d);
}
template <class T> void own_matrices(kernels::GatherRowsForward<T>& p, OwnFormats<T>& own) {
  own.read(p.x, p.n, p.d), own.write(p.y, p.m, p.d);
}
template <class T> void own_matrices(kernels::BiasDropoutResidualLayerNormForward<T>& p, OwnFormats<T>& own) {
  own.read(p.x, p.n, p.d);
}
template <class T> void own_matrices(kernels::BiasDropoutResidualLayerNormBackward<T>& p, OwnFormats<T>& own) {
  own.write(p.dx, p.n, p.d);
}
template <class T> void own_matrices(kernels::AttentionForward<T>& p, OwnFormats<T>& own) {
  const std::int64_t width = p.heads * p.head_width;
  own.read(p.q, p.n_q, width, p.q_stride), own.read(p.k, p.n_k, width, p.k_stride);
  own.read(p.v, p.n_k, width, p.v_stride), own.write(p.out, p.n_q, width);
}
template <class T> void own_matrices(kernels::AttentionBackward<T>& p, OwnFormats<T>& own) {
  const std::int64_t width = p.heads * p.head_width;
  own.read(p.dout, p.n_q, width), own.read(p.out, p.n_q, width), own.read(p.q, p.n_q, width, p.q_stride);
  own.read(p.k, p.n_k, width, p.k_stride), own.read(p.v, p.n_k, width, p.v_stride);
  own.write(p.dq, p.n_q, width, p.q_stride), own.write(p.dk, p.n_k, width, p.k_stride);
  own.write(p.dv, p.n_k, width, p.v_stride);
}

/// As long as it lives, cuda:0 is there and stores results of products in bf16.
class LowFormatDevice : public LockedDevice {
 public:
  LowFormatDevice() {
    using namespace kernels;  // NOLINT(google-build-using-namespace): a list of its names
    cuda_backend.multiplies_in = [](Precision) { return true; };
    cuda_backend.stores_low_precision = true;
    conversions() = 0;
    provide_formats<LinearForward<float>, LinearBackwardInput<float>, LinearBackwardWeight<float>,
                    BiasActivationForward<float>, BiasActivationBackward<float>, kernels::Dropout<float>,
                    GatherRowsForward<float>, BiasDropoutResidualLayerNormForward<float>,
                    BiasDropoutResidualLayerNormBackward<float>, AttentionForward<float>, AttentionBackward<float>>();
    cuda_kernel<Convert<float>> = [](const Convert<float>& params) {
      ++conversions();
      run(cpu::Cpu{}, LockedMemory::instance().opened(params));
    };
  }

  /// How often a tensor was converted on the device.
  static int& conversions() {
    static int count = 0;
    return count;
  }

 private:
  template <class... Params> void provide_formats() {
    ((kernels::cuda_kernel<Params> =
          [](const Params& params) {
            auto opened = LockedMemory::instance().opened(params);
            OwnFormats<float> own;
            own_matrices(opened, own);
            run(cpu::Cpu{}, opened);
          }),
     ...);
  }
};

}  // namespace tl::test
