// Loads a tokenizer from a folder with the precedence of the reference: call options, then special_tokens_map.json
// (only beside a tokenizer_config.json without added_tokens_decoder), then tokenizer_config.json, then tokenizer.json.
// With a class of Bert's the parts of tokenizer.json other than vocabulary and added tokens never count: they are made
// from the configuration, or its defaults. With a generic class they are all that counts.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/hub/resolve.hpp>
#include <tl/io/utf8.hpp>
#include <tl/text/tokenizer_class.hpp>
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
  if (view.value.is_string()) return view.value.get<std::string>();
  view.expect(view.value.is_object(), "a string or an object with the key \"content\"");
  AddedToken token = read_added_token(view);
  token.special = true;
  files.flagged.push_back(token);
  return token.content;
}

/// The members of both objects, in linear time; those of `over` win.
inline Json merged(const Json& base, const Json& over) {
  JsonObjectBuilder out;
  for (const Json* const part : {&base, &over})
    for (const auto& [key, value] : members_of(*part)) out.add(key, value);
  return out.finish();
}

inline ConfigFiles read_config_files(const std::filesystem::path& folder) {
  ConfigFiles files;
  const auto config = file_in(folder, "tokenizer_config.json"), map = file_in(folder, "special_tokens_map.json");
  files.where = config.native();
  if (present(config)) files.config = read_json_object(config);
  Json overlay = Json::object();
  if (present(map)) overlay = read_json_object(map);
  const auto note_object = [&](const Json& value) {
    const Json* const content = find_member(value, "content");
    if (content && content->is_string()) files.written_as_object.push_back(content->get<std::string>());
  };
  for (const auto& [key, value] : members_of(overlay)) {
    note_object(value);
    if (!value.is_array()) continue;
    for (const Json& element : value) note_object(element);
  }
  const JsonView view{files.config, files.where};
  if (view.has("added_tokens_decoder")) {
    const JsonView decoder = view.object("added_tokens_decoder");
    for (const auto& [key, entry] : members_of(decoder.value)) {
      const JsonView token = decoder.member(key, entry);
      std::int32_t id = -1;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      token.expect(error == std::errc() && end == key.data() + key.size() && id >= 0, "an id as the key");
      token.expect(entry.is_object(), "an object");
      files.added_tokens_decoder.emplace(id, read_added_token(token));
    }
  } else if (!overlay.empty()) {
    files.config = merged(files.config, overlay);
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

/// Special tokens beyond the five roles: those of generation, then those that only some models have.
inline void read_further_specials(ConfigFiles& files, TokenizerConfig& out) {
  const JsonView view{files.config, files.where};
  for (const char* key : {"bos_token", "eos_token"})
    if (view.has(key)) out.generation_tokens.emplace_back(key, read_special(view.at(key), files));
  for (const auto& [key, value] : members_of(files.config))
    if (key.ends_with("_token") && value.is_string() && key != "bos_token" && key != "eos_token" &&
        !is_among(special_keys, key))
      out.model_tokens.push_back(value.get<std::string>());
  const Json* const named = find_member(files.config, "extra_special_tokens");
  if (named == nullptr || !named->is_object()) return;
  const JsonView names = view.at("extra_special_tokens");
  for (const auto& [key, value] : members_of(*named))
    out.model_tokens.push_back(read_special(names.member(key, value), files));
}

inline void read_config(ConfigFiles& files, const TokenizerOptions& options, TokenizerConfig& out) {
  const JsonView view{files.config, files.where};
  const std::optional<std::string>* overrides[] = {&options.unk_token, &options.sep_token, &options.pad_token,
                                                   &options.cls_token, &options.mask_token};
  for (std::size_t i = 0; i < special_keys.size(); ++i) {
    const char* key = special_keys[i].data();
    std::string& special = out.special.emplace_back(out.bert_rules ? special_defaults[i] : "");
    if (view.has(key)) special = read_special(view.at(key), files);
    if (*overrides[i]) special = **overrides[i];
  }
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!view.has(key)) continue;
    const JsonView list = view.at(key);
    if (list.value.is_object()) continue;  // see read_further_specials
    list.expect(list.value.is_array(), "an array");
    for (const Json& entry : list.value)
      out.additional_special_tokens.push_back(read_special({entry, "[]", &list}, files));
  }
  read_further_specials(files, out);
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
  std::map<std::string_view, const AddedToken*> flagged;
  for (const AddedToken& token : files.flagged) flagged[token.content] = &token;
  const auto want = [&](const std::string& content) {
    if (content.empty() || data.added.token_to_id(content)) return;
    const auto found = flagged.find(content);
    data.added.add(found == flagged.end() ? AddedToken{.content = content, .special = true} : *found->second,
                   *data.model);
  };
  for (const auto& [key, content] : data.config.generation_tokens) want(content);
  for (const auto* list : {&data.config.special, &data.config.model_tokens, &data.config.additional_special_tokens})
    for (const std::string& content : *list) want(content);
}

