// Reads tokenizer.json and vocab.txt. Truncation and padding stored in tokenizer.json are what somebody's last call
// left there and are ignored.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/mapped_file.hpp>
#include <tl/text/tokenizer_config.hpp>

namespace tl::detail::text {

inline Json read_json_object(const std::filesystem::path& path) {
  Json root = read_json(path);
  check(root.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", root.type_name());
  return root;
}

/// A JSON value with the place it came from, for sentences: "path: model.vocab".
struct JsonView {
  const Json& value;
  std::string where;
  bool is_file = false;  // the whole content of the file `where`

  bool has(const char* key) const {
    const Json* const found = value.find(key);
    return found != nullptr && !found->is_null();
  }

  JsonView at(const char* key) const {
    check(has(key), ErrorCode::format, where, ": expected the key \"", key, "\", got none");
    return {value.at(key), where + (is_file ? ": " : ".") + key};
  }

  void expect(bool right, const char* what) const {
    check(right, ErrorCode::format, where, ": expected ", what, ", got ", excerpt());
  }

  JsonView object(const char* key) const { return checked(key, &Json::is_object, "an object"); }
  JsonView array(const char* key) const { return checked(key, &Json::is_array, "an array"); }
  std::string text(const char* key) const {
    return checked(key, &Json::is_string, "a string").value.get<std::string>();
  }
  bool flag(const char* key) const { return checked(key, &Json::is_boolean, "true or false").value.get<bool>(); }
  std::int64_t integer(const char* key) const {
    return checked(key, &Json::is_number_integer, "an integer").value.get<std::int64_t>();
  }
  std::int32_t id(const char* key) const {
    const std::int64_t number = integer(key);
    at(key).expect(number >= 0 && number <= 0x7FFFFFFF, "a number between 0 and 2147483647");
    return static_cast<std::int32_t>(number);
  }

  bool flag_or(const char* key, bool otherwise) const { return has(key) ? flag(key) : otherwise; }
  std::string text_or(const char* key, const char* otherwise) const { return has(key) ? text(key) : otherwise; }

 private:
  JsonView checked(const char* key, bool (Json::*is)() const noexcept, const char* what) const {
    JsonView view = at(key);
    view.expect((view.value.*is)(), what);
    return view;
  }

  std::string excerpt() const {
    if (value.is_structured()) return value.is_array() ? "an array" : "an object";
    std::string text = dump_json(value, {.indent = -1});
    if (text.size() > 60) text = text.substr(0, 57) + "...";
    return text;
  }
};

inline bool is_id(const Json& value) { return value.is_number_unsigned() && value.get<std::uint64_t>() <= 0x7FFFFFFF; }

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
  const MappedFile file(path);
  const std::string_view text = file.text();
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

/// The pieces of model.vocab, by id.
inline std::vector<std::string> read_vocabulary_object(const JsonView& vocab) {
  const std::size_t size = vocab.value.size();
  std::vector<std::string> pieces(size);
  std::vector<bool> seen(size);
  for (const auto& [piece, id] : vocab.value.items()) {
    const bool valid = id.is_number_unsigned();
    const std::uint64_t index = valid ? id.get<std::uint64_t>() : 0;
    check(valid && index < size, ErrorCode::format, vocab.where, ": expected the ids of ", size, " pieces to be 0 to ",
          static_cast<std::int64_t>(size) - 1, " without a gap, got ", dump_json(id), " for the piece \"", piece, "\"");
    check(!seen[index], ErrorCode::format, vocab.where, ": expected every id once, got ", index, " for the pieces \"",
          pieces[index], "\" and \"", piece, "\"");
    seen[index] = true;
    pieces[index] = piece;
  }
  return pieces;
}

inline std::shared_ptr<const WordPiece> read_model(const JsonView& model) {
  const std::string type = model.text_or("type", "WordPiece");
  check(type == "WordPiece", ErrorCode::format, model.where, ".type: expected \"WordPiece\", got \"", type, "\"");
  WordPieceOptions options;
  options.unk_token = model.text_or("unk_token", "[UNK]");
  options.continuing_subword_prefix = model.text_or("continuing_subword_prefix", "##");
  if (model.has("max_input_chars_per_word")) options.max_input_chars_per_word = model.id("max_input_chars_per_word");
  const JsonView vocab = model.object("vocab");
  return std::make_shared<WordPiece>(read_vocabulary_object(vocab), std::move(options), vocab.where);
}

inline NormalizerOptions read_normalizer(const JsonView& from) {
  const std::string type = from.text("type");
  check(type == "BertNormalizer", ErrorCode::format, from.where, ".type: expected \"BertNormalizer\", got \"", type,
        "\"");
  NormalizerOptions options;
  options.clean_text = from.flag_or("clean_text", true);
  options.handle_chinese_chars = from.flag_or("handle_chinese_chars", true);
  if (from.has("strip_accents")) options.strip_accents = from.flag("strip_accents");
  options.lowercase = from.flag_or("lowercase", true);
  return options;
}

inline std::vector<TemplateItem> read_template(const JsonView& list, const PostProcessor& processor) {
  std::vector<TemplateItem> items;
  for (const Json& entry : list.value) {
    const JsonView view{entry, join(list.where, '[', items.size(), ']')};
    view.expect(entry.is_object(), "an object");
    TemplateItem item{TemplateItem::Kind::special, {}, 0};
    if (view.has("SpecialToken")) {
      const JsonView special = view.object("SpecialToken");
      item.special = special.text("id");
      item.type_id = special.id("type_id");
      check(processor.special_tokens.contains(item.special), ErrorCode::format, special.where,
            ".id: expected a name in special_tokens, got \"", item.special, "\"");
    } else {
      const JsonView sequence = view.object("Sequence");
      const std::string name = sequence.text("id");
      sequence.at("id").expect(name == "A" || name == "B", "\"A\" or \"B\"");
      item.kind = name == "A" ? TemplateItem::Kind::sequence_a : TemplateItem::Kind::sequence_b;
      item.type_id = sequence.id("type_id");
    }
    items.push_back(std::move(item));
  }
  return items;
}

inline PostProcessor read_post_processor(const JsonView& from) {
  const std::string type = from.text("type");
  if (type == "BertProcessing") {
    const auto pair_at = [&](const char* key) {
      const JsonView pair = from.array(key);
      pair.expect(pair.value.size() == 2 && pair.value[0].is_string() && is_id(pair.value[1]), "a token and its id");
      return std::pair(pair.value[0].get<std::string>(), pair.value[1].get<std::int32_t>());
    };
    const auto sep = pair_at("sep"), cls = pair_at("cls");
    PostProcessor out = PostProcessor::bert(cls.first, cls.second, sep.first, sep.second);
    out.form = PostProcessor::Form::bert_processing;
    return out;
  }
  check(type == "TemplateProcessing", ErrorCode::format, from.where,
        ".type: expected \"TemplateProcessing\" or \"BertProcessing\", got \"", type, "\"");
  PostProcessor out;
  out.form = PostProcessor::Form::template_processing;
  const JsonView specials = from.object("special_tokens");
  for (const auto& [name, entry] : specials.value.items()) {
    const JsonView view{entry, join(specials.where, '.', name)};
    view.expect(entry.is_object(), "an object");
    PostProcessor::Special special;
    const JsonView ids = view.array("ids"), tokens = view.array("tokens");
    for (const Json& id : ids.value) {
      ids.expect(is_id(id), "an array of ids");
      special.ids.push_back(id.get<std::int32_t>());
    }
    for (const Json& token : tokens.value) {
      tokens.expect(token.is_string(), "an array of strings");
      special.tokens.push_back(token.get<std::string>());
    }
    tokens.expect(special.tokens.size() == special.ids.size(), "as many tokens as ids");
    out.special_tokens.emplace(name, std::move(special));
  }
  out.single = read_template(from.array("single"), out);
  out.pair = read_template(from.array("pair"), out);
  return out;
}

/// Adds tokens that come with ids, in the order of the ids, and checks that they get these ids.
inline void add_with_ids(TokenizerData& data, const std::map<std::int32_t, AddedToken>& tokens,
                         const std::string& where) {
  std::vector<AddedToken> list;
  for (const auto& [id, token] : tokens) list.push_back(token);
  data.added.add(list, *data.model, data.normalizer);
  for (const auto& [id, token] : tokens) {
    if (token.content.empty()) continue;
    const std::int32_t got = data.id_of(token.content);
    check(got == id, ErrorCode::format, where, ": the token \"", token.content, "\" is listed with id ", id,
          ", but its place in the vocabulary is ", got);
  }
}

/// Fills model, normaliser, added tokens, post-processor and decoder from tokenizer.json. The normaliser's switches may
/// still be overridden by the configuration.
inline void read_tokenizer_json(const std::filesystem::path& path, TokenizerData& data) {
  const Json root = read_json_object(path);
  const JsonView view{root, path.native(), true};
  data.model = read_model(view.object("model"));
  data.normalizer = Normalizer(read_normalizer(view.object("normalizer")));
  const JsonView pre_tokenizer = view.object("pre_tokenizer");
  const std::string type = pre_tokenizer.text("type");
  check(type == "BertPreTokenizer", ErrorCode::format, pre_tokenizer.where,
        ".type: expected \"BertPreTokenizer\", got \"", type, "\"");
  if (view.has("post_processor")) data.post_processor = read_post_processor(view.object("post_processor"));
  data.decoder.present = view.has("decoder");
  if (data.decoder.present) {
    const JsonView decoder = view.object("decoder");
    check(decoder.text("type") == "WordPiece", ErrorCode::format, decoder.where,
          ".type: expected \"WordPiece\", got \"", decoder.text("type"), "\"");
    data.decoder.prefix = decoder.text_or("prefix", "##");
    data.decoder.cleanup = decoder.flag_or("cleanup", true);
  }
  if (!view.has("added_tokens")) return;
  const JsonView added = view.array("added_tokens");
  std::map<std::int32_t, AddedToken> tokens;
  for (std::size_t i = 0; i < added.value.size(); ++i) {
    const JsonView entry{added.value[i], join(added.where, '[', i, ']')};
    entry.expect(entry.value.is_object(), "an object");
    const std::int32_t id = entry.id("id");
    check(tokens.emplace(id, read_added_token(entry)).second, ErrorCode::format, entry.where,
          ".id: expected every id once, got ", id, " again");
  }
  add_with_ids(data, tokens, added.where);
}

}  // namespace tl::detail::text
