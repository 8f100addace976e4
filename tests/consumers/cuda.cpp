// A program of a user that links tl::cuda: a network of two layers learns XOR on the GPU if one answers, else on the
// CPU. It uses none of the library's kernels by name: they are there all the same.
#include <cstdio>

#include <tl/autograd/parameter_space.hpp>
#include <tl/nn/linear.hpp>
#include <tl/nn/module.hpp>
#include <tl/ops/bias_activation.hpp>
#include <tl/ops/cross_entropy.hpp>
#include <tl/optim/adamw.hpp>

struct Mlp {
  tl::nn::Linear<float> hidden{2, 16}, output{16, 2};

  tl::Variable<float> operator()(const tl::Variable<float>& x) const { return output(tl::ops::tanh(hidden(x))); }

  template <class Visit> void members(Visit& visit) {
    visit("hidden", hidden);
    visit("output", output);
  }
};

float learn_xor(tl::Device device) {
  Mlp model;
  tl::ParameterSpace<float> parameters(tl::nn::named_parameters(model));
  tl::Tensor<float> values = parameters.values();
  for (std::int64_t i = 0; i < values.elements(); ++i) values.data()[i] = static_cast<float>((i * 37 % 101) - 50) / 50;
  parameters.to(device);
  tl::AdamW<float> optimizer(parameters, {.learning_rate = 0.05});

  const tl::Variable<float> x(tl::Tensor<float>::from({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}, device));
  const auto labels = tl::Tensor<std::int64_t>::from({0, 1, 1, 0}, {4}, device);
  float loss = 0;
  for (int step = 0; step < 200; ++step) {
    optimizer.zero_grad();
    const auto mean_loss = tl::ops::cross_entropy(model(x), labels);
    mean_loss.backward();
    optimizer.step();
    loss = mean_loss.value().item();
  }
  return loss;
}

int main() {
  const float loss = learn_xor(tl::device());
  std::printf("device %s; cuda: %s; loss %g\n", tl::to_string(tl::device()).c_str(),
              tl::cuda_unavailable_reason().c_str(), static_cast<double>(loss));
  return tl::cuda_backend.allocate != nullptr && loss < 0.05F ? 0 : 1;
}