/// A model without tokenizer.json: the standard pipeline around a list of pieces.
inline void make_standard(TokenizerData& data, auto pieces) {
  WordPieceOptions options;
  options.unk_token = data.special_token(SpecialRole::unk);
  data.model = std::make_shared<WordPiece>(std::move(pieces), std::move(options));
}

/// The tokens that the configuration names as special.
inline std::set<std::string_view> named_specials(const TokenizerConfig& config) {
  std::set<std::string_view> names;
  for (const auto& [key, content] : config.generation_tokens) names.insert(content);
  for (const auto* list : {&config.special, &config.model_tokens, &config.additional_special_tokens})
    names.insert(list->begin(), list->end());
  return names;
}

/// Checks that the template adds no id the vocabulary lacks.
inline void check_template(const PostProcessor& processor, std::int64_t size, const std::string& where) {
  for (const PostProcessor& part : processor.parts) check_template(part, size, where);
  const auto order = detail::argsort(processor.names.size(), [&](std::int64_t a, std::int64_t b) {
    return processor.names[static_cast<std::size_t>(a)] < processor.names[static_cast<std::size_t>(b)];
  });
  for (const std::int64_t at : order)
    for (const std::int32_t id : processor.ids_of({TemplateItem::Kind::special, 0, static_cast<std::size_t>(at)}))
      check(id < size, ErrorCode::format, where, ": post_processor: expected an id below ", size, " for \"",
            processor.names[static_cast<std::size_t>(at)], "\", got ", id);
}

/// Adds the tokens that the configuration lists, then the named special ones; by Bert's rules, surrounds texts by [CLS]
/// and [SEP].
inline void finish(TokenizerData& data, ConfigFiles& files) {
  const std::set<std::string_view> named = named_specials(data.config);
  std::vector<AddedToken> listed;
  for (auto& [id, token] : files.added_tokens_decoder) {
    token.special = token.special || named.contains(token.content);
    listed.push_back(token);
  }
  add_in_order(data, listed);
  add_named_specials(data, files);
  data.added.rebuild(data.normalizer);
  if (!data.config.bert_rules) return;
  const std::string& cls = data.special_token(SpecialRole::cls);
  const std::string& sep = data.special_token(SpecialRole::sep);
  data.post_processor.set_bert(cls, data.id_of(cls), sep, data.id_of(sep));
}

inline void check_folder(const std::filesystem::path& folder) {
  constexpr std::string_view expected = "a folder that holds tokenizer.json or vocab.txt";
  const std::string& name = folder.native();
  if (!present(folder))
    fail(ErrorCode::not_found, "tokenizer: expected ", expected, ", got \"", name, "\", which does not exist");
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
  const std::set<std::string_view> named = named_specials(config);
  for (const auto& [content, entry] : members_of(ids)) {
    view.member(content, entry).expect(is_id(entry), "an id");
    const auto id = entry.get<std::int32_t>();
    const bool special = named.contains(content);
    files.added_tokens_decoder.emplace(id, AddedToken{.content = content, .special = special});
  }
}

inline TokenizerData load_tokenizer(const std::filesystem::path& name_or_path, const TokenizerOptions& options) {
  options.validate();
  const auto folder = hub::model_folder(name_or_path, options.hub, hub::ModelFiles::tokenizer);
  check_folder(folder);
  const auto tokenizer = file_in(folder, "tokenizer.json"), vocabulary = file_in(folder, "vocab.txt"),
             added = file_in(folder, "added_tokens.json");
  const bool standard = !present(tokenizer);
  ConfigFiles files = read_config_files(folder);
  const std::string config = file_in(folder, "tokenizer_config.json").native();
  const TokenizerClass kind = tokenizer_class({files.config, config}, folder, !standard);
  TokenizerData data;
  data.config.tokenizer_class = kind.name;
  data.config.bert_rules = kind.bert;
  read_config(files, options, data.config);
  if (standard) make_standard(data, pieces_of_lines(read_vocabulary_lines(vocabulary)));
  else if (kind.bert) read_vocabulary_of_json(tokenizer, data, files.added_tokens_decoder.empty());
  else read_tokenizer_json(tokenizer, data);
  if (kind.bert) data.normalizer = Normalizer(make_normalizer(files, options, true));
  if (standard && files.added_tokens_decoder.empty() && present(added))
    read_added_tokens_file(added, data.config, files);
  finish(data, files);
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
  finish(data, files);
  return data;
}

}  // namespace tl::detail::text
