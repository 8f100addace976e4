// bias_activation and the plain activations.
#include "support/catch.hpp"
#include "support/op_case.hpp"

#include <tl/ops/bias_activation.hpp>
#include <tl/ops/sum.hpp>

using tl::Shape;
using tl::Tensor;
using tl::Variable;
using namespace tl::test;

namespace {

tl::Activation activation_of(const OpCase& c) {
  const std::string name = c.options().at("activation");
  if (name == "gelu") return tl::Activation::gelu;
  if (name == "gelu_tanh") return tl::Activation::gelu_tanh;
  return name == "relu" ? tl::Activation::relu : tl::Activation::tanh;
}

}  // namespace

TEST_CASE("bias_activation: values and gradients of PyTorch") {
  check_op("bias_activation", []<class T>(const OpCase& c, const std::vector<Variable<T>>& in) {
    return tl::ops::bias_activation(in[0], in.size() > 1 ? in[1] : Variable<T>{}, activation_of(c), c.precision());
  });
}

namespace {

struct ActivationCase {
  const char* name;
  std::vector<double> values, slopes;
};

const std::vector<double> activation_arguments = {-12.0, -7.25, -3.5, -3.0, -1.75, -0.6, 0.0,
                                                  0.3,   1.0,   2.5,  3.0,  6.0,   6.5,  30.0};

/// What the reference's functions give for activation_arguments, and their derivatives.
const std::vector<ActivationCase> activation_cases = {
    {"gelu_python",
     {0, -1.510819247486e-12, -0.0008142017766244, -0.00404969409489, -0.07010352451168, -0.16455187065, 0,
      0.1853734266567, 0.8413447460685, 2.484475836686, 2.995950305905, 5.99999999408, 6.499999999739, 30},
     {-2.575660482796e-31, -1.094601127985e-11, -0.002821760353625, -0.01194564720418, -0.1109261510826,
      0.07431835601499, 0.5, 0.7323277668271, 1.083315470588, 1.037611085908, 1.011945647204, 1.000000035469,
      1.000000001695, 1}},
    {"gelu_fast",
     {0, 0, -0.0006161976553928, -0.003637392081861, -0.07020461765952, -0.1645848007696, 0, 0.1853709235426,
      0.8411919906075, 2.48491573391, 2.996362607918, 5.999999999916, 6.499999999999, 30},
     {0, 0, -0.002422643760182, -0.0115841666312, -0.1115969813878, 0.07450846666861, 0.5, 0.732295451638,
      1.082964083845, 1.037951576213, 1.011584166631, 1.000000000771, 1.000000000007, 1}},
    {"gelu_accurate",
     {0, 0, -0.0006161976553737, -0.003637392081773, -0.07020461765875, -0.1645848007692, 0, 0.1853709235428,
      0.8411919906083, 2.48491573391, 2.996362607918, 5.999999999916, 6.499999999999, 30},
     {0, 0, -0.002422643760117, -0.01158416663097, -0.1115969813872, 0.07450846666752, 0.5, 0.7322954516388,
      1.082964083846, 1.037951576213, 1.011584166631, 1.000000000771, 1.000000000007, 1}},
    {"gelu_python_tanh",
     {0, 0, -0.0006161976553737, -0.003637392081773, -0.07020461765875, -0.1645848007692, 0, 0.1853709235428,
      0.8411919906083, 2.48491573391, 2.996362607918, 5.999999999916, 6.499999999999, 30},
     {0, 0, -0.002422643760117, -0.01158416663097, -0.1115969813872, 0.07450846666752, 0.5, 0.7322954516388,
      1.082964083846, 1.037951576213, 1.011584166631, 1.000000000771, 1.000000000007, 1}},
    {"gelu_10",
     {0, -1.510819247486e-12, -0.0008142017766244, -0.00404969409489, -0.07010352451168, -0.16455187065, 0,
      0.1853734266567, 0.8413447460685, 2.484475836686, 2.995950305905, 5.99999999408, 6.499999999739, 10},
     {-2.575660482796e-31, -1.094601127985e-11, -0.002821760353625, -0.01194564720418, -0.1109261510826,
      0.07431835601499, 0.5, 0.7323277668271, 1.083315470588, 1.037611085908, 1.011945647204, 1.000000035469,
      1.000000001695, 0}},
    {"quick_gelu",
     {-1.618641783585e-08, -3.172191133408e-05, -0.00903344613478, -0.01807130970779, -0.08471168499565,
      -0.1588762325991, 0, 0.1874841353816, 0.8457957659328, 2.465013834951, 2.981928690292, 5.99977964645,
      6.499898068904, 30},
     {-2.620041496647e-08, -4.961502081171e-05, -0.01275425826583, -0.02454832390565, -0.08879337048433,
      0.06598854094627, 0.5, 0.7446257419059, 1.067779606556, 1.044718666081, 1.024548323906, 1.000338302376,
      1.000157802297, 1}},
    {"relu2", {0, 0, 0, 0, 0, 0, 0, 0.09, 1, 6.25, 9, 36, 42.25, 900}, {0, 0, 0, 0, 0, 0, 0, 0.6, 2, 5, 6, 12, 13, 60}},
    {"relu6", {0, 0, 0, 0, 0, 0, 0, 0.3, 1, 2.5, 3, 6, 6, 6}, {0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0}},
    {"leaky_relu",
     {-0.12, -0.0725, -0.035, -0.03, -0.0175, -0.006, 0, 0.3, 1, 2.5, 3, 6, 6.5, 30},
     {0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1, 1, 1, 1}},
    {"silu",
     {-7.373009522658e-05, -0.005145110393479, -0.1025928076297, -0.1422776195327, -0.2590825965555, -0.2126062162645,
      0, 0.1723327550435, 0.73105857863, 2.310354549947, 2.857722380467, 5.98516426106, 6.490242315331, 30},
     {-6.758546761378e-05, -0.004431788661832, -0.07027335282772, -0.08810410601517, -0.07267894604496, 0.2170731495002,
      0.5, 0.6477800103189, 0.9276705118715, 1.099401111342, 1.088104106015, 1.012326432592, 1.008241854349,
      1.000000000003}},
    {"swish",
     {-7.373009522658e-05, -0.005145110393479, -0.1025928076297, -0.1422776195327, -0.2590825965555, -0.2126062162645,
      0, 0.1723327550435, 0.73105857863, 2.310354549947, 2.857722380467, 5.98516426106, 6.490242315331, 30},
     {-6.758546761378e-05, -0.004431788661832, -0.07027335282772, -0.08810410601517, -0.07267894604496, 0.2170731495002,
      0.5, 0.6477800103189, 0.9276705118715, 1.099401111342, 1.088104106015, 1.012326432592, 1.008241854349,
      1.000000000003}},
    {"hardswish",
     {0, 0, 0, 0, -0.3645833333333, -0.24, 0, 0.165, 0.6666666666667, 2.291666666667, 3, 6, 6.5, 30},
     {0, 0, 0, 0, -0.08333333333333, 0.3, 0.5, 0.6, 0.8333333333333, 1.333333333333, 1, 1, 1, 1}},
    {"mish",
     {-7.373032173187e-05, -0.005146936059292, -0.1040957544864, -0.1456474612756, -0.2780172591725, -0.2469360283058,
      0, 0.2080013723481, 0.8650983882673, 2.471392304558, 2.986535004968, 5.999926634065, 6.49997070394, 30},
     {-6.758590174614e-05, -0.004435185585323, -0.07276041344327, -0.09339311453232, -0.09367667681547, 0.2349654273922,
      0.6, 0.7828272995511, 1.0490362201, 1.041129530131, 1.021106910929, 1.000134140506, 1.000053996945, 1}},
    {"sigmoid",
     {6.144174602215e-06, 0.0007096703991006, 0.02931223075136, 0.04742587317757, 0.1480471980317, 0.3543436937742, 0.5,
      0.5744425168117, 0.73105857863, 0.9241418199788, 0.9525741268224, 0.9975273768434, 0.9984988177433,
      0.9999999999999},
     {6.144136851333e-06, 0.0007091667670252, 0.02845302387974, 0.04517665973091, 0.1261292251867, 0.2287842404567,
      0.25, 0.2444583116907, 0.1966119332415, 0.07010371654511, 0.04517665973091, 0.00246650929136, 0.001498928708569,
      9.348077867343e-14}},
    {"laplace",
     {0, 0, 0, 0, 0, 1.797063574505e-06, 0.006094459617936, 0.07448831139481, 0.8504296492846, 0.9999999998962, 1, 1, 1,
      1},
     {0, 2.389385918118e-173, 7.117822041557e-49, 4.46989813071e-38, 4.742814508302e-17, 3.078713087407e-05,
      0.06111382879473, 0.4991861042796, 0.8249457674636, 2.393573177775e-09, 6.375366174528e-15, 5.074515082638e-77,
      3.803930684335e-92, 0}},
    {"sqrtsoftplus",
     {0.002478748369184, 0.02664436777894, 0.1724830956141, 0.2204253877704, 0.4002800899846, 0.6614287191269,
      0.8325546111577, 0.9243133908305, 1.14597630321, 1.605892192612, 1.746020432748, 2.449995037778, 2.549804367037,
      5.477225575052},
     {0.001239370377122, 0.01331745615037, 0.08497131457142, 0.1075780645262, 0.1849295052839, 0.2678623436868,
      0.3002806021966, 0.3107401247836, 0.3189675809973, 0.2877347010684, 0.2727843583489, 0.2035774280074,
      0.1957991033845, 0.09128709291753}},
    {"linear",
     {-12, -7.25, -3.5, -3, -1.75, -0.6, 0, 0.3, 1, 2.5, 3, 6, 6.5, 30},
     {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
};

tl::Activation activation_named(std::string_view name) {
  for (const auto& [known, activation] : tl::named_activations)
    if (known == name) return activation;
  FAIL("no activation " << name);
  return tl::Activation::gelu;
}

template <tl::Real T> void check_activation(const ActivationCase& c, double tolerance) {
  const std::vector<T> arguments(activation_arguments.begin(), activation_arguments.end());
  const auto n = static_cast<std::int64_t>(arguments.size());
  const Variable<T> x(Tensor<T>::from(arguments, {1, n}), true);
  const auto y = tl::ops::bias_activation(x, {}, activation_named(c.name));
  tl::ops::sum(y).backward();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    INFO(c.name << " of " << arguments[i]);
    const auto close = [&](double got, double expected) {
      INFO("expected " << expected << ", got " << got);
      CHECK(std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected)));
    };
    close(static_cast<double>(y.value().data()[i]), c.values[i]);
    close(static_cast<double>(x.grad().data()[i]), c.slopes[i]);
  }
}

}  // namespace

