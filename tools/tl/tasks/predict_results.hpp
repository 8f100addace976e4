// predict_results.txt as the script of the reference for text classification writes it: a header, then the number of
// each text from 0 and what was predicted for it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <tl/core/error.hpp>
#include <tl/io/atomic_file.hpp>

namespace program {

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
