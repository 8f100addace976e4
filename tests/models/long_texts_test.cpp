// Long texts: windows are pooled to texts, with the gradient computed by hand, and the choice is stored in config.json.
#include <cmath>
#include <fstream>
#include <functional>
#include <optional>

#include <tl/data/window_lengths.hpp>
#include <tl/models/auto_model.hpp>
#include <tl/models/custom_model.hpp>
#include <tl/models/pool_windows.hpp>

#include "models/model_cases.hpp"
#include "support/compare.hpp"
#include "support/temporary_folder.hpp"

using namespace tl::test;

namespace {

tl::DistilBertForSequenceClassification windows_model(tl::WindowPooling pooling,
                                                      std::optional<tl::ProblemType> problem = {}) {
  return tl::DistilBertForSequenceClassification::from_pretrained(
      tiny_folder(), {.config_overrides = without_dropout,
                      .long_texts = tl::LongTexts{.windows = true, .pooling = pooling},
                      .problem_type = problem});
}

/// The sequences of the recorded cases as windows of two texts, the last sequence alone.
tl::Batch two_texts() {
  const auto all = sequences();
  tl::Batch batch = tl::pack(all);
  batch.cu_windows =
      tl::detail::window_offsets(std::vector<std::int32_t>{static_cast<std::int32_t>(all.size()) - 1, 1});
  return batch;
}

/// d loss / d logits of windows from d loss / d pooled logits of each text, straight from the definitions of the
/// poolings.
tl::Tensor<float> gradient_by_hand(
    const tl::Tensor<float>& logits, const std::vector<std::int32_t>& offsets, tl::WindowPooling pooling,
    const std::function<std::vector<double>(std::size_t text, const std::vector<double>& pooled)>& derivative) {
  const std::int64_t classes = logits.size(1);
  auto result = tl::Tensor<float>::zeros(logits.shape());
  for (std::size_t t = 0; t + 1 < offsets.size(); ++t) {
    std::vector<double> pooled;
    std::vector<std::int32_t> largest;
    for (std::int64_t c = 0; c < classes; ++c) {
      double sum = 0;
      std::int32_t best = offsets[t];
      for (std::int32_t w = offsets[t]; w < offsets[t + 1]; ++w) {
        sum += static_cast<double>(logits.at({w, c}));
        if (logits.at({w, c}) > logits.at({best, c})) best = w;
      }
      largest.push_back(best);
      pooled.push_back(pooling == tl::WindowPooling::mean ? sum / (offsets[t + 1] - offsets[t])
                                                          : static_cast<double>(logits.at({best, c})));
    }
    const std::vector<double> d = derivative(t, pooled);
    for (std::int64_t c = 0; c < classes; ++c) {
      const auto i = static_cast<std::size_t>(c);
      for (std::int32_t w = offsets[t]; w < offsets[t + 1]; ++w)
        result.at({w, c}) = static_cast<float>(pooling == tl::WindowPooling::mean ? d[i] / (offsets[t + 1] - offsets[t])
                                               : w == largest[i]                  ? d[i]
                                                                                  : 0.0);
    }
  }
  return result;
}

/// Every gradient of `model` is that of the windows as sequences with the derivative by hand.
void check_gradients(const tl::DistilBertForSequenceClassification& model, const tl::Batch& batch,
                     tl::WindowPooling pooling,
                     const std::function<std::vector<double>(std::size_t, const std::vector<double>&)>& derivative) {
  const auto separate = tiny_model();
  const auto windows = separate(tl::pack(sequences()));
  windows.logits.backward(gradient_by_hand(windows.logits.value(), batch.cu_windows.to_vector(), pooling, derivative));
  const auto got = model.parameters().named(), wanted = separate.parameters().named();
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO(got[i].name);
    const tl::Tensor<float> want = wanted[i].gradient();
    CHECK(largest_difference(got[i].gradient(), want) <= 1e-5 * std::max(norm(want), 1e-2));
  }
}

struct FirstToken {
  tl::nn::Linear<float> classifier{1, 2};
  bool pools = false;
  template <class Visit> void members(Visit& visit) { visit("classifier", classifier); }
  tl::ModelOutput forward(const tl::Batch& batch, const tl::nn::ForwardContext&) const {
    auto logits = tl::Variable<float>(tl::Tensor<float>::full({batch.sequences(), 2}, 3.0F));
    if (pools) logits = tl::pool_windows(logits, batch.cu_windows, tl::WindowPooling::mean);
    return {.logits = logits};
  }
};

}  // namespace

