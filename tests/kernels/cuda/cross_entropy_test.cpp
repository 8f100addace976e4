// Cross-entropy on the GPU against the CPU: ignored labels, smoothing, class weights, focal loss.
#include <limits>

#include <tl/kernels/cpu/cross_entropy.hpp>

#include "compare_with_cpu.hpp"

namespace {

using namespace tl::test;
namespace k = tl::kernels;

struct Options {
  double smoothing = 0.0, gamma = 0.0;
  bool weighted = false;
};

constexpr Options option_cases[] = {{},
                                    {.smoothing = 0.1},
                                    {.weighted = true},
                                    {.smoothing = 0.2, .weighted = true},
                                    {.gamma = 2.0},
                                    {.gamma = 0.5, .weighted = true}};

/// Labels of `b` rows, of which every `ignored`-th is -100; 0: none is.
std::vector<std::int64_t> labels_of(std::int64_t b, std::int64_t classes, std::int64_t ignored) {
  std::vector<std::int64_t> labels(static_cast<std::size_t>(b));
  for (std::int64_t i = 0; i < b; ++i)
    labels[static_cast<std::size_t>(i)] = ignored != 0 && i % ignored == 0 ? -100 : (i * i + 1) % classes;
  return labels;
}

std::vector<double> class_weights(std::int64_t classes) {
  std::vector<double> weights(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 0.25 * static_cast<double>(1 + i % 5);
  return weights;
}

/// Probabilities of each row that are exact in float and have the sum 1, as those of a forward pass in double have.
std::vector<double> probabilities_of(std::int64_t b, std::int64_t classes) {
  std::vector<double> p(static_cast<std::size_t>(b * classes));
  for (std::int64_t row = 0; row < b; ++row) {
    double left = 4096.0;
    for (std::int64_t c = 0; c < classes; ++c) {
      const double share = c == classes - 1 ? left : static_cast<double>(1 + (row * 3 + c * c) % 5);
      p[static_cast<std::size_t>(row * classes + (c + row) % classes)] = share / 4096.0;
      left -= share;
    }
  }
  return p;
}

void check_cross_entropy(std::int64_t b, std::int64_t classes, std::int64_t ignored, const Options& options,
                         double deviation) {
  INFO("smoothing " << options.smoothing << ", gamma " << options.gamma << ", weighted " << options.weighted
                    << ", every " << ignored << "th ignored");
  KernelCase c("cross_entropy", {b, classes});
  const auto logits = c.input({b, classes}, 0.0, deviation), dloss = c.input({1});
  const auto labels = c.fixed_input<std::int64_t>({b}, labels_of(b, classes, ignored));
  const auto weights = options.weighted ? c.input({classes}, class_weights(classes)) : Slot<RealType>{};
  const auto probabilities = c.result({b, classes}, {.terms = classes});
  const auto loss = c.result({1}, {.terms = b + classes, .largest = deviation});
  c.check([=]<class T>(CaseMemory<T>& at) {
    return k::CrossEntropyForward<T>{.logits = at[logits],
                                     .labels = at[labels],
                                     .probabilities = at[probabilities],
                                     .loss = at[loss],
                                     .b = b,
                                     .c = classes,
                                     .label_smoothing = options.smoothing,
                                     .weights = at[weights],
                                     .focal_gamma = options.gamma};
  });
  const auto saved = c.input({b, classes}, probabilities_of(b, classes));
  const auto dlogits = c.result({b, classes}, {.terms = classes, .largest = 1.0 / static_cast<double>(b)});
  c.check([=]<class T>(CaseMemory<T>& at) {
    return k::CrossEntropyBackward<T>{.dloss = at[dloss],
                                      .probabilities = at[saved],
                                      .labels = at[labels],
                                      .dlogits = at[dlogits],
                                      .b = b,
                                      .c = classes,
                                      .label_smoothing = options.smoothing,
                                      .weights = at[weights],
                                      .focal_gamma = options.gamma};
  });
}

}  // namespace

TEST_CASE("cuda cross_entropy: equals the CPU with every option") {
  TL_SKIP_WITHOUT_GPU();
  for (const Options& options : option_cases) {
    check_cross_entropy(1, 2, 0, options, 2.0);
    check_cross_entropy(5, 33, 3, options, 2.0);
    check_cross_entropy(70, 9, 3, options, 2.0);
  }
}

TEST_CASE("cuda cross_entropy: equals the CPU where no row is ignored, for logits far apart, and for many classes") {
  TL_SKIP_WITHOUT_GPU();
  for (const Options& options : option_cases) {
    check_cross_entropy(6, 3, 0, options, 30.0);
    check_cross_entropy(2, 300, 0, options, 1.0);
  }
  check_cross_entropy(300, 2, 0, {}, 1.0);  // rows for more than a block of the sum
}

TEST_CASE("cuda cross_entropy: without a row that counts the loss is NaN and the gradient zero") {
  TL_SKIP_WITHOUT_GPU();
  for (const Options& options : option_cases) {
    check_cross_entropy(4, 3, 1, options, 1.0);
    check_cross_entropy(0, 3, 1, options, 1.0);
  }
}

TEST_CASE("cuda cross_entropy: a label that is no class makes the loss and its row's gradient NaN") {
  TL_SKIP_WITHOUT_GPU();
  for (const std::int64_t bad : {-1, 3, 1000000})
    for (const Options& options : option_cases) {
      KernelCase c("cross_entropy", {2, 3});
      const auto logits = c.input({2, 3}), dloss = c.input({1}, std::vector<double>{1.0});
      const auto labels = c.fixed_input<std::int64_t>({2}, {1, bad});
      const auto weights = options.weighted ? c.input({3}, class_weights(3)) : Slot<RealType>{};
      const auto p = c.changed({2, 3}, probabilities_of(2, 3)), loss = c.result({1}), dlogits = c.result({2, 3});
      const auto forward = c.run<float>(
          [=]<class T>(CaseMemory<T>& at) {
            return k::CrossEntropyForward<T>{.logits = at[logits],
                                             .labels = at[labels],
                                             .probabilities = at[p],
                                             .loss = at[loss],
                                             .b = 2,
                                             .c = 3,
                                             .label_smoothing = options.smoothing,
                                             .weights = at[weights],
                                             .focal_gamma = options.gamma};
          },
          tl::cuda_device);
      CHECK(std::isnan(forward[loss].item()));
      const auto backward = c.run<float>(
          [=]<class T>(CaseMemory<T>& at) {
            return k::CrossEntropyBackward<T>{.dloss = at[dloss],
                                              .probabilities = at[p],
                                              .labels = at[labels],
                                              .dlogits = at[dlogits],
                                              .b = 2,
                                              .c = 3,
                                              .label_smoothing = options.smoothing,
                                              .weights = at[weights],
                                              .focal_gamma = options.gamma};
          },
          tl::cuda_device);
      const std::vector<float> got = backward[dlogits].to_vector();
      for (std::size_t i = 0; i < 6; ++i) CHECK(std::isnan(got[i]) == (i >= 3));
    }
}
