// The very small DistilBERT of tests/reference/make_model_cases.py and the reference's answers for it.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/models/distilbert.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

namespace tl::test {

inline std::filesystem::path tiny_folder() { return reference_file("tiny_distilbert"); }

inline const SafetensorsReader& model_cases() {
  static const SafetensorsReader reader(reference_file("model_cases.safetensors"));
  return reader;
}

/// A stored floating-point tensor of the cases.
inline Tensor<float> expected(const std::string& name) {
  const SafetensorView& stored = model_cases().at(name);
  Tensor<float> tensor = Tensor<float>::empty(stored.shape);
  read_floats(stored, tensor.span());
  return tensor;
}

/// A stored integer tensor of the cases.
template <class T> std::vector<T> integers(const std::string& name) {
  const SafetensorView& stored = model_cases().at(name);
  std::vector<T> values(stored.data.size() / sizeof(T));
  std::memcpy(values.data(), stored.data.data(), stored.data.size());
  return values;
}

inline std::vector<std::vector<std::int32_t>> sequences() {
  const auto ids = integers<std::int32_t>("input_ids");
  std::vector<std::vector<std::int32_t>> result;
  auto at = ids.begin();
  for (const std::int32_t length : integers<std::int32_t>("lengths")) {
    result.emplace_back(at, at + length);
    at += length;
  }
  return result;
}

inline Tensor<std::int64_t> labels() {
  const auto values = integers<std::int64_t>("labels");
  return Tensor<std::int64_t>::from(values, {static_cast<std::int64_t>(values.size())});
}

inline constexpr const char* without_dropout = "dropout=0,attention_dropout=0,seq_classif_dropout=0";

inline DistilBertForSequenceClassification tiny_model(const std::string& overrides = without_dropout) {
  return DistilBertForSequenceClassification::from_pretrained(tiny_folder(), {.config_overrides = overrides});
}

inline double norm(const Tensor<float>& a) {
  double sum = 0.0;
  for (const float value : a.span()) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

/// |a - b|, largest element.
inline double largest_difference(const Tensor<float>& a, const Tensor<float>& b) {
  REQUIRE(a.shape() == b.shape());
  double worst = 0.0;
  for (std::int64_t i = 0; i < a.elements(); ++i) {
    const double difference = std::abs(static_cast<double>(a.data()[i]) - b.data()[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst;
}

/// ||a - b|| / ||b||.
inline double relative_difference(const Tensor<float>& a, const Tensor<float>& b) {
  REQUIRE(a.shape() == b.shape());
  double sum = 0.0;
  for (std::int64_t i = 0; i < a.elements(); ++i) {
    const double difference = static_cast<double>(a.data()[i]) - b.data()[i];
    sum += difference * difference;
  }
  return std::sqrt(sum) / norm(b);
}

/// Relative difference of a parameter's gradient. A key's bias shifts all scores of a row alike, so its gradient is
/// zero but for rounding; it is measured against that of the query's bias.
inline double gradient_difference(const ParameterSpace<float>& parameters, const std::string& name,
                                  const std::string& prefix) {
  const Tensor<float> reference = expected(prefix + "gradient." + name), got = parameters.at(name).gradient();
  const auto key = name.find("k_lin.bias");
  if (key == std::string::npos) return relative_difference(got, reference);
  const double scale = norm(expected(prefix + "gradient." + std::string(name).replace(key, 1, "q")));
  return relative_difference(got, reference) * norm(reference) / scale;
}

}  // namespace tl::test
