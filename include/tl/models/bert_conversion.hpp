// A BERT encoder as a DistilBERT. BERT adds three embeddings, word + token type + position; for inputs whose token
// types are all 0 the token type's row is a constant, so position' = position + token_type[0] gives the same sums, and
// every other parameter only changes its name. The pooler and any head are left out: a classifier starts with a fresh
// head.
#pragma once

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/atomic_file.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/models/distilbert_config.hpp>
#include <tl/models/pretrained.hpp>
#include <tl/text/tokenizer.hpp>

namespace tl {

/// What convert_bert() did.
struct BertConversionReport {
  DistilBertConfig config;                ///< of the model that was written
  std::int64_t tensors = 0;               ///< tensors written
  std::int64_t parameters = 0;            ///< their elements
  std::vector<std::string> unused;        ///< tensors of the checkpoint that have no place in DistilBERT, sorted
  std::vector<std::string> copied_files;  ///< files of the tokenizer
};

namespace detail {

/// Modules of one encoder layer: BERT's name, DistilBERT's name.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 8> bert_layer_names = {{
    {"attention.self.query", "attention.q_lin"},
    {"attention.self.key", "attention.k_lin"},
    {"attention.self.value", "attention.v_lin"},
    {"attention.output.dense", "attention.out_lin"},
    {"attention.output.LayerNorm", "sa_layer_norm"},
    {"intermediate.dense", "ffn.lin1"},
    {"output.dense", "ffn.lin2"},
    {"output.LayerNorm", "output_layer_norm"},
}};

/// The text under `key`, or `fallback` without one. Throws Error(format) for anything else.
inline std::string bert_text(const Json& json, const std::string& where, const char* key, std::string fallback) {
  const Json* const found = find_member(json, key);
  if (found == nullptr || found->is_null()) return fallback;
  check(found->is_string(), ErrorCode::format, where, ": expected a string for \"", key, "\", got ",
        found->type_name());
  return found->get<std::string>();
}

/// Throws Error(format) unless the configuration is that of a BERT whose kind DistilBERT has.
inline void check_convertible(const Json& json, const std::string& where) {
  check(json.is_object(), ErrorCode::format, where, ": expected a JSON object, got ", json.type_name());
  const std::string type = bert_text(json, where, "model_type", "nothing");
  check(type == "bert", ErrorCode::format, where, ": expected \"model_type\": \"bert\", got ", type,
        type == "distilbert" ? ", which needs no conversion" : "");
  const std::string positions = bert_text(json, where, "position_embedding_type", "absolute");
  check(positions == "absolute", ErrorCode::format, where, ": expected \"position_embedding_type\": \"absolute\", got ",
        positions, ", which DistilBERT does not have");
  for (const char* key : {"is_decoder", "add_cross_attention"})
    check(!json.contains(key) || !json.at(key).is_boolean() || !json.at(key).get<bool>(), ErrorCode::format, where,
          ": expected an encoder, got \"", key, "\": true");
}

/// BERT's configuration as DistilBERT's. Throws Error(format) for one that DistilBERT cannot express.
inline DistilBertConfig distilbert_config_of_bert(const Json& json, const std::string& where) {
  check_convertible(json, where);
  DistilBertConfig config;
  const auto whole = [&](const char* key, std::int64_t& field) {
    const Json* const found = find_member(json, key);
    check(found != nullptr && is_int64(*found), ErrorCode::format, where, ": expected an integer for \"", key, "\", ",
          found == nullptr ? "it is missing" : found->type_name());
    field = found->get<std::int64_t>();
  };
  const auto number = [&](const char* key, double& field) {
    const Json* const found = find_member(json, key);
    if (found == nullptr) return;
    check(found->is_number(), ErrorCode::format, where, ": expected a number for \"", key, "\", got ",
          found->type_name());
    field = found->get<double>();
  };
  whole("vocab_size", config.vocab_size);
  whole("hidden_size", config.dim);
  whole("intermediate_size", config.hidden_dim);
  whole("num_hidden_layers", config.n_layers);
  whole("num_attention_heads", config.n_heads);
  whole("max_position_embeddings", config.max_position_embeddings);
  number("hidden_dropout_prob", config.dropout);
  number("attention_probs_dropout_prob", config.attention_dropout);
  number("initializer_range", config.initializer_range);
  config.activation = bert_text(json, where, "hidden_act", config.activation);
  if (const Json* const pad = find_member(json, "pad_token_id"); pad != nullptr && is_int64(*pad))
    config.pad_token_id = pad->get<std::int64_t>();
  double eps = 1e-12;
  number("layer_norm_eps", eps);
  check(eps == 1e-12, ErrorCode::format, where, ": expected \"layer_norm_eps\": 1e-12, which is fixed in DistilBERT, ",
        "got ", eps);
  config.validate(where);
  return config;
}

