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

/// A JSON value with the place it came from, for sentences: "path: model.vocab". It costs no memory of its own; what it
/// was made from must outlive it.
struct JsonView {
  const Json& value;
  std::string_view name;             // of the file, or the key
  const JsonView* parent = nullptr;  // nothing: the whole content of a file
  std::string_view separator = {};   // between the place of the parent and the name

  std::string where() const { return parent == nullptr ? std::string(name) : join(parent->where(), separator, name); }

  bool has(const char* key) const {
    const Json* const found = value.find(key);
    return found != nullptr && !found->is_null();
  }

  /// The view of a value that stands in this one under `key`.
  JsonView member(std::string_view key, const Json& found) const { return {found, key, this, parent ? "." : ": "}; }

  [[gnu::noinline]] JsonView at(const char* key) const {
    if (!has(key)) fail(ErrorCode::format, where(), ": expected the key \"", key, "\", got none");
    return member(key, value.at(key));
  }

  void expect(bool right, const char* what) const {
    if (!right) fail(ErrorCode::format, where(), ": expected ", what, ", got ", excerpt());
  }

  JsonView object(const char* key) const { return checked(key, &Json::is_object, "an object"); }
  JsonView array(const char* key) const { return checked(key, &Json::is_array, "an array"); }
  const std::string& text(const char* key) const { return checked(key, &Json::is_string, "a string").value.string(); }
  bool flag(const char* key) const { return checked(key, &Json::is_boolean, "true or false").value.get<bool>(); }
  std::int32_t id(const char* key) const {
    const JsonView view = checked(key, &Json::is_number_integer, "an integer");
    const std::int64_t number = view.value.get<std::int64_t>();
    view.expect(number >= 0 && number <= 0x7FFFFFFF, "a number between 0 and 2147483647");
    return static_cast<std::int32_t>(number);
  }

  bool flag_or(const char* key, bool otherwise) const { return has(key) ? flag(key) : otherwise; }
  std::string text_or(const char* key, const char* otherwise) const { return has(key) ? text(key) : otherwise; }

  /// Throws format unless the value under "type" is the only one that is known here.
  void expect_type(const char* known) const {
    const std::string& type = text("type");
    if (type != known) fail(ErrorCode::format, where(), ".type: expected \"", known, "\", got \"", type, "\"");
  }

 private:
  [[gnu::noinline]] JsonView checked(const char* key, bool (Json::*is)() const noexcept, const char* what) const {
    const JsonView view = at(key);
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
    const std::uint64_t index = id.is_number_unsigned() ? id.get<std::uint64_t>() : size;
    if (index >= size)
      fail(ErrorCode::format, vocab.where(), ": expected the ids of ", size, " pieces to be 0 to ", size - 1,
           " without a gap, got ", dump_json(id), " for the piece \"", piece, "\"");
    if (seen[index])
      fail(ErrorCode::format, vocab.where(), ": expected every id once, got ", index, " for the pieces \"",
           pieces[index], "\" and \"", piece, "\"");
    seen[index] = true;
    pieces[index] = piece;
  }
  return pieces;
}

inline std::shared_ptr<const WordPiece> read_model(const JsonView& model) {
  if (model.has("type")) model.expect_type("WordPiece");
  WordPieceOptions options;
  options.unk_token = model.text_or("unk_token", "[UNK]");
  options.continuing_subword_prefix = model.text_or("continuing_subword_prefix", "##");
  if (model.has("max_input_chars_per_word")) options.max_input_chars_per_word = model.id("max_input_chars_per_word");
  const JsonView vocab = model.object("vocab");
  const std::string where = vocab.where();
  return std::make_shared<WordPiece>(read_vocabulary_object(vocab), std::move(options), where);
}