TEST_CASE("long texts: every gradient is that of the pooled logits, by hand") {
  const std::vector<std::int64_t> labels{1, 0};
  for (const auto pooling : {tl::WindowPooling::mean, tl::WindowPooling::max}) {
    INFO(tl::to_string(pooling));
    const auto model = windows_model(pooling);
    tl::Batch batch = two_texts();
    const auto output = model(batch, tl::Tensor<std::int64_t>::from(labels, {2}));
    CHECK(output.logits.shape() == tl::Shape{2, model.config().num_labels()});
    output.loss.backward();
    check_gradients(model, batch, pooling, [&](std::size_t text, std::vector<double> pooled) {
      double total = 0;
      for (const double value : pooled) total += std::exp(value);
      for (std::size_t c = 0; c < pooled.size(); ++c)
        pooled[c] = (std::exp(pooled[c]) / total - (labels[text] == static_cast<std::int64_t>(c) ? 1.0 : 0.0)) / 2;
      return pooled;
    });
  }
}

TEST_CASE("long texts: several labels of a text, every gradient by hand") {
  for (const auto pooling : {tl::WindowPooling::mean, tl::WindowPooling::max}) {
    INFO(tl::to_string(pooling));
    const auto model = windows_model(pooling, tl::ProblemType::multi_label_classification);
    const std::int64_t classes = model.config().num_labels();
    tl::Batch batch = two_texts();
    auto labels = tl::Tensor<float>::zeros({2, classes});  // the first text has all of them, the second its first
    for (std::int64_t i = 0; i <= classes; ++i) labels.data()[i] = 1.0F;
    batch.labels.set("labels", labels);
    const auto output = model(batch);
    output.loss.backward();
    check_gradients(model, batch, pooling, [&](std::size_t text, std::vector<double> pooled) {
      for (std::size_t c = 0; c < pooled.size(); ++c) {
        const double wanted = text == 0 || c == 0 ? 1.0 : 0.0;
        pooled[c] = (1 / (1 + std::exp(-pooled[c])) - wanted) / static_cast<double>(2 * classes);
      }
      return pooled;
    });
  }
}

TEST_CASE("long texts: texts of one window have the bits of sequences") {
  const auto all = sequences();
  tl::Batch batch = tl::pack(all);
  const auto plain = tiny_model()(batch).logits.value();
  batch.cu_windows = tl::detail::window_offsets(std::vector<std::int32_t>(all.size(), 1));
  for (const auto pooling : {tl::WindowPooling::mean, tl::WindowPooling::max})
    CHECK(same_bits(windows_model(pooling)(batch).logits.value(), plain));
}

TEST_CASE("long texts: a network of the user's is pooled, unless it pools itself") {
  tl::Batch batch = two_texts();
  tl::CustomModel<FirstToken> model;
  CHECK(model(batch).logits.size(0) == 2);
  model.network().pools = true;
  CHECK(model(batch).logits.size(0) == 2);
}

TEST_CASE("long texts: the choice is stored in config.json and read again") {
  const TemporaryFolder folder;
  const tl::LongTexts how{.windows = true, .length = 128, .stride = 32, .pooling = tl::WindowPooling::max};
  tl::DistilBertForSequenceClassification::from_pretrained(tiny_folder(), {.long_texts = how})
      .save_pretrained(folder.path());
  const auto loaded = tl::AutoModelForSequenceClassification::from_pretrained(folder.path());
  CHECK(loaded->config().long_texts == how);
  CHECK(tl::load_common_config(folder.path()).long_texts == how);
  const auto cut =
      tl::AutoModelForSequenceClassification::from_pretrained(folder.path(), {.long_texts = tl::LongTexts{}});
  const TemporaryFolder other;
  cut->save_pretrained(other.path());
  CHECK(read_text(other.path() / "config.json").find("tl_windows") == std::string::npos);
}

TEST_CASE("long texts: error sentences") {
  const auto read = [](const char* json) { (void)tl::detail::read_windows(tl::parse_json(json, "c"), "c"); };
  TL_REQUIRE_ERROR(read("[]"), "c: expected an object for \"tl_windows\", got []");
  TL_REQUIRE_ERROR(read(R"({"stride": -1})"),
                   "c: expected a number of tokens for \"stride\" of \"tl_windows\", got -1");
  TL_REQUIRE_ERROR(read(R"({"length": 8, "stride": 8})"),
                   "c: expected a \"stride\" of \"tl_windows\" below its length 8, got 8");
  TL_REQUIRE_ERROR(read(R"({"pooling": "sum"})"),
                   "c: expected \"mean\" or \"max\" for \"pooling\" of \"tl_windows\", got \"sum\"");
  TL_REQUIRE_ERROR(tl::window_pooling("sum"), "window_pooling: expected mean or max, got sum");
  tl::Batch batch = two_texts();
  batch.cu_windows = tl::Tensor<std::int32_t>::from({0, 0, static_cast<std::int32_t>(batch.sequences())}, {3});
  TL_REQUIRE_ERROR(windows_model(tl::WindowPooling::mean)(batch),
                   "pool_windows: expected at least one window of text 0, got none");
  batch.cu_windows = tl::Tensor<std::int32_t>::from({0, 1}, {2});
  TL_REQUIRE_ERROR(windows_model(tl::WindowPooling::mean)(batch), "pool_windows: expected offsets that end at the ");
}
