// Tensors hold numbers, variables know where theirs came from. A Tensor is a handle: copying it shares the memory,
// views cost nothing, clone() copies. A Variable records the operations it goes through, and backward() walks that
// record in reverse to fill in gradients. Here a straight line is fitted to points by plain gradient descent.
#include <cmath>
#include <iostream>

#include <tl/autograd/variable.hpp>
#include <tl/core/print.hpp>
#include <tl/ops/add.hpp>
#include <tl/ops/linear.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>

int main() {
  using namespace tl;

  // Shapes, views and printing.
  Tensor<float> table = Tensor<float>::from({1, 2, 3, 4, 5, 6}, {2, 3});
  Tensor<float> last_row = table[1];            // a view: the same memory
  last_row.fill(0.0F);                          // so this changes `table`
  std::cout << format(table) << "\n";           // elements, then type, shape and device
  std::cout << table.reshape({3, -1}) << "\n";  // only the description: f32[3, 2]@cpu

  // Gradients: d/dx sum(x * x) = 2 x.
  Variable<float> x(Tensor<float>::from({1, -2, 3}, {3}), /*requires_grad=*/true);
  ops::sum(x * x).backward();
  std::cout << "gradient of sum(x^2): " << format(x.grad()) << "\n";

  // Points on the line y = 2 x + 1 ...
  const std::int64_t n = 32;
  Tensor<float> inputs = Tensor<float>::empty({n, 1}), targets = Tensor<float>::empty({n, 1});
  for (std::int64_t i = 0; i < n; ++i) {
    inputs.at({i, 0}) = static_cast<float>(i) / 16.0F - 1.0F;
    targets.at({i, 0}) = 2.0F * inputs.at({i, 0}) + 1.0F;
  }

  // ... and a line that knows nothing yet.
  Variable<float> weight(Tensor<float>::zeros({1, 1}), true), bias(Tensor<float>::zeros({1}), true);
  float loss_value = 0;
  for (int step = 0; step < 200; ++step) {
    const Variable<float> error = ops::linear(Variable<float>(inputs), weight, bias) - Variable<float>(targets);
    const Variable<float> loss = ops::mean(error * error);
    loss.backward();
    for (Variable<float>* parameter : {&weight, &bias}) {
      for (std::int64_t i = 0; i < parameter->value().elements(); ++i)
        parameter->value().data()[i] -= 0.2F * parameter->grad().data()[i];
      parameter->zero_grad();
    }
    loss_value = loss.value().item();
  }
  std::cout << "y = " << weight.value().item() << " x + " << bias.value().item() << ", loss " << loss_value << "\n";

  // Without recording nothing is kept for a backward pass, which is how models predict.
  {
    const NoGradGuard no_grad;
    std::cout << "records: " << std::boolalpha << (x * x).requires_grad() << "\n";
  }

  // Every mistake is a sentence.
  try {
    (void)ops::linear(Variable<float>(inputs), Variable<float>(Tensor<float>::zeros({1, 3})));
  } catch (const Error& error) {
    std::cout << "refused: " << error.what() << "\n";
  }
  return std::abs(weight.value().item() - 2.0F) < 1e-3F ? 0 : 1;
}
