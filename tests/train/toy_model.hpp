// A small classifier of the tests' own: embedding, mean over the tokens, dropout, linear layer. It shows at the same
// time what a user's model needs for the Trainer.
#pragma once

#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/data/dataset.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/models/losses.hpp>
#include <tl/models/model.hpp>
#include <tl/nn/dropout.hpp>
#include <tl/nn/embedding.hpp>
#include <tl/nn/linear.hpp>
#include <tl/ops/segment_mean.hpp>
#include <tl/train/trainer_callback.hpp>

namespace tl::test {

class ToyModel : public Model {
 public:
  explicit ToyModel(double dropout = 0.0, std::uint64_t seed = 1) : modules_(dropout) {
    parameters_ = ParameterSpace<float>(nn::named_parameters(modules_));
    Mt19937 generator(seed);
    for (const auto& part : parameters_.named())
      if (part.parameter.decay() == WeightDecay::on) normal_(part.value().span(), 0.0, 0.5, generator);
  }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const override {
    ++calls;
    const Variable<float> x =
        ops::segment_mean(ops::embedding(batch.input_ids, *modules_.embedding.weight), batch.cu_seqlens);
    ModelOutput output;
    output.logits = modules_.output(modules_.dropout(x, context), context);
    if (batch.labels.empty()) return output;
    if (!without_loss) output.loss = classification_loss(output, batch);
    if (calls == poisoned_call) output.loss = Variable<float>(Tensor<float>::full(Shape{}, std::nanf("")));
    return output;
  }

  std::string_view class_name() const override { return "ToyModel"; }
  const PretrainedConfig& config() const override { return config_; }
  std::string describe() const override { return nn::to_string(const_cast<Modules&>(modules_)); }

  void save_pretrained(const std::filesystem::path& folder) const override {
    std::filesystem::create_directories(folder);
    std::vector<SafetensorView> tensors;
    for (const auto& part : parameters_.named()) {
      const Tensor<float> value = part.value();
      tensors.push_back(safetensor_view<float>(part.name, part.shape(), value.span()));
    }
    write_safetensors(folder / "model.safetensors", tensors);
  }
  void load_weights(const std::filesystem::path& folder) override {
    const SafetensorsReader reader(folder);
    for (const auto& part : parameters_.named()) read_floats(reader.at(part.name), part.value().span());
  }

  std::vector<float> values() const { return parameters_.values().to_vector(); }

  mutable int calls = 0;
  bool without_loss = false;
  int poisoned_call = -1;  ///< the forward pass whose loss is NaN

 private:
  struct Modules {
    nn::Embedding<float> embedding{20, 8};
    nn::Dropout dropout;
    nn::Linear<float> output{8, 2};

    explicit Modules(double p) : dropout{p, 0} {}
    template <class Visit> void members(Visit& visit) {
      visit("embedding", embedding);
      visit("dropout", dropout);
      visit("output", output);
    }
  };

  Modules modules_;
  PretrainedConfig config_;
};

/// `count` rows of token ids below 20 whose label is whether token 7 is among them.
inline Dataset toy_rows(std::int64_t count, std::uint64_t seed = 3) {
  Mt19937 generator(seed);
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) {
    auto& row = ids.emplace_back();
    const auto length = 2 + generator.next_u32() % 9;
    for (std::uint32_t t = 0; t < length; ++t) row.push_back(static_cast<std::int32_t>(generator.next_u32() % 20));
    labels.push_back(std::find(row.begin(), row.end(), 7) != row.end());
  }
  return Dataset::from_columns({{"text", std::vector<std::string>(static_cast<std::size_t>(count), "words")},
                                {"input_ids", ids},
                                {"label", labels}});
}

/// Writes down every event and the rows of every micro-batch.
class Recorder : public TrainerCallback {
 public:
  std::vector<std::string> events;
  std::vector<std::vector<std::int64_t>> batches;
  std::vector<double> learning_rates;

  void on_init_end(const TrainerEvent&) override { events.push_back("init_end"); }
  void on_train_begin(const TrainerEvent&) override { events.push_back("train_begin"); }
  void on_epoch_begin(const TrainerEvent&) override { events.push_back("epoch_begin"); }
  void on_step_begin(const TrainerEvent&) override { events.push_back("step_begin"); }
  void on_substep_end(const TrainerEvent& event) override {
    events.push_back("substep_end");
    batches.emplace_back(event.rows.begin(), event.rows.end());
  }
  void on_pre_optimizer_step(const TrainerEvent& event) override {
    events.push_back("pre_optimizer_step");
    learning_rates.push_back(event.learning_rate);
  }
  void on_optimizer_step(const TrainerEvent&) override { events.push_back("optimizer_step"); }
  void on_step_end(const TrainerEvent& event) override {
    events.push_back("step_end");
    batches.emplace_back(event.rows.begin(), event.rows.end());
  }
  void on_log(const TrainerEvent&) override { events.push_back("log"); }
  void on_prediction_step(const TrainerEvent&) override { events.push_back("prediction_step"); }
  void on_evaluate(const TrainerEvent&) override { events.push_back("evaluate"); }
  void on_predict(const TrainerEvent&) override { events.push_back("predict"); }
  void on_save(const TrainerEvent&) override { events.push_back("save"); }
  void on_epoch_end(const TrainerEvent&) override { events.push_back("epoch_end"); }
  void on_train_end(const TrainerEvent&) override { events.push_back("train_end"); }
};

}  // namespace tl::test
