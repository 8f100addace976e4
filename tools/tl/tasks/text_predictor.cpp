// Label and score of texts, one line each, as soon as they have arrived.
#include "tasks/text_predictor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <utility>

#include <tl/io/json.hpp>

#include "classifier.hpp"
#include "tasks/predict_results.hpp"

namespace program {

namespace {

class TextPredictor : public Predictor {
 public:
  explicit TextPredictor(const PredictOptions& options)
      : options_(options),
        classifier_(options.model, options.tokenizer, options.bf16),
        tokenize_(options.source.encode_options(classifier_.tokenizer(), classifier_.longest())),
        limit_(std::min(options.source.limit().value_or(classifier_.longest()), classifier_.longest())) {}

  void answer(const TextSource::Piece& piece) override {
    const auto& [ids, types] = tokenize(piece);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (static_cast<std::int64_t>(ids[i].size()) > limit_)
        tl::fail(tl::ErrorCode::shape, piece.where(i), ": expected at most ", limit_,
                 limit_ == classifier_.longest() ? " tokens, which is what the model takes, got " : " tokens, got ",
                 ids[i].size(), "; cut longer texts with --truncation");
      if (ids[i].empty())
        tl::fail(tl::ErrorCode::shape, piece.where(i), ": expected a text with at least one token, got ",
                 tl::python_repr(piece.texts[i]));
    }
    const tl::Tensor<float> logits = classifier_.logits(ids, types);  // [B, C]
    const tl::Tensor<float> scores = classifier_.scores(logits);      // [B, C]
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      const auto values = logits[row].to_vector();
      for (const float logit : values)
        if (!std::isfinite(logit))
          tl::fail(tl::ErrorCode::numeric, piece.where(i), ": expected finite logits, got ",
                   std::isnan(logit) ? "nan" : "inf", "; the weights in ", options_.model, " are damaged");
      print(piece.pairs.empty() ? piece.texts[i] : piece.texts[i] + '\t' + piece.pairs[i], values,
            scores[row].to_vector());
    }
    flush_answers();
  }

  void finish() override {
    if (!options_.output_dir.empty()) results_.write(options_.output_dir);
  }

 private:
  using Ids = std::vector<std::vector<std::int32_t>>;

  /// Token ids of the texts, and the token types of pairs.
  std::pair<Ids, Ids> tokenize(const TextSource::Piece& piece) const {
    const tl::Tokenizer& tokenizer = classifier_.tokenizer();
    std::pair<Ids, Ids> result;
    if (piece.pairs.empty()) {
      result.first = encode_piece(
          piece, [&](const auto& texts) { return tokenizer.encode_ids(texts, tokenize_); },
          [&](const std::string& text) { (void)tokenizer.encode(text, tokenize_); });
      return result;
    }
    for (std::size_t i = 0; i < piece.texts.size(); ++i) {
      try {
        tl::Encoding pair = tokenizer.encode_pair(piece.texts[i], piece.pairs[i], tokenize_);
        result.first.push_back(std::move(pair.input_ids));
        result.second.push_back(std::move(pair.token_type_ids));
      } catch (const tl::Error& error) {
        tl::fail(error.code(), piece.where(i), ": ", error.what());
      }
    }
    return result;
  }

  void print(const std::string& text, const std::vector<float>& logits, const std::vector<float>& scores) {
    std::vector<std::int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
      return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    const auto count =
        static_cast<std::size_t>(std::min<std::int64_t>(options_.top_k, static_cast<std::int64_t>(order.size())));
    order.resize(count);
    if (!options_.output_dir.empty()) results_.add(label(order.front()));
    options_.json ? print_json(order, scores, logits) : print_line(order, scores, logits, text);
  }

  const std::string& label(std::int64_t id) const { return classifier_.config().id2label.at(id); }

  void print_json(const std::vector<std::int64_t>& order, const std::vector<float>& scores,
                  const std::vector<float>& logits) const {
    const auto entry = [&](std::int64_t id) {
      return tl::Json{{"label", label(id)}, {"score", scores[static_cast<std::size_t>(id)]}};
    };
    tl::Json line = entry(order.front());
    if (options_.top_k > 1) {
      line["top_k"] = tl::Json::array();
      for (const std::int64_t id : order) line["top_k"].push_back(entry(id));
    }
    if (options_.logits) line["logits"] = logits;
    std::cout << tl::dump_json(line, {.indent = -1, .sort_keys = false, .ensure_ascii = false}) << '\n';
  }

  void print_line(const std::vector<std::int64_t>& order, const std::vector<float>& scores,
                  const std::vector<float>& logits, const std::string& text) const {
    const auto number = [](float value) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.4f", static_cast<double>(value));
      return std::string(digits);
    };
    for (const std::int64_t id : order)
      std::cout << label(id) << '\t' << number(scores[static_cast<std::size_t>(id)]) << '\t';
    if (options_.logits)
      for (const float logit : logits) std::cout << number(logit) << '\t';
    std::cout << text << '\n';
  }

  const PredictOptions& options_;
  Classifier classifier_;
  tl::EncodeOptions tokenize_;
  std::int64_t limit_;  // tokens of the longest text
  PredictResults results_{};
};

}  // namespace

std::unique_ptr<Predictor> make_text_predictor(const PredictOptions& options) {
  return std::make_unique<TextPredictor>(options);
}

}  // namespace program