inline NormalizerOptions read_normalizer(const JsonView& from) {
  from.expect_type("BertNormalizer");
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
    const std::string place = join('[', items.size(), ']');
    const JsonView view{entry, place, &list};
    view.expect(entry.is_object(), "an object");
    const bool is_special = view.has("SpecialToken");
    const JsonView item = view.object(is_special ? "SpecialToken" : "Sequence");
    const std::string& name = item.text("id");
    auto kind = TemplateItem::Kind::special;
    if (!is_special) {
      item.at("id").expect(name == "A" || name == "B", "\"A\" or \"B\"");
      kind = name == "A" ? TemplateItem::Kind::sequence_a : TemplateItem::Kind::sequence_b;
    }
    const std::int32_t type_id = item.id("type_id");
    const std::size_t special = is_special ? processor.find(name) : 0;
    if (is_special && special == processor.names.size())
      fail(ErrorCode::format, item.where(), ".id: expected a name in special_tokens, got \"", name, "\"");
    items.push_back({kind, type_id, special});
  }
  return items;
}

/// Fills an empty post-processor.
inline void read_post_processor(const JsonView& from, PostProcessor& out) {
  const std::string& type = from.text("type");
  if (type == "BertProcessing") {
    const auto pair_at = [&](const char* key) -> const Json& {
      const JsonView pair = from.array(key);
      pair.expect(pair.value.size() == 2 && pair.value[0].is_string() && is_id(pair.value[1]), "a token and its id");
      return pair.value;
    };
    const Json &sep = pair_at("sep"), &cls = pair_at("cls");
    out.set_bert(cls[0].string(), cls[1].get<std::int32_t>(), sep[0].string(), sep[1].get<std::int32_t>());
    out.form = PostProcessor::Form::bert_processing;
    return;
  }
  if (type != "TemplateProcessing")
    fail(ErrorCode::format, from.where(), ".type: expected \"TemplateProcessing\" or \"BertProcessing\", got \"", type,
         "\"");
  out.form = PostProcessor::Form::template_processing;
  const JsonView specials = from.object("special_tokens");
  for (const auto& [name, entry] : specials.value.items()) {
    const JsonView view = specials.member(name, entry);
    view.expect(entry.is_object(), "an object");
    const JsonView ids = view.array("ids"), tokens = view.array("tokens");
    for (const Json& id : ids.value) {
      ids.expect(is_id(id), "an array of ids");
      out.ids.push_back(id.get<std::int32_t>());
    }
    for (const Json& token : tokens.value) {
      tokens.expect(token.is_string(), "an array of strings");
      out.tokens.push_back(token.string());
    }
    tokens.expect(out.tokens.size() == out.ids.size(), "as many tokens as ids");
    out.names.push_back(name);
    out.end_special();
  }
  out.single = read_template(from.array("single"), out);
  out.pair = read_template(from.array("pair"), out);
}

/// Adds tokens that come with ids, in the order of the ids, and checks that they get these ids.
inline void add_with_ids(TokenizerData& data, const std::map<std::int32_t, AddedToken>& tokens,
                         const std::string& where) {
  for (const auto& [id, token] : tokens) data.added.add(token, *data.model);
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
  const JsonView view{root, path.native()};
  data.model = read_model(view.object("model"));
  data.normalizer = Normalizer(read_normalizer(view.object("normalizer")));
  view.object("pre_tokenizer").expect_type("BertPreTokenizer");
  if (view.has("post_processor")) read_post_processor(view.object("post_processor"), data.post_processor);
  data.decoder.present = view.has("decoder");
  if (data.decoder.present) {
    const JsonView decoder = view.object("decoder");
    decoder.expect_type("WordPiece");
    data.decoder.prefix = decoder.text_or("prefix", "##");
    data.decoder.cleanup = decoder.flag_or("cleanup", true);
  }
  if (!view.has("added_tokens")) return;
  const JsonView added = view.array("added_tokens");
  std::map<std::int32_t, AddedToken> tokens;
  for (std::size_t i = 0; i < added.value.size(); ++i) {
    const std::string place = join('[', i, ']');
    const JsonView entry{added.value[i], place, &added};
    entry.expect(entry.value.is_object(), "an object");
    const std::int32_t id = entry.id("id");
    if (!tokens.emplace(id, read_added_token(entry)).second)
      fail(ErrorCode::format, entry.where(), ".id: expected every id once, got ", id, " again");
  }
  add_with_ids(data, tokens, added.where());
}

}  // namespace tl::detail::text
