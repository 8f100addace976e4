// DistilBertConfig: the architecture of a DistilBERT and its labels, read from and written to config.json with the
// reference's names, aliases, defaults and rules. Keys that tl does not know are kept and written back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <tl/models/config_file.hpp>

namespace tl {

/// The config.json of a DistilBERT; defaults are those of the reference.
struct DistilBertConfig : PretrainedConfig {
  bool sinusoidal_pos_embds = false;
  std::int64_t n_layers = 6;
  std::int64_t n_heads = 12;
  std::int64_t dim = 768;
  std::int64_t hidden_dim = 3072;
  double dropout = 0.1;
  double attention_dropout = 0.1;
  std::string activation = "gelu";
  double qa_dropout = 0.1;
  double seq_classif_dropout = 0.2;

  std::string_view class_name() const override { return "DistilBertConfig"; }
  std::string_view model_type() const override { return "distilbert"; }

  DistilBertConfig() {
    vocab_size = 30522;
    max_position_embeddings = 512;
    pad_token_id = 0;
    set_num_labels(2);
  }

  /// Width of the hidden states.
  std::int64_t width() const { return dim; }
  /// Of the head for tokens.
  double head_dropout() const { return dropout; }

  /// The activation of the feed-forward layers. Throws Error(invalid_argument) for one that tl does not have.
  Activation activation_function() const { return detail::config_activation("activation", activation); }

  /// Throws one Error(invalid_argument) that lists every field with an impossible value. `where` names the source.
  void validate(std::string_view where = {}) const override {
    detail::validate_config(*this,
                            {.layers = {"n_layers", n_layers},
                             .heads = {"n_heads", n_heads},
                             .width = {"dim", dim},
                             .hidden = {"hidden_dim", hidden_dim},
                             .probabilities = {{"dropout", dropout},
                                               {"attention_dropout", attention_dropout},
                                               {"seq_classif_dropout", seq_classif_dropout},
                                               {"qa_dropout", qa_dropout}},
                             .activation = {"activation", activation}},
                            where);
  }

  /// Sets fields from "name=value,name=value", e.g. "dropout=0,attention_dropout=0".
  /// Throws Error(invalid_argument) for a name that is not a field, or a value of another type.
  void update_from_string(std::string_view text) { detail::update_config(*this, text); }

  /// Reads config.json of a model, given by its folder or its name. Throws Error(io), Error(format) or
  /// Error(invalid_argument) with the path, and what hub::model_folder() throws.
  static DistilBertConfig from_pretrained(const std::filesystem::path& name_or_path, const hub::Options& hub = {}) {
    DistilBertConfig config;
    detail::read_config_file(config, hub::model_folder(name_or_path, hub, hub::ModelFiles::configuration));
    return config;
  }

  /// Reads the content of a config.json; `where` names it in errors.
  static DistilBertConfig from_json(const Json& json, const std::string& where) {
    DistilBertConfig config;
    detail::read_config(config, json, where);
    return config;
  }

  /// The content of config.json for a model of class `architecture`, as the reference writes it.
  Json to_json(const std::string& architecture) const { return detail::config_json(*this, architecture); }

  /// The fields that a file stores under their own names.
  std::span<const ConfigField> fields() const override {
    using C = DistilBertConfig;
    static const ConfigField all[] = {
        {"vocab_size", &C::vocab_size},
        {"max_position_embeddings", &C::max_position_embeddings},
        {"sinusoidal_pos_embds", &C::sinusoidal_pos_embds},
        {"n_layers", &C::n_layers},
        {"n_heads", &C::n_heads},
        {"dim", &C::dim},
        {"hidden_dim", &C::hidden_dim},
        {"dropout", &C::dropout},
        {"attention_dropout", &C::attention_dropout},
        {"activation", &C::activation},
        {"initializer_range", &C::initializer_range},
        {"qa_dropout", &C::qa_dropout},
        {"seq_classif_dropout", &C::seq_classif_dropout},
    };
    return all;
  }

  /// The reference's other names of some fields.
  std::string_view canonical_key(std::string_view key) const override {
    if (key == "hidden_size") return "dim";
    if (key == "num_attention_heads") return "n_heads";
    if (key == "num_hidden_layers") return "n_layers";
    return key;
  }
};

}  // namespace tl
