// predict_results.txt as the script of the reference for text classification writes it: a header, then the number of
// each text from 0 and what was predicted for it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/problem_type.hpp>
#include <tl/data/column.hpp>
#include <tl/io/atomic_file.hpp>

namespace program {

/// What is predicted for a text with these logits [C]: the name of the best class; of a multi_label_classification the
/// list of those with a logit above 0; of a regression the number, or the list of numbers, with three decimals.
inline std::string prediction_text(tl::ProblemType problem_type, std::span<const float> logits,
                                   const std::vector<std::string>& names) {
  if (problem_type == tl::ProblemType::single_label_classification)
    return names.at(static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin()));
  const bool regression = problem_type == tl::ProblemType::regression;
  std::string list;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    char number[64];
    std::snprintf(number, sizeof number, "%.3f", static_cast<double>(logits[i]));
    if (regression || logits[i] > 0)
      list += (list.empty() ? "" : ", ") + (regression ? std::string(number) : tl::python_repr(names.at(i)));
  }
  return regression && logits.size() == 1 ? list : "[" + list + "]";
}

class PredictResults {
 public:
  /// Adds the prediction of the next text.
  void add(const std::string& prediction) { text_ += tl::str_cat(count_++, '\t', prediction, '\n'); }

  /// Writes the file into `folder`. Throws tl::Error(io).
  void write(const std::filesystem::path& folder) const {
    tl::AtomicFile file(folder / "predict_results.txt");
    file.write(text_);
    file.commit();
  }

 private:
  std::string text_ = "index\tprediction\n";
  std::size_t count_ = 0;
};

}  // namespace program
