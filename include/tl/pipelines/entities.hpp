// From classes of tokens to entities: tokens to words, words to groups, windows to one list, by the rules of the
// reference's pipeline. Offsets count code points, as in Python.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/utf8.hpp>
#include <tl/text/tokenizer.hpp>

namespace tl {

/// What becomes of the classes of tokens. none: one result per token. simple: neighbours of one type are one group,
/// which may begin within a word. first, average, max: the same, but a word has one class, that of its first token,
/// that of the mean of its tokens' scores, or that of its token with the highest score.
enum class AggregationStrategy { none, simple, first, average, max };

/// The strategy named `name`, in any case. Throws Error(invalid_argument) with the allowed names.
inline AggregationStrategy aggregation_strategy(std::string_view name) {
  static constexpr std::string_view names[] = {"none", "simple", "first", "average", "max"};
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto* const found = std::find(std::begin(names), std::end(names), lower);
  check(found != std::end(names), ErrorCode::invalid_argument,
        "aggregation_strategy: expected none, simple, first, average or max, got ", name);
  return static_cast<AggregationStrategy>(found - std::begin(names));
}

/// A token with its class, or a group of tokens with its type.
struct [[nodiscard]] Entity {
  std::string entity{};     ///< the class of a token ("B-PER"), or the type of a group ("PER")
  double score = 0.0;       ///< of a group: the mean over its tokens or words
  std::int64_t index = -1;  ///< the place of a token, special tokens included; -1 for a group
  std::string word{};       ///< as the tokenizer has it, e.g. in lower case; see text_in() for the text's own
  std::int64_t start = 0;   ///< in code points of the text
  std::int64_t end = 0;
  std::size_t start_byte = 0, end_byte = 0;  ///< the same in bytes

  /// Whether it is a group, which Python's results name entity_group.
  bool is_group() const { return index < 0; }

  /// The part of `text`, which was given to the pipeline, from start to end.
  std::string_view text_in(std::string_view text) const {
    check(end_byte <= text.size(), ErrorCode::invalid_argument, "Entity::text_in: expected the text of the entity, ",
          end_byte, " bytes at least, got ", text.size());
    return text.substr(start_byte, end_byte - start_byte);
  }
};

namespace detail {

/// Where the code points of a text are. The text must be UTF-8 and outlive it.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text) : text_(text) {
    if (is_ascii(text.data(), text.size())) return;
    for (std::size_t at = 0; at < text.size(); at += utf8_length(text, at)) begins_.push_back(at);
    begins_.push_back(text.size());
  }

  /// The byte where code point i begins; the end of the text if there is none.
  std::size_t byte(std::int64_t i) const {
    const auto at = static_cast<std::size_t>(i);
    if (begins_.empty()) return std::min(at, text_.size());
    return begins_[std::min(at, begins_.size() - 1)];
  }

  /// Code points begin .. end, as far as there are any.
  std::string_view slice(std::int64_t begin, std::int64_t end) const {
    return text_.substr(byte(begin), byte(end) - byte(begin));
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> begins_{};  // empty: one byte each
};

/// A token of the text with the scores of all classes.
struct ScoredToken {
  std::string word;
  std::span<const float> scores;  ///< [C]
  std::int64_t index, start, end;
  bool is_subword;  ///< whether it continues the word of the token before it
};

/// Makes entities of the tokens of one sequence.
class EntityAggregation {
 public:
  /// `labels` [C] and `tokenizer` must outlive it.
  EntityAggregation(const std::vector<std::string>& labels, const Tokenizer& tokenizer, AggregationStrategy strategy)
      : labels_(labels), tokenizer_(tokenizer), strategy_(strategy) {}

  std::vector<Entity> operator()(std::span<const ScoredToken> tokens) const {
    switch (strategy_) {
      case AggregationStrategy::none: return of_tokens(tokens);
      case AggregationStrategy::simple: return groups(of_tokens(tokens));
      default: return groups(of_words(tokens));
    }
  }

 private:
  std::vector<Entity> of_tokens(std::span<const ScoredToken> tokens) const {
    std::vector<Entity> result;
    for (const ScoredToken& token : tokens) {
      Entity entity = best(token.scores);
      entity.index = token.index;
      entity.word = token.word;
      entity.start = token.start;
      entity.end = token.end;
      result.push_back(std::move(entity));
    }
    return result;
  }

