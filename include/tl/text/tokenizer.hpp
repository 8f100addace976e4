// The tokenizer of BERT and DistilBERT: loading, encoding, padding, decoding, saving. It gives the ids, tokens, offsets
// and word indices of the Rust library that Python's fast tokenizers are made of. Call options are never stored, so
// encoding is const and safe from several threads; a Tokenizer is a value, and copies share the vocabulary.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/parallel.hpp>
#include <tl/io/utf8.hpp>
#include <tl/text/decoder.hpp>
#include <tl/text/encoding.hpp>
#include <tl/text/layout.hpp>
#include <tl/text/padding.hpp>
#include <tl/text/token_sequence.hpp>
#include <tl/text/tokenizer_config.hpp>
#include <tl/text/tokenizer_files.hpp>
#include <tl/text/tokenizer_options.hpp>
#include <tl/text/tokenizer_writer.hpp>
#include <tl/text/truncation.hpp>

namespace tl {

/// A WordPiece tokenizer; copies share the vocabulary, and every const member may be called from several threads.
class [[nodiscard]] Tokenizer {
 public:
  /// Loads tokenizer.json, or vocab.txt if there is none, with the configuration files beside it, of a tokenizer that
  /// is given by its folder or its name. Throws not_found for a missing folder or file, io, format (path, key and what
  /// was expected) for malformed content, and what hub::model_folder() throws.
  static Tokenizer from_pretrained(const std::filesystem::path& name_or_path, const TokenizerOptions& overrides = {}) {
    return Tokenizer(name_or_path, overrides);
  }

  /// Makes the standard pipeline around a list of pieces; piece i has id i. Special tokens that are not among the
  /// pieces get ids after them. Throws format if a piece appears twice or is not UTF-8.
  static Tokenizer from_vocabulary(std::vector<std::string> pieces, const TokenizerOptions& options = {}) {
    return Tokenizer(std::move(pieces), options);
  }

  /// Encodes one text. Throws format at the first byte that is not UTF-8, invalid_argument for contradicting options.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    NormalizedText scratch;
    return assemble(sequence(text, limits, scratch), nullptr, limits);
  }

  /// Two texts in braces would be one std::string_view from the first address to the second; see encode_batch().
  Encoding encode(std::initializer_list<const char*> texts, const EncodeOptions& options = {}) const = delete;

  /// Encodes two texts as one pair; an empty second text is still a pair.
  Encoding encode_pair(std::string_view text, std::string_view text_pair, const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    NormalizedText scratch;
    const detail::text::TokenSink first = sequence(text, limits, scratch),
                                  second = sequence(text_pair, limits, scratch);
    return assemble(first, &second, limits);
  }

  /// Encodes a text that is already split into words: word_ids are indices into `words`, offsets count within a word.
  Encoding encode_words(std::span<const std::string> words, const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    NormalizedText scratch;
    return assemble(word_sequence(words, limits, scratch), nullptr, limits);
  }

  Encoding encode_words(std::initializer_list<std::string> words, const EncodeOptions& options = {}) const {
    return encode_words(std::span(words.begin(), words.size()), options);
  }

  /// Encodes texts in parallel; errors name the row.
  [[nodiscard]] std::vector<Encoding> encode_batch(std::span<const std::string> texts,
                                                   const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    return rows<Encoding>(texts.size(), [&](std::size_t row, NormalizedText& scratch) {
      return assemble(sequence(texts[row], limits, scratch), nullptr, limits);
    });
  }

  [[nodiscard]] std::vector<Encoding> encode_batch(std::initializer_list<std::string> texts,
                                                   const EncodeOptions& options = {}) const {
    return encode_batch(std::span(texts.begin(), texts.size()), options);
  }

