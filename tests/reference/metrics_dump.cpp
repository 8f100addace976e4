// Writes every metric of tl for compare_metrics.py to compare with scikit-learn, scipy and seqeval:
//   tl_metrics_dump CASES.json OUT.json
// CASES.json is a list of objects with a "kind" and the inputs of its function below; OUT.json has an object of names
// and values, or texts, for each.
#include <iostream>

#include <tl/io/json_file.hpp>
#include <tl/metrics/classification.hpp>
#include <tl/metrics/probability.hpp>
#include <tl/metrics/ranking.hpp>
#include <tl/metrics/regression.hpp>
#include <tl/metrics/report.hpp>
#include <tl/metrics/tags.hpp>

namespace {

using namespace tl::metrics;
using Ids = std::vector<std::int64_t>;
using Numbers = std::vector<double>;
using Sequences = std::vector<std::vector<std::string>>;

const std::vector<std::pair<std::string, Average>> averages{{"micro", Average::micro},
                                                            {"macro", Average::macro},
                                                            {"weighted", Average::weighted},
                                                            {"samples", Average::samples}};

double zero_division(const tl::Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

void add_scores(tl::Json& out, const std::string& average, const PrecisionRecallFScore& scores) {
  out["precision_" + average] = scores.precision;
  out["recall_" + average] = scores.recall;
  out["f1_" + average] = scores.f_score;
}

template <class Labels>
void add_class_scores(tl::Json& out, const Labels& labels, const Labels& predictions,
                      const PrecisionRecallOptions& options) {
  for (const ClassScores& c : class_scores(labels, predictions, options)) {
    add_scores(out, tl::str_cat("of_", c.label), c.scores);
    out[tl::str_cat("support_of_", c.label)] = c.support;
  }
}

/// {"labels", "predictions", "zero_division", "classes": those that count, or [], "names"}
tl::Json classes(const tl::Json& in) {
  const Ids labels = in.at("labels").get<Ids>(), predictions = in.at("predictions").get<Ids>();
  const auto names = in.at("names").get<std::vector<std::string>>();
  const Classes l(labels), p(predictions);
  PrecisionRecallOptions options{.labels = in.at("classes").get<Ids>(),
                                 .zero_division = zero_division(in.at("zero_division"))};
  tl::Json out = {{"accuracy", accuracy_score(l, p)},
                  {"balanced_accuracy", balanced_accuracy_score(l, p)},
                  {"matthews", matthews_corrcoef(l, p)},
                  {"confusion", confusion_matrix(l, p, options.labels).counts},
                  {"report", to_string(classification_report(l, p, names, options))},
                  {"report_4", to_string(classification_report(l, p, names, options), 4)}};
  add_class_scores(out, l, p, options);
  options.beta = 2.0;
  for (const auto& [name, average] : averages) {
    if (average == Average::samples) continue;
    options.average = average;
    options.beta = 2.0;
    out["f2_" + name] = fbeta_score(l, p, options);
    options.beta = 1.0;
    add_scores(out, name, precision_recall_fscore("dump", l, p, options));
  }
  if (!in.at("binary").get<bool>()) return out;
  options.average = Average::binary;
  add_scores(out, "binary", precision_recall_fscore("dump", l, p, options));
  return out;
}

/// {"labels", "predictions": 0/1 by rows, "columns", "zero_division", "names"}
tl::Json columns(const tl::Json& in) {
  const Ids labels = in.at("labels").get<Ids>(), predictions = in.at("predictions").get<Ids>();
  const auto names = in.at("names").get<std::vector<std::string>>();
  const auto columns = in.at("columns").get<std::int64_t>();
  const LabelMatrix l{labels, columns}, p{predictions, columns};
  PrecisionRecallOptions options{.zero_division = zero_division(in.at("zero_division"))};
  tl::Json out = {{"accuracy", accuracy_score(l, p)},
                  {"report", to_string(classification_report(l, p, names, options))}};
  add_class_scores(out, l, p, options);
  for (const auto& [name, average] : averages) {
    options.average = average;
    add_scores(out, name, precision_recall_fscore("dump", l, p, options));
  }
  return out;
}

/// {"labels": 0/1, "scores": probabilities of class 1}
tl::Json scores(const tl::Json& in) {
  const Ids labels = in.at("labels").get<Ids>();
  const Numbers scores = in.at("scores").get<Numbers>();
  const Classes l(labels);
  const std::span<const double> s(scores);
  return {{"roc_auc", roc_auc_score(l, s)},
          {"average_precision", average_precision_score(l, s)},
          {"log_loss", log_loss(l, s)},
          {"brier", brier_score_loss(l, s)},
          {"ece", expected_calibration_error(l, s)}};
}

/// {"labels": ids, "scores": probabilities by rows, "columns"}
tl::Json class_scores_of(const tl::Json& in) {
  const Ids labels = in.at("labels").get<Ids>();
  const Numbers scores = in.at("scores").get<Numbers>();
  const Classes l(labels);
  const ScoreMatrix s{scores, in.at("columns").get<std::int64_t>()};
  tl::Json out = {{"log_loss", log_loss(l, s)},
                  {"brier", brier_score_loss(l, s)},
                  {"ece", expected_calibration_error(l, s)},
                  {"ece_5", expected_calibration_error(l, s, 5)},
                  {"roc_auc_ovr_micro", roc_auc_score(l, s, {.average = Average::micro})}};
  for (const auto& [name, average] : {averages[1], averages[2]}) {
    out["roc_auc_ovr_" + name] = roc_auc_score(l, s, {.average = average});
    out["roc_auc_ovo_" + name] = roc_auc_score(l, s, {.multi_class = MultiClass::ovo, .average = average});
    out["average_precision_" + name] = average_precision_score(l, s, average);
  }
  return out;
}

/// {"labels": 0/1 by rows, "scores" by rows, "columns"}
tl::Json column_scores(const tl::Json& in) {
  const Ids labels = in.at("labels").get<Ids>();
  const Numbers scores = in.at("scores").get<Numbers>();
  const auto columns = in.at("columns").get<std::int64_t>();
  const LabelMatrix l{labels, columns};
  const ScoreMatrix s{scores, columns};
  tl::Json out = tl::Json::object();
  for (const auto& [name, average] : averages) {
    out["roc_auc_" + name] = roc_auc_score(l, s, {.average = average});
    out["average_precision_" + name] = average_precision_score(l, s, average);
  }
  return out;
}

/// {"labels", "predictions": numbers by rows, "columns"}
tl::Json values(const tl::Json& in) {
  const Numbers labels = in.at("labels").get<Numbers>(), predictions = in.at("predictions").get<Numbers>();
  const auto columns = in.at("columns").get<std::int64_t>();
  const ScoreMatrix l{labels, columns}, p{predictions, columns};
  return {{"mse", mean_squared_error(l, p)},  {"rmse", root_mean_squared_error(l, p)},
          {"mae", mean_absolute_error(l, p)}, {"r2", r2_score(l, p)},
          {"pearsonr", pearsonr(l, p)},       {"spearmanr", spearmanr(l, p)}};
}

/// {"labels", "predictions": tags by sequences, "zero_division", "strict": a scheme, "auto" or null, "suffix"}
tl::Json tags(const tl::Json& in) {
  const Sequences labels = in.at("labels").get<Sequences>(), predictions = in.at("predictions").get<Sequences>();
  const std::vector<std::pair<std::string, Scheme>> schemes{{"IOB1", Scheme::iob1},   {"IOB2", Scheme::iob2},
                                                            {"IOE1", Scheme::ioe1},   {"IOE2", Scheme::ioe2},
                                                            {"IOBES", Scheme::iobes}, {"BILOU", Scheme::bilou}};
  TagOptions options{.strict = !in.at("strict").is_null(),
                     .suffix = in.at("suffix").get<bool>(),
                     .zero_division = in.at("zero_division").get<double>()};
  for (const auto& [name, scheme] : schemes)
    if (in.at("strict") == name) options.scheme = scheme;
  const TagSequences l(labels), p(predictions);
  tl::Json out = {{"accuracy", accuracy_score(l, p)}, {"report", to_string(classification_report(l, p, options))}};
  for (const TypeScores& type : type_scores(l, p, options)) {
    add_scores(out, "of_" + type.type, type.scores);
    out["support_of_" + type.type] = type.support;
  }
  for (const auto& [name, average] : averages) {
    if (average == Average::samples) continue;
    options.average = average;
    add_scores(out, name, precision_recall_fscore("dump", l, p, options));
  }
  for (const Entity& entity :
       options.scheme ? get_entities(l, *options.scheme, options.suffix) : get_entities(l, options.suffix))
    out["entities"].push_back(tl::Json::array({entity.type, entity.sequence, entity.start, entity.end}));
  return out;
}

tl::Json results_of(const tl::Json& in) {
  const std::vector<std::pair<std::string, tl::Json (*)(const tl::Json&)>> kinds{{"classes", classes},
                                                                                 {"columns", columns},
                                                                                 {"scores", scores},
                                                                                 {"class_scores", class_scores_of},
                                                                                 {"column_scores", column_scores},
                                                                                 {"values", values},
                                                                                 {"tags", tags}};
  for (const auto& [kind, function] : kinds)
    if (in.at("kind") == kind) return function(in);
  tl::fail(tl::ErrorCode::invalid_argument, "unknown kind ", in.at("kind").get<std::string>());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tl_metrics_dump CASES.json OUT.json\n";
    return 2;
  }
  try {
    tl::Json all = tl::Json::array();
    for (const tl::Json& in : tl::read_json(argv[1])) all.push_back(results_of(in));
    tl::write_json(argv[2], all, {.indent = -1});
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