TEST_CASE("bias_activation: every name of the reference has its values and derivatives") {
  for (const auto& c : activation_cases) {
    check_activation<double>(c, 1e-9);
    check_activation<float>(c, 3e-6);
  }
}

TEST_CASE("bias_activation: gradients of every activation, and bf16 rounds its argument and its result") {
  for (const auto& [name, activation] : tl::named_activations) {
    INFO(name);
    // Away from the kinks at -3, 0, 3 and 6, where differences say nothing.
    const std::vector<double> arguments = {-4.1, -2.2, -0.7, 0.4, 1.9, 4.4, 7.3, 12.5};
    const Variable<double> x(Tensor<double>::from(arguments, {2, 4}), true);
    const Variable<double> bias(Tensor<double>::from({0.01, -0.02, 0.03, 0.04}, {4}), true);
    const auto f = [&, function = activation](double shift, std::size_t at) {
      std::vector<double> moved = arguments;
      moved[at] += shift;
      return tl::ops::sum(tl::ops::bias_activation(Variable<double>(Tensor<double>::from(moved, {2, 4})),
                                                   Variable<double>(bias.value()), function))
          .value()
          .data()[0];
    };
    tl::ops::sum(tl::ops::bias_activation(x, bias, activation)).backward();
    for (std::size_t i = 0; i < 8; ++i) CHECK(std::abs(x.grad().data()[i] - (f(1e-5, i) - f(-1e-5, i)) / 2e-5) < 1e-7);
    for (std::size_t i = 0; i < 4; ++i)
      CHECK(std::abs(bias.grad().data()[i] - x.grad().data()[i] - x.grad().data()[i + 4]) < 1e-12);

    const float argument = 1.3F + 0.1F;
    const auto rounded =
        tl::ops::bias_activation(Variable<float>(Tensor<float>::from({1.3F}, {1, 1})),
                                 Variable<float>(Tensor<float>::from({0.1F}, {1})), activation, tl::Precision::bf16);
    const auto exact = tl::ops::bias_activation(
        Variable<float>(Tensor<float>::from({static_cast<float>(tl::bfloat16(argument))}, {1, 1})), {}, activation);
    CHECK(rounded.value().data()[0] == static_cast<float>(tl::bfloat16(exact.value().data()[0])));
  }
}

