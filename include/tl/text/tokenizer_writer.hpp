// Writes a tokenizer as Python's transformers 4 does, which both Python generations read: tokenizer.json, vocab.txt,
// tokenizer_config.json, special_tokens_map.json, and added_tokens.json if there are tokens behind the vocabulary. A
// reader never sees half a file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/json_file.hpp>
#include <tl/text/tokenizer_config.hpp>

namespace tl::detail::text {

/// JSON with two blanks of indentation and raw UTF-8.
inline std::string pretty(const Json& value, bool sort_keys) {
  return dump_json(value, {.indent = 2, .sort_keys = sort_keys, .ensure_ascii = false});
}

/// {content, single_word, ...}, behind the members of `out`.
inline Json token_flags(const AddedToken& token, Json out = Json::object()) {
  out.append("content", token.content);
  out.append("single_word", token.single_word);
  out.append("lstrip", token.lstrip);
  out.append("rstrip", token.rstrip);
  out.append("normalized", token.is_normalized());
  return out;
}

inline Json template_json(const PostProcessor& from, const std::vector<TemplateItem>& items) {
  Json out = Json::array();
  for (const auto& item : items) {
    const bool special = item.kind == TemplateItem::Kind::special;
    const std::string_view id = special                                        ? from.special_tokens[item.special].name
                                : item.kind == TemplateItem::Kind::sequence_a ? "A"
                                                                              : "B";
    out.push_back({{special ? "SpecialToken" : "Sequence", {{"id", id}, {"type_id", item.type_id}}}});
  }
  return out;
}

inline Json post_processor_json(const PostProcessor& from) {
  if (from.form == PostProcessor::Form::none) return nullptr;
  if (from.form == PostProcessor::Form::bert_processing) {
    const auto& cls = from.special_tokens.front();
    const auto& sep = from.special_tokens.back();
    return {{"type", "BertProcessing"},
            {"sep", Json::array({sep.name, sep.ids.front()})},
            {"cls", Json::array({cls.name, cls.ids.front()})}};
  }
  Json specials = Json::object();
  for (const std::int64_t i : from.by_name()) {
    const PostProcessor::Special& special = from.special_tokens[static_cast<std::size_t>(i)];
    specials[special.name] = {{"id", special.name}, {"ids", special.ids}, {"tokens", special.tokens}};
  }
  return {{"type", "TemplateProcessing"},
          {"single", template_json(from, from.single)},
          {"pair", template_json(from, from.pair)},
          {"special_tokens", specials}};
}

inline std::string tokenizer_json_text(const TokenizerData& data) {
  Json added = Json::array();
  for (const auto& [id, token] : data.added.by_id()) {
    added.push_back(token_flags(token, {{"id", id}}));
    added.elements().back().append("special", token.special);
  }
  const NormalizerOptions& options = data.normalizer.options();
  Json normalizer = {{"type", "BertNormalizer"},
                     {"clean_text", options.clean_text},
                     {"handle_chinese_chars", options.handle_chinese_chars},
                     {"strip_accents", options.strip_accents},
                     {"lowercase", options.lowercase}};
  Json decoder = nullptr;
  if (data.decoder.present)
    decoder = {{"type", "WordPiece"}, {"prefix", data.decoder.prefix}, {"cleanup", data.decoder.cleanup}};
  const WordPieceOptions& wordpiece = data.model->options();
  Json model = {{"type", "WordPiece"},
                {"unk_token", wordpiece.unk_token},
                {"continuing_subword_prefix", wordpiece.continuing_subword_prefix},
                {"max_input_chars_per_word", wordpiece.max_input_chars_per_word},
                {"vocab", Json::object()}};
  Json& vocab = model["vocab"];
  for (const std::string& piece : data.model->pieces()) vocab.append(piece, vocab.size());

  const Json out = {{"version", "1.0"},
                    {"truncation", nullptr},
                    {"padding", nullptr},
                    {"added_tokens", std::move(added)},
                    {"normalizer", std::move(normalizer)},
                    {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
                    {"post_processor", post_processor_json(data.post_processor)},
                    {"decoder", std::move(decoder)},
                    {"model", std::move(model)}};
  return pretty(out, false);
}

inline std::string vocabulary_text(const WordPiece& model) {
  std::string out;
  for (const std::string& piece : model.pieces()) out.append(piece) += '\n';
  return out;
}

inline std::string tokenizer_config_text(const TokenizerData& data) {
  const TokenizerConfig& config = data.config;
  Json out = config.as_read;
  // Traces of somebody's calls, which the reference leaves in the file.
  for (const char* key : {"max_length", "pad_to_multiple_of", "pad_token_type_id", "stride", "truncation_strategy",
                          "is_local", "local_files_only"})
    out.erase(key);
  Json decoder = Json::object();
  for (const auto& [id, token] : data.added.by_id()) {
    Json entry = token_flags(token);
    entry["special"] = token.special;
    decoder.append(std::to_string(id), std::move(entry));
  }
  out["added_tokens_decoder"] = std::move(decoder);
  for (std::size_t i = 0; i < special_keys.size(); ++i) out[special_keys[i]] = config.special[i];
  if (!config.additional_special_tokens.empty()) out["additional_special_tokens"] = config.additional_special_tokens;
  if (!out["extra_special_tokens"].is_object()) out["extra_special_tokens"] = Json::object();
  const NormalizerOptions& options = data.normalizer.options();
  out["do_lower_case"] = options.lowercase;
  out["tokenize_chinese_chars"] = options.handle_chinese_chars;
  out["strip_accents"] = options.strip_accents;
  out["clean_up_tokenization_spaces"] = config.clean_up_tokenization_spaces;
  out["model_max_length"] = config.model_max_length;
  out["tokenizer_class"] = config.tokenizer_class;
  const auto keep = [&](const char* key, bool is_default, const Json& value) {
    if (!is_default || out.contains(key)) out[key] = value;
  };
  const auto name = [](Side side) { return side == Side::left ? "left" : "right"; };
  keep("padding_side", config.padding_side == Side::right, name(config.padding_side));
  keep("truncation_side", config.truncation_side == Side::right, name(config.truncation_side));
  keep("split_special_tokens", !config.split_special_tokens, config.split_special_tokens);

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
  const auto spelled = [&](const std::string& content) {
    const AddedToken* token = data.added.find(data.id_of(content));
    const auto& objects = data.config.written_as_object;
    const bool is_object = token && std::find(objects.begin(), objects.end(), content) != objects.end();
    return is_object ? token_flags(*token) : Json(content);
  };
  Json out = Json::object();
  for (std::size_t i = 0; i < special_keys.size(); ++i) out[special_keys[i]] = spelled(data.config.special[i]);
  for (const std::string& content : data.config.additional_special_tokens)
    out["additional_special_tokens"].push_back(spelled(content));
  return pretty(out, true) + "\n";
}

/// The text of added_tokens.json, empty if no token has an id behind the vocabulary.
inline std::string added_tokens_text(const TokenizerData& data) {
  Json out = Json::object();
  for (const auto& [id, token] : data.added.by_id())
    if (id >= data.model->size()) out.append(token.content, id);
  return out.empty() ? "" : pretty(out, true) + "\n";
}

inline void save_tokenizer(const std::filesystem::path& folder, const TokenizerData& data) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, ErrorCode::io, folder.native(), ": cannot be created (", error.message(), ")");
  write_file(folder / "tokenizer.json", tokenizer_json_text(data));
  write_file(folder / "vocab.txt", vocabulary_text(*data.model));
  write_file(folder / "tokenizer_config.json", tokenizer_config_text(data));
  write_file(folder / "special_tokens_map.json", special_tokens_map_text(data));
  const std::string added = added_tokens_text(data);
  if (!added.empty()) write_file(folder / "added_tokens.json", added);
}

}  // namespace tl::detail::text