  /// Encodes pairs (texts[i], text_pairs[i]) in parallel.
  [[nodiscard]] std::vector<Encoding> encode_batch(std::span<const std::string> texts,
                                                   std::span<const std::string> text_pairs,
                                                   const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    check(texts.size() == text_pairs.size(), ErrorCode::invalid_argument,
          "encode_batch: expected as many second texts as the ", texts.size(), " first ones, got ", text_pairs.size());
    return rows<Encoding>(texts.size(), [&](std::size_t row, NormalizedText& scratch) {
      const detail::text::TokenSink first = sequence(texts[row], limits, scratch),
                                    second = sequence(text_pairs[row], limits, scratch);
      return assemble(first, &second, limits);
    });
  }

  /// Encodes texts that are split into words, in parallel.
  [[nodiscard]] std::vector<Encoding> encode_words_batch(std::span<const std::vector<std::string>> texts,
                                                         const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    return rows<Encoding>(texts.size(), [&](std::size_t row, NormalizedText& scratch) {
      return assemble(word_sequence(texts[row], limits, scratch), nullptr, limits);
    });
  }

  /// The input_ids of encode_batch alone (no overflow), several times faster: nothing else is computed, and a text is
  /// read only as far as truncation needs it.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> encode_ids(std::span<const std::string> texts,
                                                                  const EncodeOptions& options = {}) const {
    const Limits limits = resolve(options);
    return rows<std::vector<std::int32_t>>(
        texts.size(), [&](std::size_t row, NormalizedText& scratch) { return ids_only(texts[row], limits, scratch); });
  }

  [[nodiscard]] std::vector<std::vector<std::int32_t>> encode_ids(std::initializer_list<std::string> texts,
                                                                  const EncodeOptions& options = {}) const {
    return encode_ids(std::span(texts.begin(), texts.size()), options);
  }

  /// Calls take(id, token, begin, end) for every token of encode(text), overflow apart, without an Encoding of them
  /// all: for texts of many megabytes. Throws as encode.
  template <class Take>
  void for_each_token(std::string_view text, const EncodeOptions& options, const Take& take) const {
    const Limits limits = resolve(options);
    detail::text::TokenSink sink;
    {
      NormalizedText scratch;  // as large as the text, and not needed while the tokens are taken
      check_utf8(text);
      // Room that is never used costs no memory; growing would hold everything twice.
      scratch.source.reserve(text.size() + text.size() / 4);
      sink.tokens.reserve(text.size());
      detail::text::tokenize_text(stages(limits), text, scratch, sink);
    }
    const auto count = static_cast<std::int64_t>(sink.tokens.size());
    detail::text::Window window{0, count};
    if (limits.strategy != TruncationStrategy::do_not_truncate) {
      const auto length =
          detail::text::truncated_lengths(count, std::nullopt, budget(limits, false), limits.strategy).first;
      window = detail::text::first_window(count, length, limits.stride, limits.side);
    }
    for (const detail::text::LayoutItem& item : layout(false, limits.add_special_tokens).items) {
      if (item.kind == TemplateItem::Kind::special) {
        take(item.id, std::string_view(item.token), 0, 0);
        continue;
      }
      auto own = sink.texts.begin();
      for (auto i = static_cast<std::size_t>(window.begin); i < static_cast<std::size_t>(window.end); ++i) {
        const detail::text::Token& token = sink.tokens[i];
        while (own != sink.texts.end() && own->first < i) ++own;
        const bool matched = own != sink.texts.end() && own->first == i;
        take(token.id, std::string_view(matched ? own->second : *data_.model->piece(token.id)), token.begin, token.end);
      }
    }
  }

  /// Brings the encodings (and their overflow) to one length.
  void pad(std::vector<Encoding>& encodings, const PaddingOptions& options = {}) const {
    detail::text::pad_batch(encodings, options, model_max_length(), padding_side(), pad_token_id(), pad_token());
  }

  /// The text of ids; ids that do not exist are skipped.
  std::string decode(std::span<const std::int32_t> ids, const DecodeOptions& options = {}) const {
    std::vector<std::string_view> tokens;
    for (const std::int32_t id : ids) {
      const AddedToken* added = data_.added.find(id);
      if (added && added->special && options.skip_special_tokens) continue;
      if (added) tokens.emplace_back(added->content);
      else if (const std::string* piece = data_.model->piece(id)) tokens.emplace_back(*piece);
    }
    std::string text = detail::text::join_tokens(tokens, data_.decoder);
    if (options.clean_up_tokenization_spaces.value_or(data_.config.clean_up_tokenization_spaces))
      detail::text::clean_up_spaces(text, false);
    return text;
  }

  /// The text of tokens as the decoder joins them: "play", "##ing" is "playing".
  std::string convert_tokens_to_string(std::span<const std::string> tokens) const {
    return detail::text::join_tokens({tokens.begin(), tokens.end()}, data_.decoder);
  }

  /// What begins a piece that continues a word, "##"; empty if the vocabulary does not tell.
  const std::string& continuing_subword_prefix() const { return data_.model->options().continuing_subword_prefix; }

  /// The token of an id, nothing if there is no such id.
  std::optional<std::string> id_to_token(std::int32_t id) const {
    if (const AddedToken* added = data_.added.find(id)) return added->content;
    const std::string* piece = data_.model->piece(id);
    return piece == nullptr ? std::nullopt : std::optional(*piece);
  }

  /// The id of a token, nothing if there is no such token.
  std::optional<std::int32_t> token_to_id(std::string_view token) const {
    if (const auto id = data_.added.token_to_id(token)) return id;
    return data_.model->token_to_id(token);
  }

  /// Adds tokens that are matched in texts before WordPiece. One that is a piece keeps its id, others get ids from
  /// vocab_size() on; empty ones and those already there are ignored. Returns how many were added or changed. A model
  /// needs its embedding resized to vocab_size() afterwards.
  int add_tokens(const std::vector<AddedToken>& tokens) {
    return data_.added.add(tokens, *data_.model, data_.normalizer);
  }

  /// Like add_tokens, with special set: decode can skip them, and they are saved as additional special tokens.
  int add_special_tokens(std::vector<AddedToken> tokens) {
    auto& listed = data_.config.additional_special_tokens;
    std::set<std::string, std::less<>> named;
    for (const std::string_view name : detail::text::named_specials(data_.config)) named.emplace(name);
    for (AddedToken& token : tokens) {
      token.special = true;
      if (token.content.empty() || !named.insert(token.content).second) continue;
      listed.push_back(token.content);
      data_.config.written_as_object.push_back(token.content);
    }
    return add_tokens(tokens);
  }

  /// Writes tokenizer.json, vocab.txt, tokenizer_config.json and special_tokens_map.json as Python's transformers 4
  /// does; makes the folder if needed. Throws io.
  void save_pretrained(const std::filesystem::path& folder) const { detail::text::save_tokenizer(folder, data_); }

  /// One more than the highest id, added tokens included: the size of a model's embedding.
  std::int32_t vocab_size() const { return static_cast<std::int32_t>(data_.vocab_size()); }
  /// Number of pieces without the tokens added after them.
  std::int32_t base_vocab_size() const { return data_.model->size(); }
  /// Longest input of the model, special tokens included; nothing if unknown.
  std::optional<std::int64_t> model_max_length() const { return data_.config.model_max_length; }
  Side padding_side() const { return data_.config.padding_side; }
  Side truncation_side() const { return data_.config.truncation_side; }
  /// The class that Python's transformers has for this tokenizer ("DistilBertTokenizer").
  const std::string& tokenizer_class() const { return data_.config.tokenizer_class; }
  /// Whether that class makes its parts from the configuration; otherwise tokenizer.json says everything.
  bool has_bert_rules() const { return data_.config.bert_rules; }
  bool do_lower_case() const { return data_.normalizer.options().lowercase; }
  /// All added tokens by id, the special ones included.
  const std::map<std::int32_t, AddedToken>& added_tokens() const { return data_.added.by_id(); }
  const std::vector<std::string>& additional_special_tokens() const { return data_.config.additional_special_tokens; }
  /// Number of special tokens around one text or a pair.
  std::int64_t num_special_tokens_to_add(bool pair = false) const { return data_.post_processor.added_tokens(pair); }

  const std::string& unk_token() const { return data_.special_token(detail::text::SpecialRole::unk); }
  const std::string& sep_token() const { return data_.special_token(detail::text::SpecialRole::sep); }
  const std::string& pad_token() const { return data_.special_token(detail::text::SpecialRole::pad); }
  const std::string& cls_token() const { return data_.special_token(detail::text::SpecialRole::cls); }
  const std::string& mask_token() const { return data_.special_token(detail::text::SpecialRole::mask); }
  std::int32_t unk_token_id() const { return data_.id_of(unk_token()); }
  std::int32_t sep_token_id() const { return data_.id_of(sep_token()); }
  std::int32_t pad_token_id() const { return data_.id_of(pad_token()); }
  std::int32_t cls_token_id() const { return data_.id_of(cls_token()); }
  std::int32_t mask_token_id() const { return data_.id_of(mask_token()); }

 private:
  // EncodeOptions with every default filled in.
  struct Limits {
    TruncationStrategy strategy = TruncationStrategy::do_not_truncate;
    std::int64_t max_length = 0;
    std::int64_t stride = 0;
    Side side = Side::right;
    bool add_special_tokens = true;
    bool split_special_tokens = false;
  };

  Tokenizer(const std::filesystem::path& name_or_path, const TokenizerOptions& overrides)
      : data_(detail::text::load_tokenizer(name_or_path, overrides)) {
    make_layouts();
  }
  Tokenizer(std::vector<std::string> pieces, const TokenizerOptions& options)
      : data_(detail::text::standard_tokenizer(std::move(pieces), options)) {
    make_layouts();
  }

  void make_layouts() {
    for (std::size_t i = 0; i < layouts_.size(); ++i)
      layouts_[i] = detail::text::make_layout(data_.post_processor, i / 2 == 1, i % 2 == 1);
  }

  const detail::text::Layout& layout(bool pair, bool special) const { return layouts_[2 * pair + special]; }

  Limits resolve(const EncodeOptions& options) const {
    options.validate();
    Limits out;
    out.stride = options.stride;
    out.side = options.truncation_side.value_or(truncation_side());
    out.add_special_tokens = options.add_special_tokens;
    out.split_special_tokens = options.split_special_tokens.value_or(data_.config.split_special_tokens);
    const bool truncate = options.truncation.value_or(options.max_length.has_value());
    const std::optional<std::int64_t> length =
        options.max_length ? std::optional<std::int64_t>(*options.max_length) : model_max_length();
    if (!truncate || !length || options.truncation_strategy == TruncationStrategy::do_not_truncate) return out;
    out.strategy = options.truncation_strategy;
    out.max_length = *length;
    // The reference refuses the setting by the template of a single text, whatever is encoded later.
    const std::int64_t room = *length - data_.post_processor.added_tokens(false);
    check(room < 0 || out.stride <= room, ErrorCode::invalid_argument, "EncodeOptions::stride: expected at most ", room,
          " (max_length ", *length, " without the special tokens), got ", out.stride);
    return out;
  }

  std::int64_t budget(const Limits& limits, bool pair) const {
    return limits.max_length - (limits.add_special_tokens ? data_.post_processor.added_tokens(pair) : 0);
  }

  detail::text::TextStages stages(const Limits& limits) const {
    return {data_.added, data_.normalizer, data_.pre_tokenizer, *data_.model, limits.split_special_tokens};
  }

  static void check_utf8(std::string_view text) {
    const std::size_t bad = find_invalid_utf8(text);
    check(bad == std::string_view::npos, ErrorCode::format, "text: expected UTF-8, got an invalid sequence at byte ",
          bad, " of ", text.size());
  }

  detail::text::TokenSink sequence(std::string_view text, const Limits& limits, NormalizedText& scratch) const {
    check_utf8(text);
    detail::text::TokenSink sink;
    detail::text::tokenize_text(stages(limits), text, scratch, sink);
    return sink;
  }

  detail::text::TokenSink word_sequence(std::span<const std::string> words, const Limits& limits,
                                        NormalizedText& scratch) const {
    detail::text::TokenSink sink;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::size_t bad = find_invalid_utf8(words[i]);
      check(bad == std::string_view::npos, ErrorCode::format, "word ", i,
            ": expected UTF-8, got an invalid sequence at byte ", bad);
      sink.fixed_word = static_cast<std::int32_t>(i);
      detail::text::tokenize_text(stages(limits), words[i], scratch, sink);
    }
    return sink;
  }

  std::vector<std::int32_t> ids_only(std::string_view text, const Limits& limits, NormalizedText& scratch) const {
    check_utf8(text);
    const std::int64_t room = budget(limits, false);
    const bool cut = limits.strategy != TruncationStrategy::do_not_truncate && room >= 0;
    const bool stop_early = cut && limits.side == Side::right;
    std::vector<std::int32_t> ids;
    detail::text::IdSink sink{ids,
                              stop_early ? static_cast<std::size_t>(room) : std::numeric_limits<std::size_t>::max()};
    detail::text::tokenize_text(stages(limits), text, scratch, sink);
    const auto count = static_cast<std::int64_t>(ids.size());
    detail::text::Window window{0, count};
    if (cut) {
      const auto length = detail::text::truncated_lengths(count, std::nullopt, room, limits.strategy).first;
      window = detail::text::first_window(count, length, limits.stride, limits.side);
    }
    const std::span<const std::int32_t> body(ids.data() + window.begin, ids.data() + window.end);
    const detail::text::Layout& around = layout(false, limits.add_special_tokens);
    std::vector<std::int32_t> out;
    out.reserve(body.size() + around.special_tokens);
    for (const detail::text::LayoutItem& item : around.items) {
      if (item.kind == TemplateItem::Kind::special) out.push_back(item.id);
      else out.insert(out.end(), body.begin(), body.end());
    }
    return out;
  }

  // Truncates, puts the template around every combination of windows; the first is the result, the others its overflow.
  Encoding assemble(const detail::text::TokenSink& first, const detail::text::TokenSink* second,
                    const Limits& limits) const {
    const auto count = [](const detail::text::TokenSink& sink) {
      return static_cast<std::int64_t>(sink.tokens.size());
    };
    std::vector<detail::text::Window> a{{0, count(first)}}, b{{0, second ? count(*second) : 0}};
    if (limits.strategy != TruncationStrategy::do_not_truncate) {
      const auto lengths = detail::text::truncated_lengths(a[0].end, second ? std::optional(b[0].end) : std::nullopt,
                                                           budget(limits, second != nullptr), limits.strategy);
      a = detail::text::truncation_windows(a[0].end, lengths.first, limits.stride, limits.side);
      if (second) b = detail::text::truncation_windows(b[0].end, lengths.second, limits.stride, limits.side);
    }
    Encoding out = build(first, a, 0, second, b, 0, limits);
    for (std::size_t i = 1; i < a.size(); ++i)
      for (std::size_t j = 0; j < b.size(); ++j) out.overflowing.push_back(build(first, a, i, second, b, j, limits));
    for (std::size_t j = 1; j < b.size(); ++j) out.overflowing.push_back(build(first, a, 0, second, b, j, limits));
    return out;
  }

  using Windows = std::vector<detail::text::Window>;

  Encoding build(const detail::text::TokenSink& first, const Windows& a, std::size_t i,
                 const detail::text::TokenSink* second, const Windows& b, std::size_t j, const Limits& limits) const {
    Encoding out;
    const detail::text::Layout& around = layout(second != nullptr, limits.add_special_tokens);
    const std::int64_t tokens = a[i].end - a[i].begin + b[j].end - b[j].begin;
    reserve(out, static_cast<std::size_t>(tokens) + around.special_tokens);
    for (const detail::text::LayoutItem& item : around.items) {
      if (item.kind == TemplateItem::Kind::special)
        append(out, item.id, item.token, item.type_id, item.is_special, {0, 0}, -1, item.sequence_id);
      else if (item.kind == TemplateItem::Kind::sequence_a)
        append(out, first, a[i], i == 0 ? item.type_id : item.overflow_type_id, item.sequence_id);
      else append(out, *second, b[j], j == 0 ? item.type_id : item.overflow_type_id, item.sequence_id);
    }
    return out;
  }

  static void reserve(Encoding& out, std::size_t size) {
    out.input_ids.reserve(size);
    out.token_type_ids.reserve(size);
    out.attention_mask.reserve(size);
    out.special_tokens_mask.reserve(size);
    out.tokens.reserve(size);
    out.offsets.reserve(size);
    out.word_ids.reserve(size);
    out.sequence_ids.reserve(size);
  }

  static void append(Encoding& out, std::int32_t id, std::string_view token, std::int32_t type, bool special,
                     std::pair<std::int32_t, std::int32_t> offsets, std::int32_t word, std::int32_t sequence) {
    out.input_ids.push_back(id);
    out.token_type_ids.push_back(type);
    out.attention_mask.push_back(1);
    out.special_tokens_mask.push_back(special);
    out.tokens.emplace_back(token);
    out.offsets.push_back(offsets);
    out.word_ids.push_back(word);
    out.sequence_ids.push_back(sequence);
  }

  void append(Encoding& out, const detail::text::TokenSink& from, detail::text::Window window, std::int32_t type,
              std::int32_t sequence) const {
    auto text = from.texts.begin();
    for (auto i = static_cast<std::size_t>(window.begin); i < static_cast<std::size_t>(window.end); ++i) {
      const detail::text::Token& token = from.tokens[i];
      while (text != from.texts.end() && text->first < i) ++text;
      const bool own = text != from.texts.end() && text->first == i;
      append(out, token.id, own ? text->second : *data_.model->piece(token.id), type, false, {token.begin, token.end},
             token.word, sequence);
    }
  }

  // Calls make(row, scratch) for every row on the thread pool.
  template <class Row, class Make> static std::vector<Row> rows(std::size_t count, Make&& make) {
    std::vector<Row> out(count);
    parallel_for(static_cast<std::int64_t>(count), 32, [&](std::int64_t begin, std::int64_t end) {
      NormalizedText scratch;
      for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(end); ++row) {
        try {
          out[row] = make(row, scratch);
        } catch (const Error& error) {
          fail(error.code(), "row ", row, ": ", error.what());
        }
      }
    });
    return out;
  }

  detail::text::TokenizerData data_;
  std::array<detail::text::Layout, 4> layouts_;  // see layout()
};

/// Throws Error(invalid_argument) if the tokenizer has ids that a model with `vocab_size` word embeddings lacks.
/// `where` begins the sentence.
inline void check_vocab_size(const Tokenizer& tokenizer, std::int64_t vocab_size, std::string_view where) {
  check(tokenizer.vocab_size() <= vocab_size, ErrorCode::invalid_argument, where, ": the tokenizer has ",
        tokenizer.vocab_size(), " tokens, but the model's vocab_size (config.json) is ", vocab_size,
        "; they do not belong together");
}

/// The name the Python stack uses for "the tokenizer that fits the folder".
using AutoTokenizer = Tokenizer;

}  // namespace tl
