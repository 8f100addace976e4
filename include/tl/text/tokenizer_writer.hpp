// Writes a tokenizer as Python's transformers 4 does, which both Python generations read: tokenizer.json, vocab.txt,
// tokenizer_config.json, special_tokens_map.json, and added_tokens.json if there are tokens after the vocabulary. A
// reader never sees half a file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/atomic_file.hpp>
#include <tl/io/json_file.hpp>
#include <tl/text/tokenizer_config.hpp>

namespace tl::detail::text {

/// JSON with two blanks of indentation and raw UTF-8.
inline std::string pretty(const Json& value, bool sort_keys) {
  return dump_json(value, {.indent = 2, .sort_keys = sort_keys, .ensure_ascii = false});
}

/// Sets members that are texts.
[[gnu::noinline]] inline void set_texts(Json& out,
                                        std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  for (const auto& [key, text] : members) out[key] = text;
}

/// Sets members that are true, false or null.
inline void set_flags(Json& out, std::initializer_list<std::pair<std::string_view, std::optional<bool>>> members) {
  for (const auto& [key, flag] : members) out[key] = json_or_null(flag);
}

/// Sets content and flags of a token; special_tokens_map.json does not say that it is special.
inline void set_token(Json& out, const AddedToken& token, bool in_map = false) {
  set_texts(out, {{"content", token.content}});
  set_flags(out, {{"single_word", token.single_word},
                  {"lstrip", token.lstrip},
                  {"rstrip", token.rstrip},
                  {"normalized", token.is_normalized()}});
  if (!in_map) set_flags(out, {{"special", token.special}});
}

inline Json template_json(const PostProcessor& from, const std::vector<TemplateItem>& items) {
  Json out = Json::array();
  for (const auto& item : items) {
    const bool special = item.kind == TemplateItem::Kind::special;
    const std::string_view sequence = item.kind == TemplateItem::Kind::sequence_a ? "A" : "B";
    Json place;
    Json& inner = place[special ? "SpecialToken" : "Sequence"];
    set_texts(inner, {{"id", special ? from.names[item.special] : sequence}});
    inner["type_id"] = item.type_id;
    out.push_back(std::move(place));
  }
  return out;
}

inline Json post_processor_json(const PostProcessor& from) {
  Json out;
  if (from.form == PostProcessor::Form::none) return out;
  if (from.form == PostProcessor::Form::sequence) {
    set_texts(out, {{"type", "Sequence"}});
    Json& parts = out["processors"] = Json::array();
    for (const PostProcessor& part : from.parts) parts.push_back(post_processor_json(part));
    return out;
  }
  if (from.form == PostProcessor::Form::bert_processing) {
    set_texts(out, {{"type", "BertProcessing"}});
    for (const bool is_sep : {true, false}) {
      Json& pair = out[is_sep ? "sep" : "cls"];
      pair.push_back(is_sep ? from.tokens.back() : from.tokens.front());
      pair.push_back(is_sep ? from.ids.back() : from.ids.front());
    }
    return out;
  }
  set_texts(out, {{"type", "TemplateProcessing"}});
  out["single"] = template_json(from, from.single);
  out["pair"] = template_json(from, from.pair);
  Json& specials = out["special_tokens"] = Json::object();
  const Json none = Json::array();
  std::vector<std::string> names = from.names;
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    Json& entry = specials[name];
    set_texts(entry, {{"id", name}});
    entry["ids"] = none;
    entry["tokens"] = none;
    const std::size_t special = from.find(name);
    for (std::size_t i = from.begin_of(special); i < from.ends[special]; ++i) {
      entry["ids"].push_back(from.ids[i]);
      entry["tokens"].push_back(from.tokens[i]);
    }
  }
  return out;
}

/// The name of a value in a table of names.
template <class Value, std::size_t n>
std::string_view name_of(Value value, const std::pair<std::string_view, Value> (&names)[n]) {
  for (const auto& [name, known] : names)
    if (known == value) return name;
  return {};
}

