// What a post-processor makes of one or two sequences, worked out once: a list of tokens and sequences in order. A
// sequence of post-processors hands on a list of encodings, first one or two and after a template one for each of its
// places; only what the reference would accept of that is accepted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/text/encoding.hpp>

namespace tl::detail::text {

/// One special token, or all tokens of sequence A or B.
struct LayoutItem {
  TemplateItem::Kind kind = TemplateItem::Kind::special;
  std::int32_t type_id = 0;
  std::int32_t overflow_type_id = 0;  // in the windows after the first, which templates do not reach
  std::int32_t id = 0;
  std::string token{};
  bool is_special = false;        // as special_tokens_mask says
  std::int32_t sequence_id = -1;  // the index of the text, -1 for none
};

/// What surrounds the texts of one call, and how many special tokens that adds.
struct Layout {
  std::vector<LayoutItem> items;
  std::size_t special_tokens = 0;
};

/// An encoding of the reference, with places for the texts.
struct PartialLayout {
  std::vector<LayoutItem> items;
  std::map<std::size_t, std::pair<std::size_t, std::size_t>> sequences;  // text -> range of items
};

inline LayoutItem special_item(const PostProcessor& from, std::size_t at, std::int32_t type_id) {
  return {.type_id = type_id,
          .overflow_type_id = type_id,
          .id = from.ids[at],
          .token = from.tokens[at],
          .is_special = true};
}

inline std::vector<PartialLayout> apply_bert(const PostProcessor& from, std::vector<PartialLayout> encodings) {
  for (std::size_t i = 0; i < encodings.size(); ++i) {
    auto& [items, sequences] = encodings[i];
    for (LayoutItem& item : items) item.is_special = false;
    const auto type_id = static_cast<std::int32_t>(i != 0);
    if (i == 0) items.insert(items.begin(), special_item(from, 0, type_id));
    sequences.clear();
    sequences[i != 0] = {i == 0 ? 1 : 0, items.size()};
    items.push_back(special_item(from, from.ids.size() - 1, type_id));
  }
  return encodings;
}

inline std::vector<PartialLayout> apply_template(const PostProcessor& from, std::vector<PartialLayout> encodings,
                                                 bool special) {
  check(encodings.size() <= 2, ErrorCode::format,
        "expected one or two encodings in front of a TemplateProcessing, got ", encodings.size(),
        " from the post-processor before it");
  std::vector<PartialLayout> out;
  for (const TemplateItem& place : encodings.size() == 2 ? from.pair : from.single) {
    if (place.kind == TemplateItem::Kind::special) {
      if (!special) continue;
      PartialLayout& tokens = out.emplace_back();
      for (std::size_t at = from.begin_of(place.special); at < from.ends[place.special]; ++at)
        tokens.items.push_back(special_item(from, at, place.type_id));
      continue;
    }
    const std::size_t text = place.kind == TemplateItem::Kind::sequence_b;
    check(text < encodings.size(), ErrorCode::format, "expected the template of one text to use A only, got B");
    PartialLayout& sequence = encodings[text];
    for (LayoutItem& item : sequence.items) item.type_id = place.type_id;
    sequence.sequences[text] = {0, sequence.items.size()};
    out.push_back(sequence);
  }
  return out;
}

inline std::vector<PartialLayout> apply_processor(const PostProcessor& from, std::vector<PartialLayout> encodings,
                                                  bool special) {
  switch (from.form) {
    case PostProcessor::Form::template_processing: return apply_template(from, std::move(encodings), special);
    case PostProcessor::Form::bert_processing:
      return special ? apply_bert(from, std::move(encodings)) : std::move(encodings);
    case PostProcessor::Form::sequence:
      for (const PostProcessor& part : from.parts) encodings = apply_processor(part, std::move(encodings), special);
      break;
    case PostProcessor::Form::none: break;
  }
  return encodings;
}

/// The layout of one text or a pair. Throws format if the parts of a sequence do not fit together.
inline Layout make_layout(const PostProcessor& from, bool pair, bool special) {
  using Kind = TemplateItem::Kind;
  std::vector<PartialLayout> encodings;
  for (std::int32_t text = 0; text < (pair ? 2 : 1); ++text) {
    LayoutItem item{.kind = text == 0 ? Kind::sequence_a : Kind::sequence_b, .type_id = text, .overflow_type_id = text};
    encodings.push_back({{item}, {{static_cast<std::size_t>(text), {0, 1}}}});
  }
  Layout out;
  std::map<std::size_t, std::pair<std::size_t, std::size_t>> sequences;  // of equal texts the last place counts
  for (PartialLayout& part : apply_processor(from, std::move(encodings), special)) {
    for (const auto& [text, range] : part.sequences)
      sequences[text] = {out.items.size() + range.first, out.items.size() + range.second};
    for (LayoutItem& item : part.items) out.items.push_back(std::move(item));
  }
  // Texts are numbered up to their count; one that has no place stands for everything.
  for (std::size_t text = 0; text < std::max<std::size_t>(sequences.size(), 1); ++text) {
    const auto found = sequences.find(text);
    const auto [begin, end] = found == sequences.end() ? std::pair{std::size_t{0}, out.items.size()} : found->second;
    for (std::size_t i = begin; i < end; ++i) out.items[i].sequence_id = static_cast<std::int32_t>(text);
  }
  for (const LayoutItem& item : out.items) out.special_tokens += item.kind == Kind::special;
  return out;
}

}  // namespace tl::detail::text
