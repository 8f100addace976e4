// Loads a tokenizer from a folder with the precedence of the reference: call options, then special_tokens_map.json
// (only beside a tokenizer_config.json without added_tokens_decoder), then tokenizer_config.json, then tokenizer.json.
// The lower-case, accent and CJK switches of tokenizer.json never count: the configuration's, or their defaults, do.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/order.hpp>
#include <tl/io/hub_name.hpp>
#include <tl/text/tokenizer_config.hpp>
#include <tl/text/tokenizer_json.hpp>
#include <tl/text/tokenizer_options.hpp>

namespace tl::detail::text {

/// Whether a path exists. Throws io if that cannot be seen.
inline bool present(const std::filesystem::path& path) { return path_exists(path); }

[[gnu::noinline]] inline std::filesystem::path file_in(const std::filesystem::path& folder, const char* name) {
  return folder / name;
}

/// The configuration files as one object, and the special tokens that came with flags.
struct ConfigFiles {
  Json config = Json::object();
  std::map<std::int32_t, AddedToken> added_tokens_decoder;
  std::vector<AddedToken> flagged;             // special tokens that came as objects
  std::vector<std::string> written_as_object;  // those of special_tokens_map.json
  std::string where;
};

/// The content of a special token that is a string or an object; remembers the flags of an object.
inline std::string read_special(const JsonView& view, ConfigFiles& files) {
  if (view.value.is_string()) return view.value.string();
  view.expect(view.value.is_object(), "a string or an object with the key \"content\"");
  AddedToken token = read_added_token(view);
  token.special = true;
  files.flagged.push_back(token);
  return token.content;
}

inline ConfigFiles read_config_files(const std::filesystem::path& folder) {
  ConfigFiles files;
  const auto config = file_in(folder, "tokenizer_config.json"), map = file_in(folder, "special_tokens_map.json");
  files.where = config.native();
  if (present(config)) files.config = read_json_object(config);
  Json overlay = Json::object();
  if (present(map)) overlay = read_json_object(map);
  const auto note_object = [&](const Json& value) {
    const Json* const content = value.find("content");
    if (content && content->is_string()) files.written_as_object.push_back(content->string());
  };
  for (const auto& [key, value] : overlay.items()) {
    note_object(value);
    if (!value.is_array()) continue;
    for (const Json& element : value) note_object(element);
  }
  const JsonView view{files.config, files.where};
  if (view.has("added_tokens_decoder")) {
    const JsonView decoder = view.object("added_tokens_decoder");
    for (const auto& [key, entry] : decoder.value.items()) {
      const JsonView token = decoder.member(key, entry);
      std::int32_t id = -1;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      token.expect(error == std::errc() && end == key.data() + key.size() && id >= 0, "an id as the key");
      token.expect(entry.is_object(), "an object");
      files.added_tokens_decoder.emplace(id, read_added_token(token));
    }
  } else if (!overlay.empty()) {
    for (const auto& [key, value] : overlay.items()) files.config[key] = value;
    files.where += " with special_tokens_map.json";
  }
  return files;
}

inline Side read_side(const JsonView& view, const char* key) {
  if (!view.has(key)) return Side::right;
  const std::string& name = view.text(key);
  view.at(key).expect(name == "right" || name == "left", "\"right\" or \"left\"");
  return name == "left" ? Side::left : Side::right;
}

/// The reference writes 1e30 for "unknown"; nothing that exceeds 64 bits is a length. Old folders call it max_len,
/// which counts unless there is the newer key, even as null.
inline std::optional<std::int64_t> read_model_max_length(const JsonView& view) {
  const char* const key = view.value.contains("model_max_length") ? "model_max_length" : "max_len";
  if (!view.has(key)) return std::nullopt;
  const JsonView length = view.at(key);
  length.expect(length.value.is_number() && length.value.get<double>() >= 1, "a number of at least 1");
  if (length.value.get<double>() > 9e18) return std::nullopt;
  return length.value.get<std::int64_t>();
}

inline void read_config(ConfigFiles& files, const TokenizerOptions& options, TokenizerConfig& out) {
  const JsonView view{files.config, files.where};
  const std::optional<std::string>* overrides[] = {&options.unk_token, &options.sep_token, &options.pad_token,
                                                   &options.cls_token, &options.mask_token};
  for (std::size_t i = 0; i < special_keys.size(); ++i) {
    const char* key = special_keys[i].data();
    std::string& special = out.special.emplace_back(special_defaults[i]);
    if (view.has(key)) special = read_special(view.at(key), files);
    if (*overrides[i]) special = **overrides[i];
  }
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!view.has(key)) continue;
    const JsonView list = view.at(key);
    if (list.value.is_object()) continue;  // named tokens of other models: they are in the list of added tokens too
    list.expect(list.value.is_array(), "an array");
    for (const Json& entry : list.value)
      out.additional_special_tokens.push_back(read_special({entry, "[]", &list}, files));
  }
  out.model_max_length = options.model_max_length ? options.model_max_length : read_model_max_length(view);
  out.padding_side = options.padding_side.value_or(read_side(view, "padding_side"));
  out.truncation_side = options.truncation_side.value_or(read_side(view, "truncation_side"));
  out.clean_up_tokenization_spaces =
      options.clean_up_tokenization_spaces.value_or(view.flag_or("clean_up_tokenization_spaces", false));
  out.split_special_tokens = options.split_special_tokens.value_or(view.flag_or("split_special_tokens", false));
  out.written_as_object = files.written_as_object;
  out.as_read = files.config;
}

