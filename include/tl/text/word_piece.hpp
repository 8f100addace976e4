// The WordPiece model: a vocabulary and the greedy longest-match split of one word. All pieces live in one trie;
// continuation pieces ("##ing") are simply the part of the trie below the node of the prefix "##".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/utf8.hpp>
#include <tl/text/trie.hpp>
#include <tl/text/unicode.hpp>

namespace tl {

/// The parameters of the model besides its pieces.
struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  std::int64_t max_input_chars_per_word = 100;  ///< a word with more code points is unknown
};

/// A piece of a vocabulary and its id.
struct VocabularyPiece {
  std::string text;
  std::int32_t id;
};

/// An immutable vocabulary. Mostly piece i has id i, but ids may have holes, and two pieces may share one.
class WordPiece {
 public:
  /// Piece i gets id i. Throws format if a piece appears twice; `origin` names the vocabulary in the sentence.
  WordPiece(std::vector<std::string> pieces, WordPieceOptions options, std::string_view origin = "vocabulary")
      : options_(std::move(options)), pieces_(std::move(pieces)) {
    index();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const std::int32_t first = trie_.at(pieces_[i]);
      check(first == static_cast<std::int32_t>(i), ErrorCode::format, origin, ": the piece \"", pieces_[i],
            "\" appears twice, with ids ", first, " and ", i, "; expected every piece once");
    }
  }

  /// Pieces with ids of their own, of which none is negative; their texts are distinct.
  WordPiece(std::vector<VocabularyPiece> pieces, WordPieceOptions options) : options_(std::move(options)) {
    pieces = stable_sorted(std::move(pieces),
                           [](const VocabularyPiece& a, const VocabularyPiece& b) { return a.id < b.id; });
    bool dense = true;
    for (VocabularyPiece& piece : pieces) {
      dense = dense && piece.id == static_cast<std::int32_t>(pieces_.size());
      ids_.push_back(piece.id);
      pieces_.push_back(std::move(piece.text));
    }
    if (dense) ids_.clear();
    index();
  }

  const WordPieceOptions& options() const { return options_; }
  /// The pieces in the order of their ids.
  const std::vector<std::string>& pieces() const { return pieces_; }
  /// Number of pieces.
  std::int32_t size() const { return static_cast<std::int32_t>(pieces_.size()); }
  /// Whether piece i has id i.
  bool is_dense() const { return ids_.empty(); }
  /// The id of pieces()[i].
  std::int32_t id_at(std::size_t i) const { return is_dense() ? static_cast<std::int32_t>(i) : ids_[i]; }
  /// One more than the highest id.
  std::int64_t id_limit() const { return is_dense() ? size() : std::int64_t{ids_.back()} + 1; }

  /// The piece with an id (the first of several), or nullptr.
  const std::string* piece(std::int32_t id) const {
    if (id < 0) return nullptr;
    auto at = static_cast<std::size_t>(id);
    if (!is_dense()) {
      const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
      if (found == ids_.end() || *found != id) return nullptr;
      at = static_cast<std::size_t>(found - ids_.begin());
    }
    return at < pieces_.size() ? &pieces_[at] : nullptr;
  }

  std::optional<std::int32_t> token_to_id(std::string_view piece) const {
    const std::int32_t id = trie_.at(piece);
    return id < 0 ? std::nullopt : std::optional(id);
  }

  /// Splits one word and calls emit(id, begin, end) with byte ranges for each piece. If the word cannot be split or is
  /// too long it calls rollback() (forget what this word emitted) and then emit(unk, 0, size). Throws state if the
  /// unknown token is needed and not in the vocabulary.
  template <class Emit, class Rollback> void split(std::string_view word, Emit&& emit, Rollback&& rollback) const {
    if (!too_long(word)) {
      std::size_t begin = 0;
      std::int32_t start = detail::text::Trie::root;
      while (start != detail::text::Trie::none) {
        const auto match = trie_.longest(word.substr(begin), start);
        if (match.value == detail::text::Trie::none) break;
        emit(match.value, begin, begin + match.length);
        begin += match.length;
        if (begin == word.size()) return;
        start = continuation_;
      }
      rollback();
    }
    check(unk_id_ != detail::text::Trie::none, ErrorCode::state, "WordPiece: the word \"", word,
          "\" is not in the vocabulary, and neither is the unknown token \"", options_.unk_token,
          "\" that stands for it");
    emit(unk_id_, std::size_t{0}, word.size());
  }

 private:
  void index() {
    std::vector<detail::text::Trie::Key> keys;
    for (std::size_t i = 0; i < pieces_.size(); ++i) keys.push_back({pieces_[i], id_at(i)});
    trie_ = detail::text::Trie(std::move(keys));
    continuation_ = trie_.find(options_.continuing_subword_prefix);
    unk_id_ = trie_.at(options_.unk_token);
  }

  bool too_long(std::string_view word) const {
    const auto limit = static_cast<std::size_t>(options_.max_input_chars_per_word);
    return word.size() > limit && detail::count_code_points(word) > limit;
  }

  WordPieceOptions options_;
  std::vector<std::string> pieces_;  // by id
  std::vector<std::int32_t> ids_;    // of the pieces; empty if dense
  detail::text::Trie trie_;
  std::int32_t continuation_ = detail::text::Trie::none;
  std::int32_t unk_id_ = detail::text::Trie::none;
};

}  // namespace tl
