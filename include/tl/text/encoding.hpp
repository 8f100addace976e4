// The result of tokenising one text or pair, and the template that puts special tokens around the sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/order.hpp>

namespace tl {

/// One tokenised text (or pair); all lists have one entry per token.
struct Encoding {
  std::vector<std::int32_t> input_ids;
  std::vector<std::int32_t> token_type_ids;
  std::vector<std::int32_t> attention_mask;       ///< 1, and 0 for padding
  std::vector<std::int32_t> special_tokens_mask;  ///< 1 for tokens of the template and padding, 0 for those in the text
  std::vector<std::string> tokens;
  std::vector<std::pair<std::int32_t, std::int32_t>>
      offsets;                             ///< begin and end in code points of the text; (0, 0) if none
  std::vector<std::int32_t> word_ids;      ///< index of the word within its sequence, -1 for none
  std::vector<std::int32_t> sequence_ids;  ///< 0 for the first text, 1 for the second, -1 for none
  std::vector<Encoding> overflowing;       ///< the windows behind this one if it was truncated

  std::size_t size() const { return input_ids.size(); }
};

/// One place of a template: a special token, or sequence A or B.
struct TemplateItem {
  enum class Kind { special, sequence_a, sequence_b };
  Kind kind;
  std::int32_t type_id;
  std::size_t special = 0;  ///< which of PostProcessor::special_tokens
};

/// What is put around one and two sequences. Empty templates add nothing.
struct PostProcessor {
  struct Special {
    std::string name;
    std::vector<std::int32_t> ids;
    std::vector<std::string> tokens;
  };
  enum class Form { none, template_processing, bert_processing };  ///< how tokenizer.json spells it

  Form form = Form::none;
  std::vector<TemplateItem> single{{TemplateItem::Kind::sequence_a, 0}};
  std::vector<TemplateItem> pair{{TemplateItem::Kind::sequence_a, 0}, {TemplateItem::Kind::sequence_b, 1}};
  std::vector<Special> special_tokens;

  /// [CLS] A [SEP] and [CLS] A [SEP] B [SEP], with type 1 from B on.
  static PostProcessor bert(const std::string& cls, std::int32_t cls_id, const std::string& sep, std::int32_t sep_id) {
    using Kind = TemplateItem::Kind;
    PostProcessor out;
    out.form = Form::template_processing;
    const std::size_t end = sep == cls ? 0 : 1;
    for (std::size_t i = 0; i <= end; ++i) {
      Special& special = out.special_tokens.emplace_back();
      special.name = i == 0 ? cls : sep;
      special.ids.push_back(i == 0 ? cls_id : sep_id);
      special.tokens.push_back(special.name);
    }
    out.single = {{Kind::special, 0, 0}, {Kind::sequence_a, 0}, {Kind::special, 0, end}};
    out.pair = out.single;
    out.pair.push_back({Kind::sequence_b, 1});
    out.pair.push_back({Kind::special, 1, end});
    return out;
  }

  /// The special tokens in the order of their names.
  std::vector<std::int64_t> by_name() const {
    return stable_order(special_tokens.size(), [this](std::int64_t a, std::int64_t b) {
      return special_tokens[static_cast<std::size_t>(a)].name < special_tokens[static_cast<std::size_t>(b)].name;
    });
  }

  /// Number of special tokens a template adds.
  std::int64_t added_tokens(bool is_pair) const {
    std::int64_t count = 0;
    for (const auto& item : is_pair ? pair : single)
      if (item.kind == TemplateItem::Kind::special)
        count += static_cast<std::int64_t>(special_tokens[item.special].ids.size());
    return count;
  }
};

}  // namespace tl
