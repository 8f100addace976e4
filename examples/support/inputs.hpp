// What the examples run on when they are given nothing: the project's own texts, and a tiny DistilBERT with random
// weights that is written on the fly, so that every example finishes in seconds without any download. Give an example a
// real model instead: `03_fine_tune FOLDER`, or set TL_MODEL.
#pragma once

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/models/distilbert.hpp>
#include <tl/text/tokenizer.hpp>

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

/// The 1500 most frequent words of `texts`, and single characters for all others.
inline tl::Tokenizer make_tokenizer(const std::vector<std::string>& texts) {
  std::vector<std::string> pieces{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (char c = '!'; c <= '~'; ++c) {
    if (std::isupper(static_cast<unsigned char>(c))) continue;
    pieces.emplace_back(1, c);
    if (std::isalnum(static_cast<unsigned char>(c))) pieces.push_back("##" + pieces.back());
  }
  std::map<std::string, std::int64_t> counts;
  for (const auto& text : texts) {
    std::string word;
    for (const char c : text + " ") {
      if (std::isalpha(static_cast<unsigned char>(c))) {
        word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else {
        if (word.size() > 1) ++counts[word];
        word.clear();
      }
    }
  }
  std::vector<std::pair<std::int64_t, std::string>> ranked;
  for (const auto& [word, count] : counts) ranked.emplace_back(-count, word);
  std::sort(ranked.begin(), ranked.end());
  for (std::size_t i = 0; i < ranked.size() && i < 1500; ++i) pieces.push_back(ranked[i].second);
  return tl::Tokenizer::from_vocabulary(pieces, {.model_max_length = 64});
}

/// Writes an encoder of two layers of width 32, with random weights, and its tokenizer.
inline void write_tiny_model(const std::filesystem::path& folder, const std::vector<std::string>& texts) {
  const tl::Tokenizer tokenizer = make_tokenizer(texts);
  tl::DistilBertConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.max_position_embeddings = 64;
  config.n_layers = 2;
  config.n_heads = 4;
  config.dim = 32;
  config.hidden_dim = 64;
  tl::set_seed(1);
  tl::DistilBertModel(config).save_pretrained(folder);
  tokenizer.save_pretrained(folder);
}

/// The model folder of the command line or of TL_MODEL, else a tiny model in `scratch`.
inline std::filesystem::path model(int argc, char** argv, const Scratch& scratch) {
  if (argc > 1) return argv[1];
  if (const char* folder = std::getenv("TL_MODEL")) return folder;
  write_tiny_model(scratch / "tiny", tl::load_jsonl(data("reviews/train.jsonl")).column<std::string>("text").to_vector());
  return scratch / "tiny";
}

/// True if the example runs on the tiny model, whose answers mean nothing.
inline bool is_tiny(int argc) { return argc <= 1 && std::getenv("TL_MODEL") == nullptr; }

}  // namespace example
