// Reads tokenizer.json and vocab.txt. Truncation and padding stored in tokenizer.json are what an earlier call
// left there and are ignored.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/read_file.hpp>
#include <tl/io/utf8.hpp>
#include <tl/text/json_view.hpp>
#include <tl/text/tokenizer_components.hpp>
#include <tl/text/tokenizer_config.hpp>

namespace tl::detail::text {

/// An added token as an object {content, lstrip, ...}.
inline AddedToken read_added_token(const JsonView& from) {
  AddedToken token;
  token.content = from.text("content");
  token.single_word = from.flag_or("single_word", false);
  token.lstrip = from.flag_or("lstrip", false);
  token.rstrip = from.flag_or("rstrip", false);
  token.special = from.flag_or("special", false);
  if (from.has("normalized")) token.normalized = from.flag("normalized");
  return token;
}

/// Splits vocab.txt into pieces, one a line; "\n", "\r\n" and "\r" end a line as in Python's text mode.
inline std::vector<std::string> read_vocabulary_lines(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  const std::string_view text = content;
  const std::size_t bad = find_invalid_utf8(text);
  check(bad == std::string::npos, ErrorCode::format, path.native(),
        ": expected UTF-8 text, got an invalid sequence at byte ", bad);
  check(!text.empty(), ErrorCode::format, path.native(), ": expected one piece per line, got an empty file");
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + (text.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  }
  return lines;
}

/// The pieces of a list of lines: the id is the number of the line, and of equal lines the last one counts.
inline std::vector<VocabularyPiece> pieces_of_lines(std::vector<std::string> lines) {
  std::vector<std::string_view> views(lines.begin(), lines.end());
  const auto order =
      detail::argsort(views.size(), [first = views.data()](auto a, auto b) { return first[a] < first[b]; });
  std::vector<VocabularyPiece> pieces;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto at = static_cast<std::size_t>(order[i]);
    if (i + 1 < order.size() && views[at] == views[static_cast<std::size_t>(order[i + 1])]) continue;
    pieces.push_back({lines[at], static_cast<std::int32_t>(at)});
  }
  return pieces;
}

/// The pieces of model.vocab. Ids may have holes, and pieces may share one, as in the reference.
inline std::vector<VocabularyPiece> read_vocabulary_object(const JsonView& vocab) {
  std::vector<VocabularyPiece> pieces;
  pieces.reserve(vocab.value.size());
  for (const auto& [piece, id] : members_of(vocab.value)) {
    if (!is_id(id))
      fail(ErrorCode::format, vocab.where(), ": expected an id from 0 to 2147483647 for the piece \"", piece,
           "\", got ", dump_json(id));
    pieces.push_back({piece, id.get<std::int32_t>()});
  }
  return pieces;
}

/// Throws format unless the model is WordPiece.
inline void expect_word_piece(const JsonView& model) {
  if (model.has("type")) model.expect_type("WordPiece");
}

inline std::shared_ptr<const WordPiece> read_model(const JsonView& model) {
  expect_word_piece(model);
  WordPieceOptions options;
  options.unk_token = model.text_or("unk_token", "[UNK]");
  options.continuing_subword_prefix = model.text_or("continuing_subword_prefix", "##");
  if (model.has("max_input_chars_per_word")) {
    const JsonView limit = model.at("max_input_chars_per_word");
    limit.expect(is_natural(limit.value), "a number of characters");
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    options.max_input_chars_per_word = static_cast<std::int64_t>(std::min(limit.value.get<std::uint64_t>(), most));
  }
  return std::make_shared<WordPiece>(read_vocabulary_object(model.object("vocab")), std::move(options));
}

/// Adds tokens in the order in which they are listed. The ids that they are listed with do not count: the reference
/// gives a token the id of its piece or the next one after the vocabulary.
inline void add_in_order(TokenizerData& data, const std::vector<AddedToken>& tokens) {
  std::int32_t next = data.added.next_id(*data.model);
  for (const AddedToken& token : tokens) data.added.add(token, *data.model, next);
}

inline void read_added_tokens(const JsonView& root, TokenizerData& data) {
  if (!root.has("added_tokens")) return;
  std::vector<AddedToken> tokens;
  for_each_object(root.array("added_tokens"), [&tokens](const JsonView& entry) {
    entry.id("id");
    tokens.push_back(read_added_token(entry));
  });
  add_in_order(data, tokens);
}

/// Fills model, normaliser, pre-tokenizer, added tokens, post-processor and decoder from tokenizer.json.
inline void read_tokenizer_json(const std::filesystem::path& path, TokenizerData& data) {
  const Json root = read_json_object(path);
  const JsonView view{root, path.native()};
  data.model = read_model(view.object("model"));
  data.normalizer = Normalizer(view.has("normalizer") ? read_normalizer(view.object("normalizer")) : NormalizerStep{});
  data.pre_tokenizer = PreTokenizer(view.has("pre_tokenizer") ? read_pre_tokenizer(view.object("pre_tokenizer"))
                                                              : PreTokenizerStep{PreTokenizerStep::Kind::none});
  if (view.has("post_processor")) {
    const JsonView processor = view.object("post_processor");
    read_post_processor(processor, data.post_processor);
    check_layouts(data.post_processor, processor);
  }
  data.decoder.present = view.has("decoder");
  if (data.decoder.present) {
    const JsonView decoder = view.object("decoder");
    decoder.expect_type("WordPiece");
    data.decoder.prefix = decoder.text_or("prefix", "##");
    data.decoder.cleanup = decoder.flag_or("cleanup", true);
  }
  read_added_tokens(view, data);
}

/// Fills model and, if `added`, added tokens from tokenizer.json, whose other parts Bert's classes do not look at:
/// WordPiece has the settings of the class, and the unknown token of the configuration.
inline void read_vocabulary_of_json(const std::filesystem::path& path, TokenizerData& data, bool added) {
  const Json root = read_json_object(path);
  const JsonView view{root, path.native()};
  const JsonView model = view.object("model");
  expect_word_piece(model);
  WordPieceOptions options;
  options.unk_token = data.special_token(SpecialRole::unk);
  data.model = std::make_shared<WordPiece>(read_vocabulary_object(model.object("vocab")), std::move(options));
  if (added) read_added_tokens(view, data);
}

}  // namespace tl::detail::text
