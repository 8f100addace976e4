// What the examples run on when they are given nothing: the project's own texts, and a tiny encoder with random
// weights, so that every example finishes in seconds without any download. Give an example a real model instead:
// `03_fine_tune FOLDER`, or set TL_MODEL.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/hub/resolve.hpp>

#include "tiny_bert.hpp"

namespace example {

/// A fresh folder that disappears with the object.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tl_example_XXXXXX").string();
    tl::check(::mkdtemp(pattern.data()) != nullptr, tl::ErrorCode::io, "cannot make a temporary folder like ", pattern);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A file below examples/data.
inline std::filesystem::path data(const std::string& name) {
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "data" / name;
}

/// True if the example runs on the tiny model, whose answers mean little.
inline bool is_tiny(int argc) { return argc <= 1 && std::getenv("TL_MODEL") == nullptr; }

/// The model folder of the command line or of TL_MODEL, else a tiny DistilBERT in `scratch`.
inline std::filesystem::path model(int argc, char** argv, const Scratch& scratch) {
  if (argc > 1) return argv[1];
  if (!is_tiny(argc)) return std::getenv("TL_MODEL");
  const auto texts = tl::load_jsonl(data("reviews/train.jsonl")).column<std::string>("text").to_vector();
  write_tiny_bert(scratch / "bert", make_tokenizer(texts));
  tl::convert_bert(scratch / "bert", scratch / "distilbert");
  return scratch / "distilbert";
}

/// Whether model and data set can be had by their names; if not, says why. A model that the user gives comes first.
inline bool can_load(int argc, const std::string& model, const std::string& dataset) {
  if (!is_tiny(argc)) return false;
  try {
    (void)tl::load_dataset(dataset);
    (void)tl::hub::model_folder(model);
    return true;
  } catch (const tl::Error& error) {
    std::cout << error.what() << ".\nSo this runs on the texts beside the examples, and on a tiny model.\n";
    return false;
  }
}

}  // namespace example
