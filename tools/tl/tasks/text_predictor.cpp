// Label and score of texts, one line each, as soon as they have arrived.
#include "tasks/text_predictor.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <numeric>
#include <utility>

#include <tl/io/json.hpp>

#include "classifier.hpp"
#include "tasks/predict_results.hpp"

namespace program {

namespace {

class TextPredictor : public Predictor {
 public:
  TextPredictor(const PredictOptions& options, const tl::LongTexts& long_texts, std::optional<double> min_score)
      : options_(options),
        classifier_(options, long_texts),
        tokenize_(options.source.encode_options(classifier_.tokenizer(), classifier_.longest())),
        limit_(std::min(options.source.limit().value_or(classifier_.longest()), classifier_.longest())) {
    min_score_ = min_score.has_value() ? min_score : classifier_.calibration().min_score;
    tl::check(!min_score || classifier_.has_probabilities(), tl::ErrorCode::invalid_argument,
              "--min_score: ", options.model,
              ": expected a model of classes, whose scores are probabilities, got one of regression");
    if (!long_texts.windows) return;
    tokenize_ = classifier_.window_options(options.source.max_seq_length);
  }

  void answer(const TextSource::Piece& piece) override {
    const tl::WindowColumns sequences = tokenize(piece);
    const auto& ids = sequences.input_ids;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (static_cast<std::int64_t>(ids[i].size()) > limit_ && sequences.window_lengths.empty())
        tl::fail(tl::ErrorCode::shape, piece.where(i), ": expected at most ", limit_,
                 limit_ == classifier_.longest() ? " tokens, which is what the model takes, got " : " tokens, got ",
                 ids[i].size(), "; cut longer texts with --truncation");
      if (ids[i].empty())
        tl::fail(tl::ErrorCode::shape, piece.where(i), ": expected a text with at least one token, got ",
                 tl::python_repr(piece.texts[i]));
    }
    const tl::Tensor<float> logits = classifier_.logits(sequences);  // [B, C]
    const tl::Tensor<float> scores = classifier_.scores(logits);     // [B, C]
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
  /// Token ids of the texts, the token types of pairs, and the lengths of windows if long texts become some.
  tl::WindowColumns tokenize(const TextSource::Piece& piece) const {
    const tl::Tokenizer& tokenizer = classifier_.tokenizer();
    const bool windows = classifier_.config().long_texts.windows;
    tl::WindowColumns result;
    if (piece.pairs.empty() && !windows) {
      result.input_ids = encode_piece(
          piece, [&](const auto& texts) { return tokenizer.encode_ids(texts, tokenize_); },
          [&](const std::string& text) { (void)tokenizer.encode(text, tokenize_); });
      return result;
    }
    for (std::size_t i = 0; i < piece.texts.size(); ++i) {
      try {
        append(result, encode(piece, i));
      } catch (const tl::Error& error) {
        std::string sentence = error.what();
        if (sentence.starts_with("row 0: ")) sentence.erase(0, 7);
        tl::fail(error.code(), piece.where(i), ": ", sentence);
      }
    }
    return result;
  }

  /// One text or pair of a piece.
  tl::WindowColumns encode(const TextSource::Piece& piece, std::size_t i) const {
    const tl::Tokenizer& tokenizer = classifier_.tokenizer();
    const std::span<const std::string> text(&piece.texts[i], 1);
    if (classifier_.config().long_texts.windows)
      return piece.pairs.empty() ? tl::encode_windows(tokenizer, text, tokenize_)
                                 : tl::encode_windows(tokenizer, text, std::span(&piece.pairs[i], 1), tokenize_);
    tl::Encoding pair = tokenizer.encode_pair(piece.texts[i], piece.pairs[i], tokenize_);
    return {{std::move(pair.input_ids)}, {std::move(pair.token_type_ids)}, {}};
  }

  static void append(tl::WindowColumns& all, tl::WindowColumns one) {
    const auto move = [](auto& to, auto& from) { std::ranges::move(from, std::back_inserter(to)); };
    move(all.input_ids, one.input_ids);
    move(all.token_type_ids, one.token_type_ids);
    move(all.window_lengths, one.window_lengths);
  }

  void print(const std::string& text, const std::vector<float>& logits, const std::vector<float>& scores) {
    std::vector<std::int64_t> order = ranked(logits, scores);
    const auto count =
        static_cast<std::size_t>(std::min<std::int64_t>(options_.top_k, static_cast<std::int64_t>(order.size())));
    order.resize(count);
    if (!options_.output_dir.empty()) results_.add(prediction(order.front(), logits, scores));
    options_.json ? print_json(order, scores, logits) : print_line(order, scores, logits, text);
  }