inline Json normalizer_json(const NormalizerStep& step) {
  using Kind = NormalizerStep::Kind;
  Json out;
  if (step.kind == Kind::none) return out;
  set_texts(out, {{"type", name_of(step.kind, normalizer_names)}});
  if (step.kind == Kind::bert)
    set_flags(out, {{"clean_text", step.bert.clean_text},
                    {"handle_chinese_chars", step.bert.handle_chinese_chars},
                    {"strip_accents", step.bert.strip_accents},
                    {"lowercase", step.bert.lowercase}});
  if (step.kind == Kind::strip) set_flags(out, {{"strip_left", step.strip_left}, {"strip_right", step.strip_right}});
  if (step.kind == Kind::replace) {
    set_texts(out["pattern"], {{"String", step.pattern}});
    set_texts(out, {{"content", step.content}});
  }
  if (step.kind == Kind::prepend) set_texts(out, {{"prepend", step.content}});
  if (step.kind != Kind::sequence) return out;
  Json& parts = out["normalizers"] = Json::array();
  for (const NormalizerStep& part : step.parts) parts.push_back(normalizer_json(part));
  return out;
}

inline Json pre_tokenizer_json(const PreTokenizerStep& step) {
  using Kind = PreTokenizerStep::Kind;
  Json out;
  if (step.kind == Kind::none) return out;
  set_texts(out, {{"type", name_of(step.kind, pre_tokenizer_names)}});
  if (step.kind == Kind::punctuation) set_texts(out, {{"behavior", name_of(step.behavior, behavior_names)}});
  if (step.kind == Kind::digits) set_flags(out, {{"individual_digits", step.individual_digits}});
  if (step.kind != Kind::sequence) return out;
  Json& parts = out["pretokenizers"] = Json::array();
  for (const PreTokenizerStep& part : step.parts) parts.push_back(pre_tokenizer_json(part));
  return out;
}

inline std::string tokenizer_json_text(const TokenizerData& data) {
  Json out;
  set_texts(out, {{"version", "1.0"}});
  set_flags(out, {{"truncation", {}}, {"padding", {}}});
  Json& added = out["added_tokens"] = Json::array();
  for (const auto& [id, token] : data.added.by_id()) {
    Json entry;
    entry["id"] = id;
    set_token(entry, token);
    added.push_back(std::move(entry));
  }
  out["normalizer"] = normalizer_json(data.normalizer.step());
  out["pre_tokenizer"] = pre_tokenizer_json(data.pre_tokenizer.step());
  out["post_processor"] = post_processor_json(data.post_processor);
  Json& decoder = out["decoder"];
  if (data.decoder.present) {
    set_texts(decoder, {{"type", "WordPiece"}, {"prefix", data.decoder.prefix}});
    set_flags(decoder, {{"cleanup", data.decoder.cleanup}});
  }
  const WordPieceOptions& wordpiece = data.model->options();
  Json& model = out["model"];
  set_texts(model, {{"type", "WordPiece"},
                    {"unk_token", wordpiece.unk_token},
                    {"continuing_subword_prefix", wordpiece.continuing_subword_prefix}});
  model["max_input_chars_per_word"] = wordpiece.max_input_chars_per_word;
  JsonObjectBuilder vocab;
  for (std::size_t i = 0; i < data.model->pieces().size(); ++i)
    vocab.add(data.model->pieces()[i], data.model->id_at(i));
  model["vocab"] = vocab.finish();
  return pretty(out, false);
}

/// The text of vocab.txt, one piece a line. Of equal lines the last one counts, so the line of a hole in the ids
/// repeats the piece after it. Empty where lines cannot say it: pieces with a common id, or more holes than pieces.
inline std::string vocabulary_text(const WordPiece& model) {
  std::string out;
  if (model.id_limit() > 2 * std::int64_t{model.size()} + 1000) return out;
  std::int64_t line = 0;
  for (std::size_t i = 0; i < model.pieces().size(); ++i) {
    if (model.id_at(i) < line) return {};
    for (; line <= model.id_at(i); ++line) out.append(model.pieces()[i]) += '\n';
  }
  return out;
}

