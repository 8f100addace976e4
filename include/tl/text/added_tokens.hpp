// Added tokens: strings that are matched in a text before WordPiece sees it. Those with normalized=false are searched
// in the raw text, the others in the normalised pieces between them; at each position the longest one wins.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/utf8.hpp>
#include <tl/text/normalizer.hpp>
#include <tl/text/trie.hpp>
#include <tl/text/unicode.hpp>
#include <tl/text/word_piece.hpp>

namespace tl {

/// One added token. The special ones ([CLS] ...) can be skipped in decoding and are not matched with
/// split_special_tokens.
struct AddedToken {
  std::string content;
  bool single_word = false;          ///< only where no word character touches it
  bool lstrip = false;               ///< swallows the white space before it
  bool rstrip = false;               ///< swallows the white space after it
  std::optional<bool> normalized{};  ///< search in the normalised text; nothing: the opposite of special
  bool special = false;

  bool is_normalized() const { return normalized.value_or(!special); }
  bool operator==(const AddedToken& other) const {
    return content == other.content && single_word == other.single_word && lstrip == other.lstrip &&
           rstrip == other.rstrip && is_normalized() == other.is_normalized() && special == other.special;
  }
};

namespace detail::text {

/// Searches a fixed set of added tokens in a text.
class TokenMatcher {
 public:
  /// The flags of a token, and its id.
  struct Entry {
    std::int32_t id;
    bool single_word, lstrip, rstrip, special;
  };

  TokenMatcher() = default;
  /// Searches patterns[i] for entries[i]; an empty pattern is found nowhere.
  TokenMatcher(const std::vector<std::string>& patterns, std::vector<Entry> entries) : entries_(std::move(entries)) {
    std::vector<Trie::Key> keys;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (patterns[i].empty()) continue;
      keys.push_back({patterns[i], static_cast<std::int32_t>(i)});
      starts_[static_cast<unsigned char>(patterns[i].front())] = true;
      long_ = long_ || patterns[i].size() > 64;
    }
    trie_ = Trie(std::move(keys));
    if (!long_) return;
    every_ = LongestAtEach(patterns);
    for (const std::string& pattern : patterns) lengths_.push_back(pattern.size());
  }

  bool empty() const { return entries_.empty(); }

  /// Cuts `text` into pieces in order: calls piece(id, begin, end) with the id of an added token, or -1 for the text
  /// between. With split_special the special tokens are ordinary text. Stops when the callback returns false.
  template <class Piece> void cut(std::string_view text, bool split_special, const Piece& piece) const {
    cut(text, split_special, &piece, [](const void* raw, std::int32_t id, std::size_t begin, std::size_t end) -> bool {
      return (*static_cast<const Piece*>(raw))(id, begin, end);
    });
  }

 private:
  using PieceTaker = bool (*)(const void* piece, std::int32_t id, std::size_t begin, std::size_t end);

  // The search is compiled once for all callbacks.
  void cut(std::string_view text, bool split_special, const void* piece, PieceTaker take) const {
    const auto& classes = CharTable::instance();
    std::vector<std::int32_t> longest_at;  // made where there is something to find
    std::size_t done = 0, spaces = 0, spaces_end = 0;
    for (std::size_t at = 0; at < text.size();) {
      if (!starts_[static_cast<unsigned char>(text[at])]) {
        ++at;
        continue;
      }
      // From each position on its own, a long pattern could cost its length at every byte of the text.
      if (long_ && longest_at.empty()) longest_at = every_(text);
      const Trie::Match match = long_ ? found(longest_at[at]) : trie_.longest(text.substr(at));
      if (match.value == Trie::none) {
        ++at;
        continue;
      }
      const Entry& entry = entries_[static_cast<std::size_t>(match.value)];
      std::size_t begin = at, end = at + match.length;
      at = end;  // a rejected match is not searched again inside
      if (split_special && entry.special) continue;
      if (entry.single_word && (touches(classes, text, begin, false) || touches(classes, text, end, true))) continue;
      if (entry.lstrip && begin > done) begin = strip_before(classes, text, begin, done);
      else if (entry.lstrip) begin = done;
      if (entry.rstrip &&
          (end < spaces || end > spaces_end)) {  // not in the last run of white space, whose end is known
        spaces = end;
        spaces_end = strip_after(classes, text, end);
      }
      if (entry.rstrip) end = spaces_end;
      if (begin > end) continue;  // white space that the token before has taken; the reference's library ends here
      if (done < begin && !take(piece, -1, done, begin)) return;
      if (!take(piece, entry.id, begin, end)) return;
      done = end;
    }
    if (done < text.size()) take(piece, -1, done, text.size());
  }

  static bool touches(const CharTable& classes, std::string_view text, std::size_t at, bool after) {
    if (after ? at == text.size() : at == 0) return false;
    std::size_t where = after ? at : previous_utf8(text, at);
    return classes[decode_valid_utf8(text, where)] & char_word;
  }

