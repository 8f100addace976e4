// BertConfig: the architecture of a BERT and its labels, read from and written to config.json with the reference's
// names, aliases, defaults and rules. Keys that tl does not know are kept and written back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/models/config_file.hpp>

namespace tl {

/// The config.json of a BERT; defaults are those of the reference.
struct BertConfig : PretrainedConfig {
  std::int64_t hidden_size = 768;
  std::int64_t num_hidden_layers = 12;
  std::int64_t num_attention_heads = 12;
  std::int64_t intermediate_size = 3072;
  std::string hidden_act = "gelu";
  double hidden_dropout_prob = 0.1;
  double attention_probs_dropout_prob = 0.1;
  double layer_norm_eps = 1e-12;
  std::optional<std::string> position_embedding_type = "absolute";  ///< null in a file: absolute
  std::optional<double> classifier_dropout{};                       ///< of the heads; default: hidden_dropout_prob
  bool is_decoder = false;
  bool add_cross_attention = false;
  bool use_cache = true;  ///< of decoders; kept for the file

  std::string_view class_name() const override { return "BertConfig"; }
  std::string_view model_type() const override { return "bert"; }

  BertConfig() {
    vocab_size = 30522;
    max_position_embeddings = 512;
    type_vocab_size = 2;
    pad_token_id = 0;
    set_num_labels(2);
  }

  /// Width of the hidden states.
  std::int64_t width() const { return hidden_size; }
  /// Of the heads.
  double head_dropout() const { return classifier_dropout.value_or(hidden_dropout_prob); }

  /// The activation of the feed-forward layers. Throws Error(invalid_argument) for one that tl does not have.
  Activation activation_function() const { return detail::config_activation("hidden_act", hidden_act); }

  /// Throws one Error(invalid_argument) that lists every field with an impossible value, or one of a BERT that tl does
  /// not have. `where` names the source.
  void validate(std::string_view where = {}) const override {
    std::vector<std::string> others;
    if (type_vocab_size < 1 || type_vocab_size > 1'000'000)
      others.push_back(str_cat("type_vocab_size: expected 1 to 1000000, got ", type_vocab_size));
    if (!(layer_norm_eps > 0.0))
      others.push_back(str_cat("layer_norm_eps: expected more than 0, got ", layer_norm_eps));
    if (position_embedding_type.value_or("absolute") != "absolute")
      others.push_back(str_cat("position_embedding_type: expected absolute, got ", *position_embedding_type,
                               ", which tl does not have"));
    if (is_decoder) others.emplace_back("is_decoder: expected an encoder, got true");
    if (add_cross_attention) others.emplace_back("add_cross_attention: expected an encoder, got true");
    detail::validate_config(*this,
                            {.layers = {"num_hidden_layers", num_hidden_layers},
                             .heads = {"num_attention_heads", num_attention_heads},
                             .width = {"hidden_size", hidden_size},
                             .hidden = {"intermediate_size", intermediate_size},
                             .probabilities = {{"hidden_dropout_prob", hidden_dropout_prob},
                                               {"attention_probs_dropout_prob", attention_probs_dropout_prob},
                                               {"classifier_dropout", classifier_dropout.value_or(0.0)}},
                             .activation = {"hidden_act", hidden_act}},
                            where, others);
  }

  /// Sets fields from "name=value,name=value", e.g. "hidden_dropout_prob=0,attention_probs_dropout_prob=0".
  /// Throws Error(invalid_argument) for a name that is not a field, or a value of another type.
  void update_from_string(std::string_view text) { detail::update_config(*this, text); }

  /// Reads config.json of a model, given by its folder or its name. Throws Error(io), Error(format) or
  /// Error(invalid_argument) with the path, and what hub::model_folder() throws.
  static BertConfig from_pretrained(const std::filesystem::path& name_or_path, const hub::Options& hub = {}) {
    BertConfig config;
    detail::read_config_file(config, hub::model_folder(name_or_path, hub, hub::ModelFiles::configuration));
    return config;
  }

  /// Reads the content of a config.json; `where` names it in errors.
  static BertConfig from_json(const Json& json, const std::string& where) {
    BertConfig config;
    detail::read_config(config, json, where);
    return config;
  }

  /// The content of config.json for a model of class `architecture`, as the reference writes it.
  Json to_json(const std::string& architecture) const { return detail::config_json(*this, architecture); }

  /// The fields that a file stores under their own names.
  std::span<const ConfigField> fields() const override {
    using C = BertConfig;
    static const ConfigField all[] = {
        {"vocab_size", &C::vocab_size},
        {"hidden_size", &C::hidden_size},
        {"num_hidden_layers", &C::num_hidden_layers},
        {"num_attention_heads", &C::num_attention_heads},
        {"intermediate_size", &C::intermediate_size},
        {"hidden_act", &C::hidden_act},
        {"hidden_dropout_prob", &C::hidden_dropout_prob},
        {"attention_probs_dropout_prob", &C::attention_probs_dropout_prob},
        {"max_position_embeddings", &C::max_position_embeddings},
        {"type_vocab_size", &C::type_vocab_size},
        {"initializer_range", &C::initializer_range},
        {"layer_norm_eps", &C::layer_norm_eps},
        {"position_embedding_type", &C::position_embedding_type},
        {"classifier_dropout", &C::classifier_dropout},
        {"is_decoder", &C::is_decoder},
        {"add_cross_attention", &C::add_cross_attention},
        {"use_cache", &C::use_cache},
    };
    return all;
  }
};

}  // namespace tl
