// Writes a tokenizer as Python's transformers 4 does, which both Python generations read: tokenizer.json, vocab.txt,
// tokenizer_config.json, special_tokens_map.json, and added_tokens.json if there are tokens behind the vocabulary. Each
// file is written under a temporary name in the folder and renamed, so a reader never sees half a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tl/core/error.hpp>
#include <tl/text/tokenizer_config.hpp>

namespace tl::detail::text {

using nlohmann::json;
using nlohmann::ordered_json;

/// JSON with two blanks of indentation and raw UTF-8; lines after the first are indented by `depth` more levels.
template <class Json> std::string pretty(const Json& value, int depth = 0) {
  const std::string flat = value.dump(2, ' ', false, Json::error_handler_t::strict);
  if (depth == 0) return flat;
  std::string out;
  for (const char c : flat) {
    out += c;
    if (c == '\n') out.append(static_cast<std::size_t>(2 * depth), ' ');
  }
  return out;
}

inline ordered_json added_token_json(std::int32_t id, const AddedToken& token) {
  return {{"id", id},
          {"content", token.content},
          {"single_word", token.single_word},
          {"lstrip", token.lstrip},
          {"rstrip", token.rstrip},
          {"normalized", token.is_normalized()},
          {"special", token.special}};
}

inline ordered_json template_json(const std::vector<TemplateItem>& items) {
  ordered_json out = ordered_json::array();
  for (const auto& item : items) {
    const bool special = item.kind == TemplateItem::Kind::special;
    const std::string id = special ? item.special : item.kind == TemplateItem::Kind::sequence_a ? "A" : "B";
    out.push_back({{special ? "SpecialToken" : "Sequence", {{"id", id}, {"type_id", item.type_id}}}});
  }
  return out;
}

inline ordered_json post_processor_json(const PostProcessor& from) {
  if (from.form == PostProcessor::Form::none) return nullptr;
  if (from.form == PostProcessor::Form::bert_processing) {
    const std::string& cls = from.single.front().special;
    const std::string& sep = from.single.back().special;
    return {{"type", "BertProcessing"},
            {"sep", ordered_json::array({sep, from.special_tokens.at(sep).ids.front()})},
            {"cls", ordered_json::array({cls, from.special_tokens.at(cls).ids.front()})}};
  }
  ordered_json specials = ordered_json::object();
  for (const auto& [name, special] : from.special_tokens)
    specials[name] = {{"id", name}, {"ids", special.ids}, {"tokens", special.tokens}};
  return {{"type", "TemplateProcessing"},
          {"single", template_json(from.single)},
          {"pair", template_json(from.pair)},
          {"special_tokens", specials}};
}

/// The text of tokenizer.json. The vocabulary is written by hand: an ordered JSON object of that size takes seconds.
inline std::string tokenizer_json_text(const TokenizerData& data) {
  ordered_json added = ordered_json::array();
  for (const auto& [id, token] : data.added.by_id()) added.push_back(added_token_json(id, token));
  const NormalizerOptions& options = data.normalizer.options();
  ordered_json normalizer = {{"type", "BertNormalizer"},
                             {"clean_text", options.clean_text},
                             {"handle_chinese_chars", options.handle_chinese_chars},
                             {"strip_accents", nullptr},
                             {"lowercase", options.lowercase}};
  if (options.strip_accents) normalizer["strip_accents"] = *options.strip_accents;
  ordered_json decoder = nullptr;
  if (data.decoder.present)
    decoder = {{"type", "WordPiece"}, {"prefix", data.decoder.prefix}, {"cleanup", data.decoder.cleanup}};
  const ordered_json pre_tokenizer = {{"type", "BertPreTokenizer"}};
  const WordPieceOptions& model = data.model->options();

  std::string out = "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null";
  const auto section = [&](const char* key, const ordered_json& value) {
    out.append(",\n  \"").append(key).append("\": ").append(pretty(value, 1));
  };
  section("added_tokens", added);
  section("normalizer", normalizer);
  section("pre_tokenizer", pre_tokenizer);
  section("post_processor", post_processor_json(data.post_processor));
  section("decoder", decoder);
  out += ",\n  \"model\": {\n    \"type\": \"WordPiece\",\n    \"unk_token\": " + json(model.unk_token).dump() +
         ",\n    \"continuing_subword_prefix\": " + json(model.continuing_subword_prefix).dump() +
         ",\n    \"max_input_chars_per_word\": " + std::to_string(model.max_input_chars_per_word) +
         ",\n    \"vocab\": {";
  const auto& pieces = data.model->pieces();
  for (std::size_t i = 0; i < pieces.size(); ++i)
    out.append(i == 0 ? "\n      " : ",\n      ").append(json(pieces[i]).dump()).append(": ").append(std::to_string(i));
  return out + (pieces.empty() ? "}\n  }\n}" : "\n    }\n  }\n}");
}

inline std::string vocabulary_text(const WordPiece& model) {
  std::string out;
  for (const std::string& piece : model.pieces()) out.append(piece) += '\n';
  return out;
}

/// {content, lstrip, ...} with sorted keys, as in the two small configuration files.
inline json token_flags(const AddedToken& token) {
  return {{"content", token.content},
          {"lstrip", token.lstrip},
          {"normalized", token.is_normalized()},
          {"rstrip", token.rstrip},
          {"single_word", token.single_word}};
}

inline std::string tokenizer_config_text(const TokenizerData& data) {
  const TokenizerConfig& config = data.config;
  json out = config.as_read;
  // Traces of somebody's calls, which the reference leaves in the file.
  for (const char* key : {"max_length", "pad_to_multiple_of", "pad_token_type_id", "stride", "truncation_strategy",
                          "is_local", "local_files_only"})
    out.erase(key);
  json decoder = json::object();
  // Python sorts these keys as strings, which is also the order of a JSON object here.
  for (const auto& [id, token] : data.added.by_id()) {
    json entry = token_flags(token);
    entry["special"] = token.special;
    decoder[std::to_string(id)] = std::move(entry);
  }
  out["added_tokens_decoder"] = std::move(decoder);
  for (std::size_t i = 0; i < special_keys.size(); ++i) out[std::string(special_keys[i])] = config.special[i];
  if (!config.additional_special_tokens.empty()) out["additional_special_tokens"] = config.additional_special_tokens;
  if (!out["extra_special_tokens"].is_object()) out["extra_special_tokens"] = json::object();
  const NormalizerOptions& options = data.normalizer.options();
  out["do_lower_case"] = options.lowercase;
  out["tokenize_chinese_chars"] = options.handle_chinese_chars;
  out["strip_accents"] = nullptr;
  if (options.strip_accents) out["strip_accents"] = *options.strip_accents;
  out["clean_up_tokenization_spaces"] = config.clean_up_tokenization_spaces;
  out["model_max_length"] = config.model_max_length.value_or(0);
  out["tokenizer_class"] = config.tokenizer_class;
  const auto keep = [&](const char* key, bool is_default, const json& value) {
    if (!is_default || out.contains(key)) out[key] = value;
  };
  const auto name = [](Side side) { return side == Side::left ? "left" : "right"; };
  keep("padding_side", config.padding_side == Side::right, name(config.padding_side));
  keep("truncation_side", config.truncation_side == Side::right, name(config.truncation_side));
  keep("split_special_tokens", !config.split_special_tokens, config.split_special_tokens);

  std::string text;
  for (const auto& [key, value] : out.items()) {
    text.append(text.empty() ? "{\n  " : ",\n  ").append(json(key).dump()).append(": ");
    // The integer that stands for an unknown length does not fit into 64 bits.
    if (key == "model_max_length" && !config.model_max_length) text += "1000000000000000019884624838656";
    else text += pretty(value, 1);
  }
  return text + "\n}\n";
}

inline std::string special_tokens_map_text(const TokenizerData& data) {
  const auto spelled = [&](const std::string& content) {
    const AddedToken* token = data.added.find(data.id_of(content));
    return token && data.config.written_as_object.contains(content) ? token_flags(*token) : json(content);
  };
  json out = json::object();
  for (std::size_t i = 0; i < special_keys.size(); ++i)
    out[std::string(special_keys[i])] = spelled(data.config.special[i]);
  for (const std::string& content : data.config.additional_special_tokens)
    out["additional_special_tokens"].push_back(spelled(content));
  return pretty(out) + "\n";
}

/// The text of added_tokens.json, empty if no token has an id behind the vocabulary.
inline std::string added_tokens_text(const TokenizerData& data) {
  json out = json::object();
  for (const auto& [id, token] : data.added.by_id())
    if (id >= data.model->size()) out[token.content] = id;
  return out.empty() ? "" : pretty(out) + "\n";
}

inline void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  auto temporary = path;
  temporary += ".tmp";
  std::error_code error, ignored;
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
    if (!out.good()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(temporary, path, error);
  if (!error) return;
  std::filesystem::remove(temporary, ignored);
  fail(ErrorCode::io, path.string(), ": cannot be written (", text.size(), " bytes, ", error.message(), ")");
}

inline void save_tokenizer(const std::filesystem::path& folder, const TokenizerData& data) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, ErrorCode::io, folder.string(), ": cannot be created (", error.message(), ")");
  write_file_atomically(folder / "tokenizer.json", tokenizer_json_text(data));
  write_file_atomically(folder / "vocab.txt", vocabulary_text(*data.model));
  write_file_atomically(folder / "tokenizer_config.json", tokenizer_config_text(data));
  write_file_atomically(folder / "special_tokens_map.json", special_tokens_map_text(data));
  const std::string added = added_tokens_text(data);
  if (!added.empty()) write_file_atomically(folder / "added_tokens.json", added);
}

}  // namespace tl::detail::text
