// The token-classification pipeline: texts in, entities out. It tokenizes with offsets, runs the model as all pipelines
// do, and groups the classes of tokens; a text that is longer than the model becomes overlapping windows, if a stride
// is given.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/hub/resolve.hpp>
#include <tl/io/utf8.hpp>
#include <tl/models/auto_model.hpp>
#include <tl/pipelines/entities.hpp>
#include <tl/pipelines/pipeline.hpp>
#include <tl/text/tokenizer.hpp>

namespace tl {

/// How texts become entities.
struct TokenClassificationOptions {
  AggregationStrategy aggregation_strategy = AggregationStrategy::none;
  std::vector<std::string> ignore_labels{"O"};  ///< classes, or types of groups, that are left out
  /// Tokens by which the windows of a long text overlap; nothing: no windows.
  std::optional<std::int64_t> stride{};
  /// Without a stride. true: cut texts that are too long; false: refuse them; nothing: cut if max_length is given.
  std::optional<bool> truncation{};
  /// Tokens of a text or window; default: what model and tokenizer take.
  std::optional<std::int64_t> max_length{};
  std::int64_t batch_size = 8;  ///< sequences
  std::string delimiter = " ";  ///< between words that come as a list, see of_words()
  bool bf16 = false;            ///< matrix products in bfloat16: of the pipeline as a whole, not of a call
  /// Where the pipeline as a whole computes; default: where the model is, of a folder's model tl::device().
  std::optional<Device> device{};
  hub::Options hub{};  ///< of a model that is given by its name: revision, cache_dir, token
};

/// A model that classifies tokens, and its tokenizer: texts in, entities out.
class [[nodiscard]] TokenClassificationPipeline : public detail::PipelineBase {
 public:
  using Words = std::vector<std::string>;

  /// Throws Error(invalid_argument) for options that are not possible, a tokenizer with more tokens than the model, or
  /// a model that has no named classes of tokens. `frozen` is a promise that the weights are not written to any more,
  /// through parameters() or otherwise: in bf16 the pipeline then packs them once for all calls.
  TokenClassificationPipeline(std::shared_ptr<Model> model, const Tokenizer& tokenizer,
                              TokenClassificationOptions options = {}, bool frozen = false)
      : PipelineBase(std::move(model), tokenizer, options.bf16, options.device, frozen), options_(std::move(options)) {
    const Model& tagger = this->model();
    const bool of_tokens = tagger.task() == Task::token_classification || tagger.task() == Task::other;
    check(of_tokens && tagger.config().num_labels() > 0, ErrorCode::invalid_argument,
          "token-classification: expected a model that classifies tokens, got ", tagger.class_name());
    labels_ = tagger.config().label_names();
    (void)encode_options(options_);
  }

  /// The entities of a text, in the order of their tokens.
  [[nodiscard]] std::vector<Entity> operator()(std::string_view text) const { return (*this)(text, options_); }
  [[nodiscard]] std::vector<Entity> operator()(std::string_view text, const TokenClassificationOptions& options) const {
    const std::string copy(text);
    return std::move((*this)(std::span(&copy, 1), options).front());
  }
  [[nodiscard]] std::vector<Entity> operator()(const char* text) const { return (*this)(std::string_view(text)); }
  [[nodiscard]] std::vector<Entity> operator()(const std::string& text) const {
    return (*this)(std::string_view(text));
  }

  /// The same for many texts, in their order. Throws Error(shape) naming the text and its number of tokens if it is too
  /// long, with neither stride nor truncation, Error(format) for one that is not UTF-8, Error(numeric) if the model
  /// computes NaN or infinity.
  [[nodiscard]] std::vector<std::vector<Entity>> operator()(std::span<const std::string> texts,
                                                            const TokenClassificationOptions& options) const;
  [[nodiscard]] std::vector<std::vector<Entity>> operator()(std::span<const std::string> texts) const {
    return (*this)(texts, options_);
  }
  [[nodiscard]] std::vector<std::vector<Entity>> operator()(const std::vector<std::string>& texts) const {
    return (*this)(std::span(texts));
  }
  [[nodiscard]] std::vector<std::vector<Entity>> operator()(std::initializer_list<std::string> texts) const {
    return (*this)(texts, options_);
  }
  // Without it, two texts in braces would be one std::string_view from the first address to the second.
  [[nodiscard]] std::vector<std::vector<Entity>> operator()(std::initializer_list<std::string> texts,
                                                            const TokenClassificationOptions& options) const {
    return (*this)(std::span(texts.begin(), texts.size()), options);
  }