  /// The classes, best first: by logit, or of one label with thresholds by score / threshold.
  std::vector<std::int64_t> ranked(const std::vector<float>& logits, const std::vector<float>& scores) const {
    std::vector<std::int64_t> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    const std::vector<double>& thresholds = classifier_.calibration().thresholds;
    const bool by_threshold = !thresholds.empty() && !classifier_.several_labels();
    std::stable_sort(order.begin(), order.end(), [&](auto first, auto second) {
      const auto a = static_cast<std::size_t>(first), b = static_cast<std::size_t>(second);
      if (!by_threshold) return logits[a] > logits[b];
      return static_cast<double>(scores[a]) * thresholds[b] > static_cast<double>(scores[b]) * thresholds[a];
    });
    return order;
  }

  /// Whether the best class is a decision.
  bool decided(std::int64_t id, const std::vector<float>& scores) const {
    return !min_score_ || static_cast<double>(scores[static_cast<std::size_t>(id)]) >= *min_score_;
  }

  const std::string& label(std::int64_t id) const { return classifier_.config().id2label.at(id); }

  void print_json(const std::vector<std::int64_t>& order, const std::vector<float>& scores,
                  const std::vector<float>& logits) const {
    const auto entry = [&](std::int64_t id) {
      return tl::Json{{"label", label(id)}, {"score", scores[static_cast<std::size_t>(id)]}};
    };
    tl::Json line = entry(order.front());
    if (!decided(order.front(), scores)) line["label"] = nullptr;
    if (classifier_.several_labels()) line["labels"] = predicted(scores);
    if (options_.top_k > 1) {
      line["top_k"] = tl::Json::array();
      for (const std::int64_t id : order) line["top_k"].push_back(entry(id));
    }
    if (options_.logits) line["logits"] = logits;
    std::cout << tl::dump_json(line, {.indent = -1, .sort_keys = false, .ensure_ascii = false}) << '\n';
  }

  /// The names of several labels whose scores are above their thresholds.
  std::vector<std::string> predicted(const std::vector<float>& scores) const {
    std::vector<std::string> names;
    for (std::size_t c = 0; c < scores.size(); ++c)
      if (const auto id = static_cast<std::int64_t>(c);
          tl::decides(scores[c], c, classifier_.calibration().thresholds) && decided(id, scores))
        names.push_back(label(id));
    return names;
  }

  /// The prediction as predict_results.txt has it, of which class number `best` has the highest score.
  std::string prediction(std::int64_t best, const std::vector<float>& logits, const std::vector<float>& scores) const {
    if (classifier_.config().resolved_problem_type() == "regression")
      return prediction_text(tl::ProblemType::regression, logits, classifier_.config().label_names());
    if (classifier_.several_labels()) return tl::detail::python_text(predicted(scores));
    return decided(best, scores) ? label(best) : "unknown";
  }

  void print_line(const std::vector<std::int64_t>& order, const std::vector<float>& scores,
                  const std::vector<float>& logits, const std::string& text) const {
    const auto number = [](float value) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.4f", static_cast<double>(value));
      return std::string(digits);
    };
    for (const std::int64_t id : order)
      std::cout << (id != order.front() || decided(id, scores) ? label(id) : "unknown") << '\t'
                << number(scores[static_cast<std::size_t>(id)]) << '\t';
    if (options_.logits)
      for (const float logit : logits) std::cout << number(logit) << '\t';
    std::cout << text << '\n';
  }

  const PredictOptions& options_;
  Classifier classifier_;
  tl::EncodeOptions tokenize_;
  std::int64_t limit_;                 // tokens of the longest text
  std::optional<double> min_score_{};  // of a decision
  PredictResults results_{};
};

}  // namespace

std::unique_ptr<Predictor> make_text_predictor(const PredictOptions& options, const LongTextOptions& long_texts,
                                               std::optional<double> min_score) {
  const TextOptions& source = options.source;
  // --truncation that is given says what becomes of long texts, whatever the model was trained with.
  const bool cuts = !source.truncation_option->empty() && long_texts.mode.empty();
  const tl::LongTexts how =
      cuts ? tl::LongTexts{} : long_texts.resolved(options.model, options.stride, source.max_seq_length);
  return std::make_unique<TextPredictor>(options, how, min_score);
}

}  // namespace program
