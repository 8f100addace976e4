// Calibration in the commands: fitted with --calibrate, stored beside the weights, applied to metrics and predictions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/models/calibration.hpp>
#include <tl/train/fit_calibration.hpp>
#include <tl/train/problem_metrics.hpp>
#include <tl/train/row_source.hpp>

#include "commands.hpp"
#include "tasks/task.hpp"

namespace program {

/// --min_score of a command line.
struct MinScoreOption {
  std::optional<double> value;

  void add(CLI::App& command, const std::string& help);
};

/// The predictions of a text classifier for all data sets, one after the other.
tl::EvalPrediction predictions(tl::Model& model, const tl::EvalDatasets& datasets, std::int64_t batch_size);

class TextCalibration {
 public:
  /// Declares --calibrate and --min_score of `tl train` and `tl evaluate`.
  void add_options(CLI::App& command);
  /// Adds to usage_problems().
  void check_usage() const;

  /// Throws tl::Error(invalid_argument) if there is nothing to fit to: no file to evaluate on, or no classes.
  void check_files(const std::vector<SplitFile>& files) const;
  void check_problem(const tl::Model& model) const;

  /// Takes what is stored in the folder of a trained model. Throws what load_calibration() throws.
  void load(const std::filesystem::path& folder, const tl::Model& model);

  bool wanted() const { return calibrate_; }
  /// Fits to the predictions, writes calibration.json into `folder` and says what it brings.
  std::string fit(const tl::EvalPrediction& prediction, const std::filesystem::path& folder, const tl::Model& model);

  /// Metrics are then those of calibrated probabilities and decisions.
  void apply(tl::DecisionOptions& decision) const {
    decision.temperature = calibration_.temperature;
    decision.thresholds = calibration_.thresholds;
  }

  /// The predictions with logits from which the decisions by thresholds follow without any: the highest of one label,
  /// those above 0 of several.
  tl::Tensor<float> decisive(const tl::Tensor<float>& logits, bool several_labels) const;

 private:
  tl::Calibration calibration_;
  bool calibrate_ = false;
  MinScoreOption min_score_{};
};

}  // namespace program