  /// The entities of texts that are split into words already, as a model of words was trained. Offsets count in the
  /// text that the words make with the delimiter between them. Throws as for texts.
  [[nodiscard]] std::vector<std::vector<Entity>> of_words(std::span<const Words> texts,
                                                          const TokenClassificationOptions& options) const;
  [[nodiscard]] std::vector<std::vector<Entity>> of_words(std::span<const Words> texts) const {
    return of_words(texts, options_);
  }
  [[nodiscard]] std::vector<Entity> of_words(const Words& words, const TokenClassificationOptions& options) const {
    return std::move(of_words(std::span(&words, 1), options).front());
  }
  [[nodiscard]] std::vector<Entity> of_words(const Words& words) const { return of_words(words, options_); }

  /// Whether the vocabulary marks the pieces that continue a word. If not, the strategies that need words take what is
  /// between blanks for one, as the reference does with a warning.
  bool knows_words() const { return !tokenizer().continuing_subword_prefix().empty(); }

  const TokenClassificationOptions& options() const { return options_; }

 private:
  /// A text of a call; of one that came as words, where they begin.
  struct Text {
    detail::CodePoints points;
    std::vector<std::int64_t> word_begins{};
  };

  /// A sequence that the model runs over: a text or a window of one.
  struct Sequence {
    std::size_t text;
    Encoding tokens;
    std::vector<Entity> entities{};
  };

  using Results = std::vector<std::vector<Entity>>;

  EncodeOptions encode_options(const TokenClassificationOptions& options) const;
  std::vector<Sequence> sequences(std::vector<Encoding> encodings, const TokenClassificationOptions& options) const;
  Results entities(const std::vector<Text>& texts, std::vector<Encoding> encodings,
                   const TokenClassificationOptions& options) const;
  static Results merged(const std::vector<Text>& texts, std::vector<Sequence> all,
                        const TokenClassificationOptions& options);

  /// The tokens of a sequence but for special ones, with their rows of `scores` [T, C].
  std::vector<detail::ScoredToken> scored_tokens(const Encoding& tokens, const Text& text,
                                                 std::span<const float> scores) const;

  bool is_subword(const Text& text, std::string_view token, std::int64_t start, std::int64_t end) const {
    if (knows_words()) return static_cast<std::int64_t>(detail::count_code_points(token)) != end - start;
    return start > 0 && text.points.slice(start - 1, start + 1).find(' ') == std::string_view::npos;
  }

  TokenClassificationOptions options_;
  std::vector<std::string> labels_;
};

inline EncodeOptions TokenClassificationPipeline::encode_options(const TokenClassificationOptions& options) const {
  check(options.batch_size >= 1, ErrorCode::invalid_argument, "batch_size: expected at least 1, got ",
        options.batch_size);
  const std::int64_t special = tokenizer().num_special_tokens_to_add();
  check(!options.max_length || *options.max_length > special, ErrorCode::invalid_argument,
        "max_length: expected more than the ", special, " special tokens, got ", options.max_length.value_or(0));
  const bool cut = options.stride || options.truncation.value_or(options.max_length.has_value());
  if (!cut) return {.truncation = false};
  const std::int64_t most =
      std::min({longest(), tokenizer().model_max_length().value_or(longest()), options.max_length.value_or(longest())});
  if (options.stride) {
    check(options.aggregation_strategy != AggregationStrategy::none, ErrorCode::invalid_argument,
          "stride: expected an aggregation_strategy, because windows are merged by their groups, got none");
    check(*options.stride >= 0 && *options.stride < most - special, ErrorCode::invalid_argument,
          "stride: expected a number from 0 to ", most - special - 1, ", less than the ", most - special,
          " tokens of a window without the special ones, got ", *options.stride);
  }
  return {
      .truncation = true, .max_length = static_cast<int>(most), .stride = static_cast<int>(options.stride.value_or(0))};
}

inline std::vector<std::vector<Entity>> TokenClassificationPipeline::operator()(
    std::span<const std::string> texts, const TokenClassificationOptions& options) const {
  auto encodings = tokenizer().encode_batch(texts, encode_options(options));
  std::vector<Text> all;
  for (const std::string& text : texts) all.push_back({detail::CodePoints(text)});
  return entities(all, std::move(encodings), options);
}

inline std::vector<std::vector<Entity>> TokenClassificationPipeline::of_words(
    std::span<const Words> texts, const TokenClassificationOptions& options) const {
  auto encodings = tokenizer().encode_words_batch(texts, encode_options(options));
  std::vector<std::string> joined(texts.size());
  std::vector<Text> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<std::int64_t> begins;
    for (const std::string& word : texts[i]) {
      if (!begins.empty()) joined[i] += options.delimiter;
      begins.push_back(static_cast<std::int64_t>(detail::count_code_points(joined[i])));
      joined[i] += word;
    }
    all.push_back({detail::CodePoints(joined[i]), std::move(begins)});
  }
  return entities(all, std::move(encodings), options);
}

