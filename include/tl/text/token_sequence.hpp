// From a text to the tokens of one sequence, before truncation and templates: added tokens are cut out, the pieces
// between are normalised, split into words and into WordPieces. The sink decides what is kept: ids only (training), or
// ids with source positions and word indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/utf8.hpp>
#include <tl/text/added_tokens.hpp>
#include <tl/text/normalizer.hpp>
#include <tl/text/pre_tokenizer.hpp>
#include <tl/text/unicode.hpp>
#include <tl/text/word_piece.hpp>

namespace tl::detail::text {

/// Keeps ids only, and stops once more than `limit` are there.
struct IdSink {
  static constexpr bool positions = false;
  std::vector<std::int32_t>& ids;
  std::size_t limit;

  bool full() const { return ids.size() > limit; }
  void begin_word() { word_begin = ids.size(); }
  void rollback() { ids.resize(word_begin); }
  void add(std::int32_t id, std::int32_t, std::int32_t) { ids.push_back(id); }
  void add_text(std::string_view) {}

  std::size_t word_begin = 0;
};

/// One token with its range of code points and the index of its word.
struct Token {
  std::int32_t id, begin, end, word;
};

/// Keeps everything. `fixed_word` replaces the running word index for texts that come as words.
struct TokenSink {
  static constexpr bool positions = true;
  std::vector<Token> tokens{};
  std::vector<std::pair<std::size_t, std::string>> texts{};  // token strings that differ from the vocabulary's
  std::int32_t fixed_word = -1;

  bool full() const { return false; }
  void begin_word() {
    word_begin = tokens.size();
    ++word;
  }
  void rollback() { tokens.resize(word_begin); }
  void add(std::int32_t id, std::int32_t begin, std::int32_t end) {
    tokens.push_back({id, begin, end, fixed_word >= 0 ? fixed_word : word});
  }
  void add_text(std::string_view text) { texts.emplace_back(tokens.size() - 1, text); }

  std::size_t word_begin = 0;
  std::int32_t word = -1;
};

/// The stages in front of truncation, as references into a tokenizer.
struct TextStages {
  const AddedVocabulary& added;
  const Normalizer& normalizer;
  const PreTokenizer& pre_tokenizer;
  const WordPiece& model;
  bool split_special_tokens;
};

/// Words and pieces of a range of a normalised text that holds no added token.
template <class Sink>
void tokenize_words(const TextStages& stages, const NormalizedText& normalized, std::size_t from, std::size_t to,
                    Sink& sink) {
  const std::string_view text = std::string_view(normalized.text).substr(from, to - from);
  const std::int32_t* source = Sink::positions ? normalized.source.data() + from : nullptr;
  stages.pre_tokenizer.split(text, [&](std::size_t word_begin, std::size_t word_end) {
    sink.begin_word();
    const auto emit = [&](std::int32_t id, std::size_t begin, std::size_t end) {
      if constexpr (Sink::positions) sink.add(id, source[word_begin + begin], source[word_begin + end - 1] + 1);
      else sink.add(id, 0, 0);
    };
    stages.model.split(text.substr(word_begin, word_end - word_begin), emit, [&] { sink.rollback(); });
    return !sink.full();
  });
}

/// Tokens of a raw text (valid UTF-8). `scratch` is reused from call to call.
template <class Sink>
void tokenize_text(const TextStages& stages, std::string_view text, NormalizedText& scratch, Sink& sink) {
  std::size_t counted = 0;
  std::int32_t code_points = 0;  // in text[0, counted)
  // Forwards, but for an added token in white space that the token before has taken.
  const auto code_points_before = [&](std::size_t at) {
    const auto between = [&](std::size_t from, std::size_t to) {
      return static_cast<std::int32_t>(count_code_points(text.substr(from, to - from)));
    };
    code_points += at >= counted ? between(counted, at) : -between(at, counted);
    counted = at;
    return code_points;
  };
  stages.added.raw().cut(text, stages.split_special_tokens, [&](std::int32_t id, std::size_t begin, std::size_t end) {
    std::int32_t first = 0;
    if constexpr (Sink::positions) first = code_points_before(begin);
    if (id >= 0) {
      sink.begin_word();
      sink.add(id, first, Sink::positions ? code_points_before(end) : 0);
      sink.add_text(text.substr(begin, end - begin));
      return !sink.full();
    }
    stages.normalizer.normalize<Sink::positions>(text.substr(begin, end - begin), scratch, first);
    if (stages.added.normalized().empty()) {
      tokenize_words(stages, scratch, 0, scratch.text.size(), sink);
      return !sink.full();
    }
    stages.added.normalized().cut(scratch.text, stages.split_special_tokens,
                                  [&](std::int32_t found, std::size_t from, std::size_t to) {
                                    if (found < 0) {
                                      tokenize_words(stages, scratch, from, to, sink);
                                    } else {
                                      sink.begin_word();
                                      if constexpr (Sink::positions) {
                                        const std::int32_t last = scratch.source[to - 1] + 1;
                                        sink.add(found, from < to ? scratch.source[from] : last, last);
                                      } else {
                                        sink.add(found, 0, 0);
                                      }
                                      sink.add_text(std::string_view(scratch.text).substr(from, to - from));
                                    }
                                    return !sink.full();
                                  });
    return !sink.full();
  });
}

}  // namespace tl::detail::text
