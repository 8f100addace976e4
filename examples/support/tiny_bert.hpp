// A BERT encoder of two layers of width 32 with random weights, as a folder: small enough to be written on the fly, so
// that examples and tests run without any download. convert_bert() makes a DistilBERT of it.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/mt19937.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/models/bert_conversion.hpp>
#include <tl/text/tokenizer.hpp>

namespace example {

/// The 1500 most frequent words of `texts`, and single characters for all others.
inline tl::Tokenizer make_tokenizer(const std::vector<std::string>& texts) {
  std::vector<std::string> pieces{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (char c = '!'; c <= '~'; ++c) {
    if (std::isupper(static_cast<unsigned char>(c))) continue;
    pieces.emplace_back(1, c);
    if (std::isalnum(static_cast<unsigned char>(c))) pieces.push_back(std::string("##") + c);
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

/// Writes config.json, model.safetensors and the tokenizer.
inline void write_tiny_bert(const std::filesystem::path& folder, const tl::Tokenizer& tokenizer) {
  constexpr std::int64_t width = 32, hidden = 64, layers = 2, positions = 64;
  tl::Mt19937 generator(1);
  std::list<std::vector<float>> values;  // a list, because the tensors point into its elements
  std::vector<tl::SafetensorView> tensors;
  const auto add = [&](const std::string& name, const tl::Shape& shape) {
    auto& data = values.emplace_back(static_cast<std::size_t>(shape.elements()));
    if (name.ends_with("LayerNorm.weight")) std::fill(data.begin(), data.end(), 1.0F);
    else if (!name.ends_with("bias")) tl::normal_(data, 0.0, 0.15, generator);
    tensors.push_back(tl::safetensor_view<float>(name, shape, data));
  };
  const auto add_pair = [&](const std::string& name, const tl::Shape& shape) {
    add(name + ".weight", shape);
    add(name + ".bias", {shape[0]});
  };
  add("embeddings.word_embeddings.weight", {tokenizer.vocab_size(), width});
  add("embeddings.position_embeddings.weight", {positions, width});
  add("embeddings.token_type_embeddings.weight", {2, width});
  add_pair("embeddings.LayerNorm", {width});
  const std::pair<std::string, tl::Shape> parts[] = {
      {"attention.self.query", {width, width}}, {"attention.self.key", {width, width}},
      {"attention.self.value", {width, width}}, {"attention.output.dense", {width, width}},
      {"attention.output.LayerNorm", {width}},  {"intermediate.dense", {hidden, width}},
      {"output.dense", {width, hidden}},        {"output.LayerNorm", {width}}};
  for (std::int64_t i = 0; i < layers; ++i)
    for (const auto& [name, shape] : parts) add_pair("encoder.layer." + std::to_string(i) + "." + name, shape);
  add_pair("pooler.dense", {width, width});
  tokenizer.save_pretrained(folder);
  tl::write_safetensors(folder / "model.safetensors", tensors);
  tl::write_json(folder / "config.json", {{"model_type", "bert"},
                                          {"hidden_act", "gelu"},
                                          {"hidden_size", width},
                                          {"intermediate_size", hidden},
                                          {"max_position_embeddings", positions},
                                          {"num_attention_heads", 4},
                                          {"num_hidden_layers", layers},
                                          {"pad_token_id", 0},
                                          {"vocab_size", tokenizer.vocab_size()}});
}

}  // namespace example
