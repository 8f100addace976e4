// Calibration in the commands.
#include "tasks/text_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <tl/models/model.hpp>
#include <tl/trainer.hpp>

namespace program {

namespace {

/// log(p / (1 - p)), finite also for 0 and 1.
double logit_of(double p) {
  constexpr double least = 1e-12;
  p = std::clamp(p, least, 1.0 - least);
  return std::log(p / (1.0 - p));
}

/// Adds the rows of a tensor, if there is one.
template <class T> void add_rows(std::vector<T>& all, const tl::Tensor<T>& part) {
  if (part.defined()) all.insert(all.end(), part.data(), part.data() + part.elements());
}

std::string digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

// Not by the Trainer's evaluation: what it measures is kept for the report.
tl::EvalPrediction predictions(tl::Model& model, const tl::EvalDatasets& datasets, std::int64_t batch_size) {
  std::vector<float> logits, values;
  std::vector<std::int64_t> ids;
  model.eval();
  for (const auto& [name, rows] : datasets.sets()) {
    const tl::PackedCollator collate(*rows.dataset(), tl::collator_options(model, "eval_dataset"));
    const tl::EvalPrediction part = tl::run_evaluation(model, collate, {.batch_size = batch_size}).prediction;
    add_rows(logits, part.predictions);
    add_rows(ids, part.label_ids);
    add_rows(values, part.label_values);
  }
  const std::int64_t classes = model.config().num_labels();
  const std::int64_t rows = static_cast<std::int64_t>(logits.size()) / classes;
  tl::EvalPrediction all{.predictions = tl::Tensor<float>::from(logits, {rows, classes})};
  if (!ids.empty()) all.label_ids = tl::Tensor<std::int64_t>::from(ids, {rows});
  if (!values.empty()) all.label_values = tl::Tensor<float>::from(values, {rows, classes});
  return all;
}

void MinScoreOption::add(CLI::App& command, const std::string& help) {
  command.add_option_function<std::string>(
      "--min_score",
      [this](const std::string& text) {
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        if (text.empty() || *end != '\0' || !(number >= 0.0 && number <= 1.0))
          usage_problems().push_back("--min_score: expected a number from 0 to 1, got " +
                                     tl::escape_invalid_utf8(text));
        else value = number;
      },
      help);
}

void TextCalibration::add_options(CLI::App& command) {
  add_bool(command, "calibrate", calibrate_,
           "fit a temperature and a threshold for each class to the validation files, store and apply them");
  min_score_.add(command, "with --calibrate: a decision with a lower score is none in tl predict and the pipeline");
}

void TextCalibration::check_usage() const {
  if (min_score_.value && !calibrate_)
    usage_problems().emplace_back(
        "--min_score: expected --calibrate, which stores it; without it, it is for tl predict");
}

void TextCalibration::check_files(const std::vector<SplitFile>& files) const {
  const bool evaluates = std::ranges::any_of(files, [](const SplitFile& file) { return file.split == Split::eval; });
  tl::check(evaluates || !calibrate_, tl::ErrorCode::invalid_argument,
            "--calibrate: expected a --validation_file to fit to, got none");
}

void TextCalibration::check_problem(const tl::Model& model) const {
  tl::check(!calibrate_ || model.config().resolved_problem_type() != "regression", tl::ErrorCode::invalid_argument,
            "--calibrate: expected a model of classes, got one of regression");
}

void TextCalibration::load(const std::filesystem::path& folder, const tl::Model& model) {
  if (const auto stored = tl::load_calibration(folder, model.config().num_labels(), model.parameters()))
    calibration_ = *stored;
}

std::string TextCalibration::fit(const tl::EvalPrediction& prediction, const std::filesystem::path& folder,
                                 const tl::Model& model) {
  tl::FittedCalibration fitted = tl::fit_calibration(prediction, model.config().resolved_problem_type());
  fitted.calibration.min_score = min_score_.value;
  calibration_ = fitted.calibration;
  tl::make_folder(folder);
  tl::save_calibration(folder, calibration_, model.parameters());
  return tl::str_cat("calibrated on ", fitted.rows, " texts: temperature ", digits(calibration_.temperature),
                     ", log loss ", digits(fitted.log_loss_before), " -> ", digits(fitted.log_loss_after),
                     ", macro F1 ", digits(fitted.macro_f1_before), " -> ", digits(fitted.macro_f1_after),
                     "; stored in ", (folder / "calibration.json").native());
}

tl::Tensor<float> TextCalibration::decisive(const tl::Tensor<float>& logits, bool several_labels) const {
  const std::vector<double>& thresholds = calibration_.thresholds;
  tl::Tensor<float> result = logits.clone();  // [rows, C]
  const std::int64_t classes = logits.size(1);
  for (std::int64_t i = 0; i < result.elements(); ++i) {
    const double threshold = thresholds.empty() ? 0.0 : thresholds[static_cast<std::size_t>(i % classes)];
    const double value = static_cast<double>(result.data()[i]) / calibration_.temperature;
    const double shift = thresholds.empty() ? 0.0
                         : several_labels   ? logit_of(threshold)
                                            : std::log(std::max(threshold, 1e-12));
    result.data()[i] = static_cast<float>(value - shift);
  }
  return result;
}

}  // namespace program