TEST_CASE("bias_activation: NaN is never hidden, and infinities have their limits") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor<float> x = Tensor<float>::from({NAN, -NAN, inf, -inf}, {1, 4});
  for (const auto& [name, activation] : tl::named_activations)
    CHECK(std::isnan(tl::ops::bias_activation(Variable<float>(x), {}, activation).value().data()[0]));
  for (const tl::Activation activation :
       {tl::Activation::gelu, tl::Activation::gelu_tanh, tl::Activation::relu, tl::Activation::tanh}) {
    const auto y = tl::ops::bias_activation(Variable<float>(x), {}, activation).value();
    INFO("activation " << static_cast<int>(activation));
    CHECK(std::isnan(y.data()[0]));
    CHECK(std::isnan(y.data()[1]));
    CHECK(y.data()[2] == (activation == tl::Activation::tanh ? 1.0F : inf));
  }
  CHECK(tl::ops::relu(Variable<float>(x)).value().data()[3] == 0.0F);
  CHECK(tl::ops::tanh(Variable<float>(x)).value().data()[3] == -1.0F);
}

TEST_CASE("bias_activation: the short forms") {
  const Variable<double> x(Tensor<double>::from({1.0, -1.0}, {1, 2}));
  CHECK(std::abs(tl::ops::gelu(x).value().data()[0] - 0.8413447460685429) < 1e-15);
  CHECK(tl::ops::relu(x).value().to_vector() == std::vector<double>{1.0, 0.0});
  CHECK(tl::ops::tanh(x).value().data()[1] == std::tanh(-1.0));
}