  Trie::Match found(std::int32_t pattern) const {
    return {pattern == Trie::none ? 0 : lengths_[static_cast<std::size_t>(pattern)], pattern};
  }

  static std::size_t strip_before(const CharTable& classes, std::string_view text, std::size_t at, std::size_t least) {
    while (at > least) {
      const std::size_t before = previous_utf8(text, at);
      std::size_t cursor = before;
      if (!(classes[decode_valid_utf8(text, cursor)] & char_separator)) break;
      at = before;
    }
    return at;
  }

  static std::size_t strip_after(const CharTable& classes, std::string_view text, std::size_t at) {
    while (at < text.size()) {
      std::size_t next = at;
      if (!(classes[decode_valid_utf8(text, next)] & char_separator)) break;
      at = next;
    }
    return at;
  }

  std::vector<Entry> entries_;
  Trie trie_;
  bool long_ = false;  // a pattern is so long that the next two are needed
  LongestAtEach every_;
  std::vector<std::size_t> lengths_;
  std::array<bool, 256> starts_{};
};

}  // namespace detail::text

/// The added tokens of a tokenizer, by id.
class AddedVocabulary {
 public:
  /// Adds tokens: one that is a piece keeps its id, others get ids after the vocabulary in order; empty contents and
  /// tokens already there are ignored, other flags replace the old ones. Returns how many were added or changed.
  int add(const std::vector<AddedToken>& tokens, const WordPiece& model, const Normalizer& normalizer) {
    int added = 0;
    std::int32_t next = next_id(model);
    for (const AddedToken& token : tokens) added += add(token, model, next);
    if (added > 0) rebuild(normalizer);
    return added;
  }

  /// The same for one token, which is matched from the next rebuild() on.
  bool add(const AddedToken& token, const WordPiece& model) {
    std::int32_t next = next_id(model);
    return add(token, model, next);
  }

  /// The same for one of several: `next` is the id of the next token that is not a piece.
  bool add(const AddedToken& token, const WordPiece& model, std::int32_t& next) {
    if (token.content.empty()) return false;
    check(find_invalid_utf8(token.content) == std::string_view::npos, ErrorCode::format, "added token \"",
          token.content, "\": expected valid UTF-8");
    std::int32_t id = next;
    if (const auto known = token_to_id(token.content)) id = *known;
    else if (const auto piece = model.token_to_id(token.content)) id = *piece;
    else ++next;
    const auto [slot, is_new] = tokens_.emplace(id, AddedToken(token));
    if (is_new) order_.push_back(id);
    else if (slot->second == token) return false;
    else slot->second = token;
    ids_[token.content] = id;
    return true;
  }

  /// Builds the matchers again, for another normaliser.
  void rebuild(const Normalizer& normalizer) {
    auto matchers = std::make_shared<std::array<detail::text::TokenMatcher, 2>>();
    for (const bool is_normalized : {false, true}) {
      std::vector<std::string> patterns;
      std::vector<detail::text::TokenMatcher::Entry> entries;
      for (const std::int32_t id : order_) {
        const AddedToken& token = tokens_.at(id);
        if (token.is_normalized() != is_normalized) continue;
        patterns.push_back(is_normalized ? normalizer(token.content) : token.content);
        entries.push_back({id, token.single_word, token.lstrip, token.rstrip, token.special});
      }
      (*matchers)[is_normalized] = detail::text::TokenMatcher(patterns, std::move(entries));
    }
    matchers_ = std::move(matchers);
  }

  const std::map<std::int32_t, AddedToken>& by_id() const { return tokens_; }
  /// The matchers for raw and normalised texts, from rebuild() on.
  const detail::text::TokenMatcher& raw() const { return (*matchers_)[0]; }
  const detail::text::TokenMatcher& normalized() const { return (*matchers_)[1]; }

  const AddedToken* find(std::int32_t id) const {
    const auto found = tokens_.find(id);
    return found == tokens_.end() ? nullptr : &found->second;
  }

  std::optional<std::int32_t> token_to_id(std::string_view content) const {
    const auto found = ids_.find(std::string(content));
    return found == ids_.end() ? std::nullopt : std::optional(static_cast<std::int32_t>(found->second));
  }

  /// The id the next token that is not a piece gets.
  std::int32_t next_id(const WordPiece& model) const {
    return tokens_.empty() ? model.size() : std::max(model.size(), tokens_.rbegin()->first + 1);
  }

 private:
  std::map<std::int32_t, AddedToken> tokens_;
  std::map<std::string, std::int64_t> ids_;
  std::vector<std::int32_t> order_;  // as added: of two normalised forms that are equal the first counts
  std::shared_ptr<const std::array<detail::text::TokenMatcher, 2>> matchers_;  // raw, normalised; shared by copies
};

}  // namespace tl