  /// Tokens that continue a word take part in the class of the word, the first one of a sequence begins one.
  std::vector<Entity> of_words(std::span<const ScoredToken> tokens) const {
    std::vector<Entity> result;
    for (std::size_t begin = 0, end = 0; begin < tokens.size(); begin = end) {
      end = begin + 1;
      while (end < tokens.size() && tokens[end].is_subword) ++end;
      const auto word = tokens.subspan(begin, end - begin);
      Entity entity = class_of_word(word);
      std::vector<std::string> pieces;
      for (const ScoredToken& token : word) pieces.push_back(token.word);
      entity.word = tokenizer_.convert_tokens_to_string(pieces);
      entity.start = word.front().start;
      entity.end = word.back().end;
      result.push_back(std::move(entity));
    }
    return result;
  }

  Entity class_of_word(std::span<const ScoredToken> word) const {
    if (strategy_ == AggregationStrategy::first) return best(word.front().scores);
    if (strategy_ == AggregationStrategy::max) {
      const auto highest = [](const ScoredToken& token) { return *std::ranges::max_element(token.scores); };
      return best(std::ranges::max_element(word, {}, highest)->scores);
    }
    std::vector<float> mean(word.front().scores.begin(), word.front().scores.end());
    for (const ScoredToken& token : word.subspan(1))
      for (std::size_t c = 0; c < mean.size(); ++c) mean[c] += token.scores[c];
    for (float& score : mean) score /= static_cast<float>(word.size());
    return best(mean);
  }

  /// The class with the highest score, the first of several.
  Entity best(std::span<const float> scores) const {
    const auto highest = std::ranges::max_element(scores);
    return {.entity = labels_[static_cast<std::size_t>(highest - scores.begin())],
            .score = static_cast<double>(*highest)};
  }

  /// "B-PER" is ("PER", begins), "I-PER" ("PER", does not), and a name without either goes on like an I-.
  static std::pair<std::string_view, bool> tag_of(std::string_view label) {
    if (label.starts_with("B-")) return {label.substr(2), true};
    return {label.starts_with("I-") ? label.substr(2) : label, false};
  }

  /// Neighbours of one type, as long as none of them begins with B-. An I- after another type begins a group, too.
  std::vector<Entity> groups(const std::vector<Entity>& entities) const {
    std::vector<Entity> result;
    for (std::size_t begin = 0, end = 0; begin < entities.size(); begin = end) {
      const std::string_view type = tag_of(entities[begin].entity).first;
      for (end = begin + 1; end < entities.size(); ++end) {
        const auto [next, begins] = tag_of(entities[end].entity);
        if (next != type || begins) break;
      }
      result.push_back(group(std::span(entities).subspan(begin, end - begin)));
    }
    return result;
  }

  Entity group(std::span<const Entity> members) const {
    const std::string& label = members.front().entity;
    const std::size_t dash = label.find('-');  // any prefix, not only B- and I-
    double sum = 0.0;
    std::vector<std::string> words;
    for (const Entity& member : members) {
      sum += member.score;
      words.push_back(member.word);
    }
    return {.entity = dash == std::string::npos ? label : label.substr(dash + 1),
            .score = static_cast<double>(static_cast<float>(sum / static_cast<double>(members.size()))),
            .word = tokenizer_.convert_tokens_to_string(words),
            .start = members.front().start,
            .end = members.back().end};
  }

  const std::vector<std::string>& labels_;
  const Tokenizer& tokenizer_;
  AggregationStrategy strategy_;
};

/// The entities of overlapping windows of a text as one list: of two that overlap the longer one stays, of two of one
/// length the one with the higher score.
inline std::vector<Entity> merge_windows(std::vector<Entity> entities) {
  std::vector<Entity> result;
  entities = stable_sorted(std::move(entities), [](const Entity& a, const Entity& b) { return a.start < b.start; });
  for (Entity& entity : entities) {
    if (result.empty() || entity.start >= result.back().end) {
      result.push_back(std::move(entity));
      continue;
    }
    Entity& last = result.back();
    const std::int64_t length = entity.end - entity.start, other = last.end - last.start;
    if (length > other || (length == other && entity.score > last.score)) last = std::move(entity);
  }
  return result;
}

}  // namespace detail

}  // namespace tl