/// Renames the tensors of a BERT checkpoint and folds its token types, in memory.
class BertFold {
 public:
  BertFold(const SafetensorsReader& reader, const DistilBertConfig& config)
      : reader_(reader), prefix_(reader.find("bert.embeddings.word_embeddings.weight") ? "bert." : "") {
    const std::int64_t d = config.dim;
    const SafetensorView& words = take("embeddings.word_embeddings.weight", {config.vocab_size, d});
    add("embeddings.word_embeddings.weight", words);
    fold_positions(config);
    take_pair("embeddings.LayerNorm", "embeddings.LayerNorm", {d});
    for (std::int64_t i = 0; i < config.n_layers; ++i) {
      for (const auto& [from, to] : bert_layer_names) {
        const bool widens = to == "ffn.lin1", narrows = to == "ffn.lin2", norm = to.ends_with("norm");
        const std::int64_t out = widens ? config.hidden_dim : d, in = narrows ? config.hidden_dim : d;
        take_pair(str_cat("encoder.layer.", i, ".", from), str_cat("transformer.layer.", i, ".", to),
                  norm ? Shape{out} : Shape{out, in});
      }
    }
  }

  const std::vector<SafetensorView>& tensors() const { return tensors_; }

  /// Names of the checkpoint that were not asked for, sorted.
  std::vector<std::string> unused() const {
    std::set<std::string> names;
    for (const auto& tensor : reader_.tensors())
      if (!used_.contains(tensor.name) && !tensor.name.ends_with("embeddings.position_ids")) names.insert(tensor.name);
    return {names.begin(), names.end()};
  }

 private:
  const SafetensorView& take(const std::string& name, const Shape& shape) {
    std::string stored = prefix_ + name;
    // Checkpoints converted from TensorFlow call the scale and shift of a layer norm gamma and beta.
    if (!reader_.find(stored) && name.ends_with("LayerNorm.weight")) stored.replace(stored.size() - 6, 6, "gamma");
    if (!reader_.find(stored) && name.ends_with("LayerNorm.bias")) stored.replace(stored.size() - 4, 4, "beta");
    const SafetensorView* tensor = reader_.find(stored);
    check(tensor != nullptr, ErrorCode::format, reader_.path().string(), ": expected the tensor ", prefix_, name,
          " of a BERT encoder, it is not there");
    check(tensor->shape == shape, ErrorCode::shape, reader_.path().string(), ", tensor ", stored, ": expected ", shape,
          " as config.json says, got ", tensor->shape);
    used_.insert(stored);
    return *tensor;
  }

  void take_pair(const std::string& from, const std::string& to, const Shape& weight) {
    add(to + ".weight", take(from + ".weight", weight));
    add(to + ".bias", take(from + ".bias", {weight[0]}));
  }

  void add(const std::string& name, const SafetensorView& tensor) { add(name, tensor.shape, floats(tensor)); }

  void add(const std::string& name, const Shape& shape, std::vector<float> values) {
    converted_.push_back(std::move(values));
    tensors_.push_back(safetensor_view<float>("distilbert." + name, shape, converted_.back()));
  }

  void fold_positions(const DistilBertConfig& config) {
    const std::int64_t d = config.dim;
    const std::string name = "embeddings.token_type_embeddings.weight";
    const SafetensorView* types = reader_.find(prefix_ + name);
    const std::int64_t kinds = types && types->shape.rank() == 2 ? types->shape[0] : 1;
    const std::vector<float> type = floats(take(name, {kinds, d}));
    check(kinds >= 1, ErrorCode::shape, reader_.path().string(), ", tensor ", prefix_, name,
          ": expected at least one row, got none");
    std::vector<float> position =
        floats(take("embeddings.position_embeddings.weight", {config.max_position_embeddings, d}));
    for (std::size_t i = 0; i < position.size(); ++i) position[i] += type[i % static_cast<std::size_t>(d)];
    add("embeddings.position_embeddings.weight", {config.max_position_embeddings, d}, std::move(position));
  }

  static std::vector<float> floats(const SafetensorView& tensor) {
    std::vector<float> values(static_cast<std::size_t>(tensor.shape.elements()));
    read_floats(tensor, values);
    return values;
  }

