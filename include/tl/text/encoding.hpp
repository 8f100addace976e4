// The result of tokenising one text or pair, and the template that puts special tokens around the sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tl {

/// One tokenised text (or pair); all lists have one entry per token.
struct [[nodiscard]] Encoding {
  std::vector<std::int32_t> input_ids;
  std::vector<std::int32_t> token_type_ids;
  std::vector<std::int32_t> attention_mask;       ///< 1, and 0 for padding
  std::vector<std::int32_t> special_tokens_mask;  ///< 1 for tokens of the template and padding, 0 for those in the text
  std::vector<std::string> tokens;
  std::vector<std::pair<std::int32_t, std::int32_t>>
      offsets;                             ///< begin and end in code points of the text; (0, 0) if none
  std::vector<std::int32_t> word_ids;      ///< index of the word within its sequence, -1 for none
  std::vector<std::int32_t> sequence_ids;  ///< 0 for the first text, 1 for the second, -1 for none
  std::vector<Encoding> overflowing;       ///< the windows after this one if it was truncated

  std::size_t size() const { return input_ids.size(); }
};

/// One place of a template: a special token, or sequence A or B.
struct TemplateItem {
  enum class Kind { special, sequence_a, sequence_b };
  Kind kind;
  std::int32_t type_id;
  std::size_t special = 0;  ///< which of PostProcessor::names
};

/// What is put around one and two sequences, as tokenizer.json spells it.
struct PostProcessor {
  enum class Form { none, template_processing, bert_processing, sequence };

  Form form = Form::none;
  std::vector<TemplateItem> single{{TemplateItem::Kind::sequence_a, 0}};
  std::vector<TemplateItem> pair{{TemplateItem::Kind::sequence_a, 0}, {TemplateItem::Kind::sequence_b, 1}};
  // The special token names[i] of the templates stands for the tokens, with their ids, from ends[i - 1] to ends[i].
  std::vector<std::string> names, tokens;
  std::vector<std::int32_t> ids;
  std::vector<std::size_t> ends;
  std::vector<PostProcessor> parts{};  ///< of a sequence: each works on the result of the one before

  /// Makes an empty one put [CLS] A [SEP] and [CLS] A [SEP] B [SEP], with type 1 from B on.
  void set_bert(const std::string& cls, std::int32_t cls_id, const std::string& sep, std::int32_t sep_id) {
    using Kind = TemplateItem::Kind;
    form = Form::template_processing;
    add(cls, cls_id);
    if (sep != cls || sep_id != cls_id) add(sep, sep_id);
    const std::size_t end = names.size() - 1;
    single = {{Kind::special, 0, 0}, {Kind::sequence_a, 0}, {Kind::special, 0, end}};
    pair = {{Kind::special, 0, 0},
            {Kind::sequence_a, 0},
            {Kind::special, 0, end},
            {Kind::sequence_b, 1},
            {Kind::special, 1, end}};
  }

  /// Adds a special token that stands for itself.
  void add(const std::string& token, std::int32_t id) {
    names.push_back(token);
    tokens.push_back(token);
    ids.push_back(id);
    end_special();
  }

  /// Ends the list of what the last of the names stands for.
  void end_special() { ends.push_back(ids.size()); }

  /// The index of a special token, or their number if there is none of this name.
  std::size_t find(const std::string& name) const {
    std::size_t i = 0;
    while (i < names.size() && names[i] != name) ++i;
    return i;
  }

  std::size_t begin_of(std::size_t special) const { return special == 0 ? 0 : ends[special - 1]; }

  /// The ids that a special token of a template stands for.
  std::span<const std::int32_t> ids_of(const TemplateItem& item) const {
    return {ids.data() + begin_of(item.special), ids.data() + ends[item.special]};
  }

  /// Number of special tokens that are left free in truncation: those of the templates, in a sequence of all parts.
  std::int64_t added_tokens(bool is_pair) const {
    std::int64_t count = 0;
    for (const PostProcessor& part : parts) count += part.added_tokens(is_pair);
    if (form == Form::sequence) return count;
    for (const auto& item : is_pair ? pair : single)
      if (item.kind == TemplateItem::Kind::special) count += static_cast<std::int64_t>(ids_of(item).size());
    return count;
  }
};

}  // namespace tl
