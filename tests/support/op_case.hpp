// The cases of tests/reference/make_op_cases.py, and what every differentiable operation must do with them: PyTorch's
// value and gradients in float and double, gradients that agree with central differences, gradients that accumulate,
// the same value without recording, and the same bits for every thread count.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/catch.hpp"
#include "support/compare.hpp"
#include "support/reference.hpp"

#include <tl/autograd/gradient_check.hpp>
#include <tl/autograd/variable.hpp>
#include <tl/core/parallel.hpp>
#include <tl/core/precision.hpp>
#include <tl/kernels/dropout_mask.hpp>
#include <tl/ops/multiply.hpp>
#include <tl/ops/sum.hpp>

namespace tl::test {

/// One case of a reference file.
class OpCase {
 public:
  explicit OpCase(nlohmann::json document) : document_(std::move(document)) {
    for (const auto& [key, stored] : document_.at("tensors").items())
      if (stored.at("values").empty() || stored.at("values")[0].is_number_integer())
        integers_.emplace_back(key, read<std::int32_t>(stored));
  }

  std::string name() const { return document_.at("name"); }
  std::int64_t terms() const { return document_.at("reduction"); }
  std::vector<std::string> leaves() const { return document_.at("leaves"); }
  const nlohmann::json& options() const { return document_.at("options"); }
  bool bf16() const { return options().value("precision", "f32") == "bf16"; }
  Precision precision() const { return bf16() ? Precision::bf16 : Precision::f32; }

  /// A stored tensor, converted to T.
  template <class T> Tensor<T> tensor(const std::string& key) const { return read<T>(document_.at("tensors").at(key)); }

  /// A stored list of numbers that lives as long as this case, as masks need it.
  const Tensor<std::int32_t>& integers(const std::string& key) const {
    for (const auto& [name, values] : integers_)
      if (name == key) return values;
    fail(ErrorCode::not_found, "case ", name(), " has no integers ", key);
  }

  /// The dropout of this case; inactive if it has none.
  kernels::DropoutMask dropout() const {
    kernels::DropoutMask mask;
    if (!options().contains("dropout")) return mask;
    const auto& stored = options().at("dropout");
    mask.p = stored.at("p");
    mask.seed = stored.at("seed");
    mask.site = stored.at("site");
    mask.step = stored.at("step");
    if (document_.at("tensors").contains("sequence")) {
      mask.sequence = integers("sequence").data();
      mask.position = integers("position").data();
    }
    return mask;
  }

 private:
  template <class T> static Tensor<T> read(const nlohmann::json& stored) {
    const auto values = stored.at("values").get<std::vector<T>>();
    const auto extents = stored.at("shape").get<std::vector<std::int64_t>>();
    return Tensor<T>::from(values, Shape(std::span<const std::int64_t>(extents)));
  }

  nlohmann::json document_;
  std::vector<std::pair<std::string, Tensor<std::int32_t>>> integers_;
};

/// All cases of tests/reference/data/ops_<stem>.json.
inline std::vector<OpCase> op_cases(const std::string& stem) {
  const auto document = nlohmann::json::parse(read_text(reference_file("ops_" + stem + ".json")));
  std::vector<OpCase> cases;
  for (const auto& stored : document.at("cases")) cases.emplace_back(stored);
  return cases;
}

template <class T> std::vector<Variable<T>> leaves_of(const OpCase& c) {
  std::vector<Variable<T>> leaves;
  for (const auto& name : c.leaves()) leaves.emplace_back(c.tensor<T>(name), true);
  return leaves;
}

template <class T, class Op> void check_reference(const OpCase& c, const Op& op) {
  const double eps = c.bf16() ? 0x1p-8 : static_cast<double>(std::numeric_limits<T>::epsilon());
  auto leaves = leaves_of<T>(c);
  const Variable<T> y = op(c, leaves);
  {
    INFO("y");
    TL_CHECK_CLOSE(compare(y.value(), c.tensor<double>("y"), c.terms(), eps));
  }
  {
    const NoGradGuard no_grad;
    INFO("the value without recording");
    CHECK(same_bits(op(c, leaves).value(), y.value()));
  }
  y.backward(c.tensor<T>("dy"));
  std::vector<Tensor<T>> first;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    INFO("gradient of " << c.leaves()[i]);
    TL_CHECK_CLOSE(compare(leaves[i].grad(), c.tensor<double>("d" + c.leaves()[i]), c.terms(), eps));
    first.push_back(leaves[i].grad().clone());
  }
  // A second pass adds to the gradients of the first.
  op(c, leaves).backward(c.tensor<T>("dy"));
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    Tensor<double> twice = first[i].template cast<double>();
    for (double& value : twice.span()) value *= 2.0;
    INFO("accumulated gradient of " << c.leaves()[i]);
    TL_CHECK_CLOSE(compare(leaves[i].grad(), twice, c.terms()));
  }
}

/// Checks every case of `stem`. op(case, leaves) must be a generic callable that returns a Variable.
template <class Op> void check_op(const std::string& stem, const Op& op) {
  for (const OpCase& c : op_cases(stem)) {
    INFO("case " << c.name());
    {
      INFO("in float");
      check_reference<float>(c, op);
    }
    if (c.bf16()) continue;
    {
      INFO("in double");
      check_reference<double>(c, op);
    }
    const Variable<double> weights(c.tensor<double>("dy"));
    const auto scalar = [&](const std::vector<Variable<double>>& leaves) {
      return ops::sum(ops::multiply(op(c, leaves), weights));
    };
    const GradientCheckResult result = gradient_check(scalar, leaves_of<double>(c), 1e-6, 1e-6);
    INFO("central differences: " << result.worst << ", error " << result.largest_error);
    CHECK(result.passed);
  }
}

/// Reproducible values in about [-2, 2] that never repeat in a row or column pattern.
template <class T> Tensor<T> varied(const Shape& shape, std::uint32_t seed) {
  Tensor<T> result = Tensor<T>::empty(shape);
  std::uint32_t state = seed * 2654435761U + 1U;
  for (T& value : result.span()) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<T>(static_cast<double>(state >> 8) * 0x1p-22 - 2.0);
  }
  return result;
}

/// Checks that op(leaves), a Variable<float>, and the gradients of its leaves have the same bits with 1, 2 and 5
/// threads. The leaves have the given shapes.
template <class Op> void check_thread_counts(const std::vector<Shape>& shapes, const Op& op) {
  const auto run = [&](int threads) {
    set_num_threads(threads);
    std::vector<Variable<float>> leaves;
    for (std::size_t i = 0; i < shapes.size(); ++i)
      leaves.emplace_back(varied<float>(shapes[i], static_cast<std::uint32_t>(i + 1)), true);
    const Variable<float> y = op(leaves);
    y.backward(varied<float>(y.shape(), 77));
    std::vector<Tensor<float>> results{y.value()};
    for (const auto& leaf : leaves) results.push_back(leaf.grad());
    return results;
  };
  const int before = num_threads();
  const auto alone = run(1);
  for (const int threads : {2, 5}) {
    const auto together = run(threads);
    for (std::size_t i = 0; i < alone.size(); ++i) {
      INFO((i ? str_cat("gradient of leaf ", i - 1) : std::string("value")) << " with " << threads << " threads");
      CHECK(same_bits(alone[i], together[i]));
    }
  }
  set_num_threads(before);
}

/// A leaf of the given shape for tests of error sentences.
template <class T = float> Variable<T> leaf(const Shape& shape) { return Variable<T>(Tensor<T>::zeros(shape), true); }

}  // namespace tl::test
