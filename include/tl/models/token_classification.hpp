// The head for a class of each token, of any family's encoder.
#pragma once

#include <string_view>

#include <tl/models/model.hpp>
#include <tl/nn/dropout.hpp>
#include <tl/nn/linear.hpp>

namespace tl {

/// logits = classifier(dropout(h)) for all tokens. `Encoder` has, beside what PreTrainedModel asks of it,
/// last_hidden_state(), head_dropout_site(), the name of this class, `token_classifier`, and in its configuration
/// width() and head_dropout().
template <class Encoder> struct TokenClassificationNetwork {
  using Config = typename Encoder::Config;
  static constexpr std::string_view class_name = Encoder::token_classifier, type_name = class_name;
  static constexpr Task task = Task::token_classification;

  Encoder encoder;
  nn::Dropout dropout;
  nn::Linear<float> classifier;

  explicit TokenClassificationNetwork(const Config& config)
      : encoder(config),
        dropout{config.head_dropout(), Encoder::head_dropout_site(config)},
        classifier(config.width(), config.num_labels()) {}

  Encoder& base() { return encoder; }

  ModelOutput forward(const Batch& batch, const nn::ForwardContext& context) const {
    Variable<float> state = encoder.last_hidden_state(batch, context);  // [N, D]
    state = ops::dropout(state, context.dropout_for_tokens(dropout.p, dropout.site, batch), context.precision, &batch);
    return {.logits = classifier(state, context)};  // [N, C]
  }

  template <class Visit> void members(Visit& visit) {
    visit(Encoder::prefix.substr(0, Encoder::prefix.size() - 1), encoder);
    visit("dropout", dropout);
    visit("classifier", classifier);
  }
};

}  // namespace tl