inline std::vector<TokenClassificationPipeline::Sequence> TokenClassificationPipeline::sequences(
    std::vector<Encoding> encodings, const TokenClassificationOptions& options) const {
  std::vector<Sequence> result;
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    check(static_cast<std::int64_t>(encodings[i].size()) <= longest(), ErrorCode::shape, "text ", i,
          ": expected at most ", longest(), " tokens, which is what the model takes, got ", encodings[i].size(),
          "; set stride for windows, or truncation = true, or shorten the text");
    std::vector<Encoding> windows = std::move(encodings[i].overflowing);
    result.push_back({i, std::move(encodings[i])});
    if (!options.stride) continue;
    for (Encoding& window : windows) result.push_back({i, std::move(window)});
  }
  // A text without any token has no entity either.
  std::erase_if(result, [](const Sequence& sequence) { return sequence.tokens.size() == 0; });
  return result;
}

inline std::vector<std::vector<Entity>> TokenClassificationPipeline::entities(
    const std::vector<Text>& texts, std::vector<Encoding> encodings, const TokenClassificationOptions& options) const {
  std::vector<Sequence> all = sequences(std::move(encodings), options);
  detail::TokenIds ids, types;
  const bool typed = model().config().type_vocab_size > 0 && std::ranges::any_of(all, [](const Sequence& sequence) {
                       return std::ranges::any_of(sequence.tokens.token_type_ids, [](auto type) { return type != 0; });
                     });
  for (const Sequence& sequence : all) {
    ids.push_back(sequence.tokens.input_ids);
    if (typed) types.push_back(sequence.tokens.token_type_ids);
  }
  const detail::EntityAggregation aggregate(labels_, tokenizer(), options.aggregation_strategy);
  const std::size_t classes = labels_.size();
  const auto take = [&](std::span<const std::int64_t> members, const Batch& batch, Tensor<float> scores) {  // [N, C]
    check(scores.rank() == 2 && scores.size(0) == batch.tokens() && scores.size(1) == std::ssize(labels_),
          ErrorCode::shape, "token-classification: expected logits [", batch.tokens(), ", ", classes,
          "], a row for each token, got ", scores);
    detail::check_logits(scores.span());
    std::span<float> rows = scores.span();
    for (const std::int64_t i : members) {
      Sequence& sequence = all[static_cast<std::size_t>(i)];
      const std::span<float> own = rows.first(sequence.tokens.size() * classes);
      for (std::size_t t = 0; t < own.size(); t += classes) detail::softmax(own.subspan(t, classes));
      sequence.entities = aggregate(scored_tokens(sequence.tokens, texts[sequence.text], own));
      rows = rows.subspan(own.size());
    }
  };
  run(std::move(ids), std::move(types), options.batch_size, take);
  return merged(texts, std::move(all), options);
}