  const SafetensorsReader& reader_;
  std::string prefix_;
  std::set<std::string> used_;
  std::vector<SafetensorView> tensors_;
  std::vector<std::vector<float>> converted_;  // a vector's elements stay where they are when the list grows
};

/// tokenizer_config.json for DistilBERT: a class of Bert's becomes DistilBERT's, which passes no token types to the
/// model; a generic one, `generic`, stays and is told so.
inline Json distilbert_tokenizer_config(const std::filesystem::path& path, std::int64_t max_length,
                                        const std::optional<std::string>& generic) {
  Json json = Json::object();
  if (std::filesystem::exists(path)) json = read_json(path);
  check(json.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", json.type_name());
  json["tokenizer_class"] = generic.value_or("DistilBertTokenizer");
  json.erase("model_input_names");
  if (generic) json["model_input_names"] = std::vector<std::string>{"input_ids", "attention_mask"};
  const Json* length = find_member(json, "model_max_length");
  if (const Json* const older = find_member(json, "max_len");
      length == nullptr && older != nullptr && older->is_number()) {
    const Json copy = *older;
    json["model_max_length"] = copy;
    length = find_member(json, "model_max_length");
  }
  if (length == nullptr || !length->is_number() || length->get<double>() > static_cast<double>(max_length))
    json["model_max_length"] = max_length;
  return json;
}

/// Throws what convert_bert() throws for its two folders.
inline void check_conversion_folders(const std::filesystem::path& from, const std::filesystem::path& target) {
  namespace fs = std::filesystem;
  check(path_exists(from) && fs::is_directory(from), ErrorCode::io,
        "expected a model folder with config.json and model.safetensors, got ", from.native(),
        ", which is not a folder");
  check(path_exists(from / "config.json"), ErrorCode::io, "expected config.json in ", from.native(),
        ", it is not there");
  std::error_code error;
  const bool free = !fs::exists(target, error) || (fs::is_directory(target, error) && fs::is_empty(target, error));
  check(free && !error, ErrorCode::invalid_argument, "expected a new or empty folder to write to, got ",
        target.string(), ", ", error ? error.message() : "where there is something already");
}

}  // namespace detail

/// Writes the BERT encoder of folder `from` (config.json, model.safetensors, tokenizer files) as a DistilBERT into the
/// new folder `to`, which appears complete or not at all. Throws Error(io), Error(format) or Error(shape) if `from` is
/// not a BERT encoder that DistilBERT can express, Error(invalid_argument) if `to` exists and is not empty.
inline BertConversionReport convert_bert(const std::filesystem::path& from, const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  const fs::path config_path = from / "config.json", target = detail::folder_with_name(to);
  detail::check_conversion_folders(from, target);
  BertConversionReport report;
  report.config = detail::distilbert_config_of_bert(read_json(config_path), config_path.native());
  detail::check_weights_present(from);
  const SafetensorsReader reader(from);
  const detail::BertFold fold(reader, report.config);
  report.unused = fold.unused();
  for (const auto& tensor : fold.tensors()) {
    ++report.tensors;
    report.parameters += tensor.shape.elements();
  }

  const bool has_tokenizer = fs::exists(from / "tokenizer.json") || fs::exists(from / "vocab.txt");
  check(has_tokenizer, ErrorCode::io, "expected tokenizer.json or vocab.txt in ", from.native(), ", neither is there");
  const Tokenizer tokenizer = Tokenizer::from_pretrained(from);  // refuses a class with rules of its own
  const auto generic = tokenizer.has_bert_rules() ? std::nullopt : std::optional(tokenizer.tokenizer_class());
  if (target.has_parent_path()) make_folder(target.parent_path());
  AtomicFolder folder(target);
  write_safetensors(folder.path() / "model.safetensors", fold.tensors(), {{"format", "pt"}});
  write_json(folder.path() / "config.json", report.config.to_json("DistilBertModel"));
  for (const char* name : {"tokenizer.json", "vocab.txt", "special_tokens_map.json", "added_tokens.json"}) {
    if (!fs::exists(from / name)) continue;
    write_file(folder.path() / name, read_file(from / name));
    report.copied_files.emplace_back(name);
  }
  write_json(folder.path() / "tokenizer_config.json",
             detail::distilbert_tokenizer_config(from / "tokenizer_config.json", report.config.max_position_embeddings,
                                                 generic));
  (void)Tokenizer::from_pretrained(folder.path());  // what cannot be loaded again is not worth keeping
  folder.commit();
  return report;
}

}  // namespace tl
