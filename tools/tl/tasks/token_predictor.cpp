// The entities of texts, one line for each text, as soon as the texts have arrived: a JSON list, or the text with its
// groups in brackets.
#include "tasks/token_predictor.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <sstream>
#include <utility>

#include <tl/io/json.hpp>
#include <tl/pipelines/token_classification.hpp>

#include "tasks/predict_results.hpp"

namespace program {

void TokenPredictOptions::add(CLI::App& command) {
  command.add_option("--aggregation_strategy", aggregation_strategy,
                     "none: a result per token; simple, first, average, max: groups of tokens; default: simple");
  command.add_option("--ignore_labels", ignore_labels, "labels that are not shown, with commas between; default: O");
  add_bool(command, "is_split_into_words", is_split_into_words, "what is between blanks is a word of the model");
}

namespace {

std::unique_ptr<tl::Model> load_tagger(const PredictOptions& options, const tl::Tokenizer& tokenizer) {
  const auto refuse = [](bool given, const char* option) {
    if (given)
      tl::fail(tl::ErrorCode::invalid_argument, option,
               ": expected --task text-classification, got token-classification, which has no such results");
  };
  refuse(options.top_k != 1, "--top_k");
  refuse(options.logits, "--logits");
  // Each of its lines would be a text.
  tl::check(!has_extension(options.source.file, ".conll"), tl::ErrorCode::invalid_argument, options.source.file,
            ": expected texts, got a CoNLL file of words; tl train --test_file writes the tags of its words");
  auto model = tl::AutoModelForTokenClassification::from_pretrained(options.model);
  tl::detail::check_classifies_tokens(model->config(), options.model);
  check_trained(*model, tokenizer, options.model);
  return model;
}

class TokenPredictor : public Predictor {
 public:
  TokenPredictor(const PredictOptions& options, const TokenPredictOptions& tokens)
      : options_(options),
        tokens_(tokens),
        tokenizer_(tl::Tokenizer::from_pretrained(options.tokenizer.empty() ? options.model : options.tokenizer)),
        model_(load_tagger(options, tokenizer_)),
        classify_(tl::pipeline<"token-classification">(*model_, tokenizer_, pipeline_options())) {}

  void answer(const TextSource::Piece& piece) override {
    tl::check(piece.pairs.empty(), tl::ErrorCode::invalid_argument,
              "--text_pair_column: expected texts of their own for token classification, got pairs");
    if (options_.source.limit()) refuse_bad_texts(piece);
    const auto results = entities(piece);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::string text = tokens_.is_split_into_words ? joined(words_of(piece.texts[i])) : piece.texts[i];
      std::cout << (options_.json ? json_line(results[i]) : marked_line(text, results[i])) << '\n';
      if (!options_.output_dir.empty()) results_.add(json_line(results[i]));
    }
    flush_answers();
  }

  void finish() override {
    if (!options_.output_dir.empty()) results_.write(options_.output_dir);
  }

 private:
  tl::TokenClassificationOptions pipeline_options() const {
    const TextOptions& source = options_.source;
    tl::TokenClassificationOptions result{
        .aggregation_strategy = tl::aggregation_strategy(tokens_.aggregation_strategy),
        .ignore_labels = split_names(tokens_.ignore_labels),
        .stride = options_.stride,
        .truncation = source.truncation || (source.max_seq_length && source.truncation_option->empty()),
        .max_length = source.max_seq_length,
        .batch_size = static_cast<std::int64_t>(options_.batch_size),
        .bf16 = options_.bf16,
        .device = options_.device()};
    return result;
  }

  static std::vector<std::string> words_of(const std::string& text) {
    std::istringstream words(text);
    return {std::istream_iterator<std::string>(words), {}};
  }

  static std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  }

  std::vector<std::vector<tl::Entity>> entities(const TextSource::Piece& piece) const {
    try {
      if (!tokens_.is_split_into_words) return classify_(piece.texts);
      std::vector<std::vector<std::string>> words;
      for (const std::string& text : piece.texts) words.push_back(words_of(text));
      return classify_.of_words(words);
    } catch (const tl::Error&) {
      refuse_bad_texts(piece);
      throw;
    }
  }

  /// Throws what is wrong with a text, with its place, which the pipeline does not know.
  void refuse_bad_texts(const TextSource::Piece& piece) const {
    const std::int64_t longest = model_->config().max_position_embeddings;
    const std::int64_t limit = std::min(options_.source.limit().value_or(longest), longest);
    for (std::size_t i = 0; i < piece.texts.size(); ++i) {
      std::size_t tokens = 0;
      try {
        const std::string& text = piece.texts[i];
        tokens =
            (tokens_.is_split_into_words ? tokenizer_.encode_words(words_of(text)) : tokenizer_.encode(text)).size();
      } catch (const tl::Error& error) {
        tl::fail(error.code(), piece.where(i), ": ", error.what());
      }
      const bool cut = options_.stride || classify_.options().truncation.value_or(false);
      if (!cut && static_cast<std::int64_t>(tokens) > limit)
        tl::fail(tl::ErrorCode::shape, piece.where(i), ": expected at most ", limit,
                 limit == longest ? " tokens, which is what the model takes, got " : " tokens, got ", tokens,
                 "; read longer texts in windows with --stride, or cut them with --truncation");
    }
  }

  static std::string json_line(const std::vector<tl::Entity>& entities) {
    tl::Json line = tl::Json::array();
    for (const tl::Entity& entity : entities) {
      tl::Json object;
      object[entity.is_group() ? "entity_group" : "entity"] = entity.entity;
      object["score"] = entity.score;
      if (!entity.is_group()) object["index"] = entity.index;
      object["word"] = entity.word;
      object["start"] = entity.start;
      object["end"] = entity.end;
      line.push_back(std::move(object));
    }
    return tl::dump_json(line, {.indent = -1, .sort_keys = false, .ensure_ascii = false});
  }

  /// "[Ann Lee: PER 0.9931] lives in [Rome: LOC 0.9980]."
  static std::string marked_line(const std::string& text, const std::vector<tl::Entity>& entities) {
    std::string line;
    std::size_t done = 0;
    for (const tl::Entity& entity : entities) {
      const std::size_t begin = std::max(done, entity.start_byte), end = std::max(begin, entity.end_byte);
      char score[32];
      std::snprintf(score, sizeof score, " %.4f]", entity.score);
      line += text.substr(done, begin - done) + '[' + text.substr(begin, end - begin) + ": " + entity.entity + score;
      done = end;
    }
    return line + text.substr(done);
  }

  const PredictOptions& options_;
  const TokenPredictOptions& tokens_;
  tl::Tokenizer tokenizer_;
  std::unique_ptr<tl::Model> model_;
  tl::TokenClassificationPipeline classify_;
  PredictResults results_{};
};

}  // namespace

std::unique_ptr<Predictor> make_token_predictor(const PredictOptions& options, const TokenPredictOptions& tokens) {
  return std::make_unique<TokenPredictor>(options, tokens);
}

}  // namespace program