inline NormalizerOptions make_normalizer(const ConfigFiles& files, const TokenizerOptions& options, bool clean_text) {
  const JsonView view{files.config, files.where};
  NormalizerOptions out;
  out.clean_text = clean_text;
  out.lowercase = options.do_lower_case.value_or(view.flag_or("do_lower_case", true));
  out.handle_chinese_chars = options.tokenize_chinese_chars.value_or(view.flag_or("tokenize_chinese_chars", true));
  if (view.has("strip_accents")) out.strip_accents = view.flag("strip_accents");
  if (options.strip_accents) out.strip_accents = options.strip_accents;
  return out;
}

/// Adds the special tokens that are named but not added yet, as special.
inline void add_named_specials(TokenizerData& data, const ConfigFiles& files) {
  const auto want = [&](const std::string& content) {
    if (data.added.token_to_id(content)) return;
    AddedToken token{.content = content, .special = true};
    for (const AddedToken& flagged : files.flagged)
      if (flagged.content == content) token = flagged;
    data.added.add(token, *data.model);
  };
  for (const std::string& content : data.config.special) want(content);
  for (const std::string& content : data.config.additional_special_tokens) want(content);
}

/// The class name for tokenizer_config.json: as read, else by the model_type of config.json.
inline std::string tokenizer_class(const ConfigFiles& files, const std::filesystem::path& folder) {
  const JsonView view{files.config, files.where};
  if (view.has("tokenizer_class")) {
    std::string name = view.text("tokenizer_class");
    if (name.ends_with("Fast")) name.resize(name.size() - 4);
    return name;
  }
  const auto path = file_in(folder, "config.json");
  if (!present(path)) return "DistilBertTokenizer";
  const Json model = read_json_object(path);
  const JsonView root{model, path.native()};
  return root.text_or("model_type", "") == "bert" ? "BertTokenizer" : "DistilBertTokenizer";
}

/// A model without tokenizer.json: the standard pipeline around a list of pieces.
inline void make_standard(TokenizerData& data, auto pieces) {
  WordPieceOptions options;
  options.unk_token = data.special_token(SpecialRole::unk);
  data.model = std::make_shared<WordPiece>(std::move(pieces), std::move(options));
}

/// Whether the configuration names a token as special.
inline bool is_named_special(const TokenizerConfig& config, const std::string& content) {
  return contains(config.special, content) || contains(config.additional_special_tokens, content);
}

/// Checks that the template adds no id the vocabulary lacks.
inline void check_template(const PostProcessor& processor, std::int64_t size, const std::string& where) {
  for (const PostProcessor& part : processor.parts) check_template(part, size, where);
  std::vector<std::string> names = processor.names;
  stable_sort_by(names);
  for (const std::string& name : names)
    for (const std::int32_t id : processor.ids_of({TemplateItem::Kind::special, 0, processor.find(name)}))
      check(id < size, ErrorCode::format, where, ": post_processor: expected an id below ", size, " for \"", name,
            "\", got ", id);
}