inline std::string tokenizer_config_text(const TokenizerData& data) {
  const TokenizerConfig& config = data.config;
  Json out = config.as_read;
  // Traces of earlier calls, which the reference leaves in the file.
  for (const char* key : {"max_length", "pad_to_multiple_of", "pad_token_type_id", "stride", "truncation_strategy",
                          "is_local", "local_files_only"})
    out.erase(key);
  JsonObjectBuilder decoder;
  for (const auto& [id, token] : data.added.by_id()) {
    Json entry;
    set_token(entry, token);
    decoder.add(std::to_string(id), std::move(entry));
  }
  out["added_tokens_decoder"] = decoder.finish();
  for (std::size_t i = 0; i < special_keys.size(); ++i)
    if (!config.special[i].empty()) set_texts(out, {{special_keys[i], config.special[i]}});
  if (!config.additional_special_tokens.empty()) out["additional_special_tokens"] = config.additional_special_tokens;
  if (!out["extra_special_tokens"].is_object()) out["extra_special_tokens"] = Json::object();
  const NormalizerOptions& options = data.normalizer.options();
  if (config.bert_rules)
    set_flags(out, {{"do_lower_case", options.lowercase},
                    {"tokenize_chinese_chars", options.handle_chinese_chars},
                    {"strip_accents", options.strip_accents}});
  set_flags(out, {{"clean_up_tokenization_spaces", config.clean_up_tokenization_spaces}});
  out.erase("max_len");  // the older name
  out["model_max_length"] = json_or_null(config.model_max_length);
  set_texts(out, {{"tokenizer_class", config.tokenizer_class}});
  const auto set_side = [&out](std::string_view key, Side side) {
    if (side == Side::left || out.contains(key)) set_texts(out, {{key, side == Side::left ? "left" : "right"}});
  };
  set_side("padding_side", config.padding_side);
  set_side("truncation_side", config.truncation_side);
  if (config.split_special_tokens || out.contains("split_special_tokens"))
    set_flags(out, {{"split_special_tokens", config.split_special_tokens}});

  std::string text = pretty(out, true);
  if (!config.model_max_length) {
    // The integer that stands for an unknown length does not fit into 64 bits. Strings hold no raw end of line, so only
    // the outermost object has this line.
    constexpr std::string_view unknown = "\n  \"model_max_length\": null";
    text.replace(text.find(unknown) + unknown.size() - 4, 4, "1000000000000000019884624838656");
  }
  return text + "\n";
}

inline std::string special_tokens_map_text(const TokenizerData& data) {
  const std::set<std::string_view> as_object(data.config.written_as_object.begin(),
                                             data.config.written_as_object.end());
  const auto spelled = [&](const std::string& content) {
    const AddedToken* token = data.added.find(data.id_of(content));
    Json out;
    if (token && as_object.contains(content)) set_token(out, *token, true);
    else out = content;
    return out;
  };
  Json out = Json::object();
  for (const auto& [key, content] : data.config.generation_tokens) out[key] = spelled(content);
  for (std::size_t i = 0; i < special_keys.size(); ++i)
    if (!data.config.special[i].empty()) out[special_keys[i]] = spelled(data.config.special[i]);
  for (const std::string& content : data.config.additional_special_tokens)
    out["additional_special_tokens"].push_back(spelled(content));
  return pretty(out, true) + "\n";
}

/// The text of added_tokens.json, empty if no token has an id after the vocabulary.
inline std::string added_tokens_text(const TokenizerData& data) {
  JsonObjectBuilder beyond;
  for (const auto& [id, token] : data.added.by_id())
    if (!data.model->token_to_id(token.content)) beyond.add(token.content, id);
  const Json out = beyond.finish();
  return out.empty() ? "" : pretty(out, true) + "\n";
}

inline void save_tokenizer(const std::filesystem::path& folder, const TokenizerData& data) {
  make_folder(folder);
  remove_leftovers(folder);
  std::vector<NamedText> files = {{"tokenizer.json", tokenizer_json_text(data)},
                                  {"tokenizer_config.json", tokenizer_config_text(data)},
                                  {"special_tokens_map.json", special_tokens_map_text(data)}};
  // A generic class reads nothing but tokenizer.json.
  std::string vocabulary = data.config.bert_rules ? vocabulary_text(*data.model) : "";
  if (!vocabulary.empty()) files.push_back({"vocab.txt", std::move(vocabulary)});
  std::string added = added_tokens_text(data);
  if (!added.empty()) files.push_back({"added_tokens.json", std::move(added)});
  write_files(folder, files);
}

}  // namespace tl::detail::text
