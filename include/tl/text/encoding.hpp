// The result of tokenising one text or pair, and the template that puts special tokens around the sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

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
  std::string special;  ///< key into PostProcessor::special_tokens
  std::int32_t type_id = 0;
};

/// What is put around one and two sequences. Empty templates add nothing.
struct PostProcessor {
  struct Special {
    std::vector<std::int32_t> ids;
    std::vector<std::string> tokens;
  };
  enum class Form { none, template_processing, bert_processing };  ///< how tokenizer.json spells it

  Form form = Form::none;
  std::vector<TemplateItem> single{{TemplateItem::Kind::sequence_a, "", 0}};
  std::vector<TemplateItem> pair{{TemplateItem::Kind::sequence_a, "", 0}, {TemplateItem::Kind::sequence_b, "", 1}};
  std::map<std::string, Special> special_tokens;

  /// [CLS] A [SEP] and [CLS] A [SEP] B [SEP], with type 1 from B on.
  static PostProcessor bert(const std::string& cls, std::int32_t cls_id, const std::string& sep, std::int32_t sep_id) {
    using Kind = TemplateItem::Kind;
    PostProcessor out;
    out.form = Form::template_processing;
    out.pair.clear();
    const auto add = [&out](Kind kind, const std::string& special, std::int32_t type_id) {
      out.pair.push_back({kind, special, type_id});
    };
    add(Kind::special, cls, 0);
    add(Kind::sequence_a, "", 0);
    add(Kind::special, sep, 0);
    out.single = out.pair;
    add(Kind::sequence_b, "", 1);
    add(Kind::special, sep, 1);
    const auto name = [&out](const std::string& token, std::int32_t id) {
      Special& special = out.special_tokens[token];
      special.ids.push_back(id);
      special.tokens.push_back(token);
    };
    name(cls, cls_id);
    if (sep != cls) name(sep, sep_id);
    return out;
  }

  /// Number of special tokens a template adds.
  std::int64_t added_tokens(bool is_pair) const {
    std::int64_t count = 0;
    for (const auto& item : is_pair ? pair : single)
      if (item.kind == TemplateItem::Kind::special)
        count += static_cast<std::int64_t>(special_tokens.at(item.special).ids.size());
    return count;
  }
};

}  // namespace tl