inline TokenClassificationPipeline::Results TokenClassificationPipeline::merged(
    const std::vector<Text>& texts, std::vector<Sequence> all, const TokenClassificationOptions& options) {
  Results result(texts.size());
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    const std::size_t text = all[begin].text;
    std::vector<Entity>& entities = result[text];
    for (; end < all.size() && all[end].text == text; ++end)
      for (Entity& entity : all[end].entities)
        if (std::ranges::find(options.ignore_labels, entity.entity) == options.ignore_labels.end())
          entities.push_back(std::move(entity));
    if (end - begin > 1) entities = detail::merge_windows(std::move(entities));
    for (Entity& entity : entities) {
      entity.start_byte = texts[text].points.byte(entity.start);
      entity.end_byte = texts[text].points.byte(entity.end);
    }
  }
  return result;
}

inline std::vector<detail::ScoredToken> TokenClassificationPipeline::scored_tokens(
    const Encoding& tokens, const Text& text, std::span<const float> scores) const {
  const std::size_t classes = labels_.size();
  std::vector<detail::ScoredToken> result;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    if (tokens.special_tokens_mask[t] != 0) continue;
    const std::int64_t shift =
        text.word_begins.empty() ? 0 : text.word_begins[static_cast<std::size_t>(tokens.word_ids[t])];
    const std::int64_t start = tokens.offsets[t].first + shift, end = tokens.offsets[t].second + shift;
    detail::ScoredToken token{.word = tokenizer().id_to_token(tokens.input_ids[t]).value_or(tokens.tokens[t]),
                              .scores = scores.subspan(t * classes, classes),
                              .index = static_cast<std::int64_t>(t),
                              .start = start,
                              .end = end,
                              .is_subword = false};
    // What the vocabulary does not have is shown as the text has it, and is a word.
    if (tokens.input_ids[t] == tokenizer().unk_token_id()) token.word = text.points.slice(start, end);
    else token.is_subword = is_subword(text, token.word, start, end);
    result.push_back(std::move(token));
  }
  return result;
}

namespace detail {

inline constexpr bool is_token_classification(auto task) { return task == "token-classification" || task == "ner"; }

/// Throws Error(format) if the folder's model classifies texts: its head has the names and shapes of one for tokens,
/// but other numbers.
inline void check_classifies_tokens(const PretrainedConfig& config, const std::filesystem::path& folder) {
  const auto with = [&config](std::string_view ending) {
    return std::ranges::find_if(config.architectures, [&](const auto& name) { return name.ends_with(ending); });
  };
  const auto texts = with("ForSequenceClassification"), none = config.architectures.end();
  if (texts != none && with("ForTokenClassification") == none)
    fail(ErrorCode::format, (folder / "config.json").native(), ": expected a model that classifies tokens, got ",
         *texts);
}

}  // namespace detail

/// pipeline<"token-classification">(model, tokenizer), or <"ner">: a pipeline around a model that outlives it, e.g. one
/// that was just trained.
template <detail::PipelineTask task>
requires(detail::is_token_classification(task)) TokenClassificationPipeline
    pipeline(Model& model, const Tokenizer& tokenizer, const TokenClassificationOptions& options = {}) {
  return {std::shared_ptr<Model>(std::shared_ptr<Model>{}, &model), tokenizer, options};
}

/// A pipeline around a model and its tokenizer, given by their folder or their name on a hub. The model is
/// frozen.
/// Throws Error(format) if the folder has no head that classifies tokens.
template <detail::PipelineTask task>
requires(detail::is_token_classification(task)) TokenClassificationPipeline
    pipeline(const std::filesystem::path& name_or_path, const TokenClassificationOptions& options = {}) {
  const std::filesystem::path folder = hub::model_folder(name_or_path, options.hub);
  std::shared_ptr<Model> model = AutoModelForTokenClassification::from_pretrained(folder);
  check(model->load_report().complete(), ErrorCode::format, folder.native(),
        ": expected a fine-tuned token classifier, its classification head is missing; fine-tune it first");
  detail::check_classifies_tokens(model->config(), folder);
  model->to(options.device ? *options.device : device());
  return {std::move(model), Tokenizer::from_pretrained(folder), options, true};
}

}  // namespace tl