TEST_CASE("bias_activation: dx may be dy, dbias accumulates") {
  const std::int64_t n = 40, f = 37;
  const Tensor<float> x = varied<float>({n, f}, 1), bias = varied<float>({f}, 2);
  Tensor<float> apart = Tensor<float>::full({n, f}, NAN), dbias = Tensor<float>::zeros({f});
  Tensor<float> in_place = varied<float>({n, f}, 3);
  const Tensor<float> dy = in_place.clone();
  tl::kernels::run(tl::cpu_device, tl::kernels::BiasActivationBackward<float>{.dy = dy.data(),
                                                                              .x = x.data(),
                                                                              .bias = bias.data(),
                                                                              .dx = apart.data(),
                                                                              .dbias = dbias.data(),
                                                                              .n = n,
                                                                              .f = f,
                                                                              .activation = tl::Activation::gelu});
  const Tensor<float> once = dbias.clone();
  tl::kernels::run(tl::cpu_device, tl::kernels::BiasActivationBackward<float>{.dy = in_place.data(),
                                                                              .x = x.data(),
                                                                              .bias = bias.data(),
                                                                              .dx = in_place.data(),
                                                                              .dbias = dbias.data(),
                                                                              .n = n,
                                                                              .f = f,
                                                                              .activation = tl::Activation::gelu});
  CHECK(same_bits(apart, in_place));
  for (std::int64_t i = 0; i < f; ++i) CHECK(dbias.data()[i] == 2.0F * once.data()[i]);
}

TEST_CASE("bias_activation: the argument saved in bfloat16 gives the same gradients") {
  const std::int64_t n = 40, f = 37;
  const Tensor<float> x = varied<float>({n, f}, 1), bias = varied<float>({f}, 2), dy = varied<float>({n, f}, 3);
  const auto bf16 = tl::Precision::bf16;
  Tensor<float> y = Tensor<float>::empty({n, f}), dx = y.clone(), dx_saved = y.clone();
  Tensor<float> dbias = Tensor<float>::zeros({f}), dbias_saved = dbias.clone();
  Tensor<tl::bfloat16> saved = Tensor<tl::bfloat16>::empty({n, f});
  const auto gelu = tl::Activation::gelu;
  tl::kernels::run(tl::cpu_device, tl::kernels::BiasActivationForward<float>{.x = x.data(),
                                                                             .bias = bias.data(),
                                                                             .y = y.data(),
                                                                             .n = n,
                                                                             .f = f,
                                                                             .activation = gelu,
                                                                             .precision = bf16,
                                                                             .argument_saved = saved.data()});
  tl::kernels::run(tl::cpu_device, tl::kernels::BiasActivationBackward<float>{.dy = dy.data(),
                                                                              .x = x.data(),
                                                                              .bias = bias.data(),
                                                                              .dx = dx.data(),
                                                                              .dbias = dbias.data(),
                                                                              .n = n,
                                                                              .f = f,
                                                                              .activation = gelu,
                                                                              .precision = bf16});
  tl::kernels::run(tl::cpu_device, tl::kernels::BiasActivationBackward<float>{.dy = dy.data(),
                                                                              .x = saved.data(),
                                                                              .bias = bias.data(),
                                                                              .dx = dx_saved.data(),
                                                                              .dbias = dbias_saved.data(),
                                                                              .n = n,
                                                                              .f = f,
                                                                              .activation = gelu,
                                                                              .precision = bf16});
  CHECK(same_bits(dx_saved, dx));
  CHECK(same_bits(dbias_saved, dbias));
}

TEST_CASE("bias_activation: the same bits for every thread count") {
  for (const tl::Precision precision : {tl::Precision::f32, tl::Precision::bf16})
    check_thread_counts({{150, 131}, {131}}, [=](const auto& in) {
      return tl::ops::bias_activation(in[0], in[1], tl::Activation::gelu, precision);
    });
}

TEST_CASE("bias_activation: error sentences") {
  TL_REQUIRE_ERROR(tl::ops::bias_activation(leaf({2, 3}), leaf({4}), tl::Activation::gelu),
                   "bias_activation: expected x [N, F] and bias [F], got f32[2, 3]@cpu and f32[4]@cpu");
}