/// Adds the tokens that the configuration lists, then the named special ones; surrounds texts by [CLS] and [SEP] if no
/// tokenizer.json said otherwise.
inline void finish(TokenizerData& data, ConfigFiles& files, bool standard) {
  std::vector<AddedToken> listed;
  for (auto& [id, token] : files.added_tokens_decoder) {
    token.special = token.special || is_named_special(data.config, token.content);
    listed.push_back(token);
  }
  add_in_order(data, listed);
  add_named_specials(data, files);
  data.added.rebuild(data.normalizer);
  if (!standard) return;
  const std::string& cls = data.special_token(SpecialRole::cls);
  const std::string& sep = data.special_token(SpecialRole::sep);
  data.post_processor.set_bert(cls, data.id_of(cls), sep, data.id_of(sep));
}

inline void check_folder(const std::filesystem::path& folder) {
  constexpr std::string_view expected = "a folder that holds tokenizer.json or vocab.txt";
  const std::string name = folder.native();
  if (!present(folder))
    fail(ErrorCode::not_found, "tokenizer: expected ", expected, ", got \"", name, "\", which does not exist",
         hub_hint(folder));
  std::error_code ignored;
  check(std::filesystem::is_directory(folder, ignored), ErrorCode::invalid_argument, "tokenizer: expected ", expected,
        ", got the file \"", name, "\"");
  check(present(file_in(folder, "tokenizer.json")) || present(file_in(folder, "vocab.txt")), ErrorCode::not_found,
        "tokenizer: expected ", expected, ", got \"", name, "\", which holds neither");
}

/// The tokens that older folders without tokenizer.json keep in a file of their own.
inline void read_added_tokens_file(const std::filesystem::path& path, const TokenizerConfig& config,
                                   ConfigFiles& files) {
  const Json ids = read_json_object(path);
  files.where = path.native();
  const JsonView view{ids, files.where};
  for (const auto& [content, entry] : ids.items()) {
    view.member(content, entry).expect(is_id(entry), "an id");
    const auto id = entry.get<std::int32_t>();
    const bool special = is_named_special(config, content);
    files.added_tokens_decoder.emplace(id, AddedToken{.content = content, .special = special});
  }
}

inline TokenizerData load_tokenizer(const std::filesystem::path& folder, const TokenizerOptions& options) {
  options.validate();
  check_folder(folder);
  const auto tokenizer = file_in(folder, "tokenizer.json"), vocabulary = file_in(folder, "vocab.txt"),
             added = file_in(folder, "added_tokens.json");
  const bool standard = !present(tokenizer);
  ConfigFiles files = read_config_files(folder);
  TokenizerData data;
  read_config(files, options, data.config);
  data.config.tokenizer_class = tokenizer_class(files, folder);
  if (standard) make_standard(data, pieces_of_lines(read_vocabulary_lines(vocabulary)));
  else read_tokenizer_json(tokenizer, data);
  if (data.normalizer.is_bert())
    data.normalizer = Normalizer(make_normalizer(files, options, data.normalizer.options().clean_text));
  if (standard && files.added_tokens_decoder.empty() && present(added))
    read_added_tokens_file(added, data.config, files);
  finish(data, files, standard);
  check_template(data.post_processor, data.vocab_size(), tokenizer.native());
  return data;
}

/// The standard pipeline around a list of pieces, without files.
inline TokenizerData standard_tokenizer(std::vector<std::string> pieces, const TokenizerOptions& options) {
  options.validate();
  for (std::size_t i = 0; i < pieces.size(); ++i)
    check(find_invalid_utf8(pieces[i]) == std::string_view::npos, ErrorCode::format,
          "vocabulary: expected UTF-8, got something else in piece ", i);
  ConfigFiles files;
  TokenizerData data;
  read_config(files, options, data.config);
  make_standard(data, std::move(pieces));
  data.normalizer = Normalizer(make_normalizer(files, options, true));
  finish(data, files, true);
  return data;
}

}  // namespace tl::detail::text
