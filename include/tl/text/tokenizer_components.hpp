// Reads the components of tokenizer.json: normalizer, pre-tokenizer and post-processor. What is not supported is named
// with its type and its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/text/encoding.hpp>
#include <tl/text/json_view.hpp>
#include <tl/text/layout.hpp>
#include <tl/text/normalizer_steps.hpp>
#include <tl/text/pre_tokenizer.hpp>

namespace tl::detail::text {

/// The value that a table of names gives for the text under `key`. Throws format with all names if it gives none.
template <class Value, std::size_t n>
Value named_value(const JsonView& from, const char* key, const std::pair<std::string_view, Value> (&names)[n]) {
  const std::string& name = from.text(key);
  std::string list;
  for (const auto& [known, value] : names) {
    if (name == known) return value;
    list += str_cat(list.empty() ? "" : ", ", "\"", known, "\"");
  }
  fail(ErrorCode::format, from.where(), ".", key, ": expected one of ", list, ", got \"", name, "\"");
}

/// Calls read(view) for every element of an array, which must be objects.
template <class Read> void for_each_object(const JsonView& list, Read&& read) {
  for (std::size_t i = 0; i < list.value.size(); ++i) {
    const std::string place = str_cat('[', i, ']');
    const JsonView view{list.value[i], place, &list};
    view.expect(view.value.is_object(), "an object");
    read(view);
  }
}

inline NormalizerOptions read_bert_normalizer(const JsonView& from) {
  NormalizerOptions options;
  options.clean_text = from.flag_or("clean_text", true);
  options.handle_chinese_chars = from.flag_or("handle_chinese_chars", true);
  if (from.has("strip_accents")) options.strip_accents = from.flag("strip_accents");
  options.lowercase = from.flag_or("lowercase", true);
  return options;
}

/// The text that a Replace looks for. An expression without special characters is a text, too.
inline std::string read_pattern(const JsonView& from) {
  const JsonView pattern = from.object("pattern");
  if (pattern.has("String")) {
    const std::string& text = pattern.text("String");
    pattern.at("String").expect(!text.empty(), "a text that is not empty");
    return text;
  }
  const std::string& expression = pattern.text("Regex");
  if (expression.empty() || expression.find_first_of("\\.+*?()|[]{}^$") != std::string::npos)
    fail(ErrorCode::format, pattern.where(), ": expected a text ({\"String\": ...}), got the regular expression \"",
         expression, "\", which is not supported");
  return expression;
}

inline NormalizerStep read_normalizer(const JsonView& from) {
  using Kind = NormalizerStep::Kind;
  NormalizerStep step{.kind = named_value(from, "type", normalizer_names)};
  if (step.kind == Kind::bert) step.bert = read_bert_normalizer(from);
  if (step.kind == Kind::strip) {
    step.strip_left = from.flag("strip_left");
    step.strip_right = from.flag("strip_right");
  }
  if (step.kind == Kind::replace) {
    step.pattern = read_pattern(from);
    step.content = from.text("content");
  }
  if (step.kind == Kind::prepend) {
    step.content = from.text("prepend");
    from.at("prepend").expect(!step.content.empty(), "a text that is not empty");
  }
  if (step.kind == Kind::sequence)
    for_each_object(from.array("normalizers"),
                    [&step](const JsonView& part) { step.parts.push_back(read_normalizer(part)); });
  return step;
}

inline PreTokenizerStep read_pre_tokenizer(const JsonView& from) {
  using Kind = PreTokenizerStep::Kind;
  PreTokenizerStep step{.kind = named_value(from, "type", pre_tokenizer_names)};
  if (step.kind == Kind::punctuation && from.has("behavior"))
    step.behavior = named_value(from, "behavior", behavior_names);
  if (step.kind == Kind::digits) step.individual_digits = from.flag("individual_digits");
  if (step.kind == Kind::sequence)
    for_each_object(from.array("pretokenizers"),
                    [&step](const JsonView& part) { step.parts.push_back(read_pre_tokenizer(part)); });
  return step;
}

/// `specials`: the index of every special token in the post-processor, by its name.
inline std::vector<TemplateItem> read_template(const JsonView& list,
                                               const std::map<std::string_view, std::size_t>& specials) {
  std::vector<TemplateItem> items;
  for (const Json& entry : list.value) {
    const std::string place = str_cat('[', items.size(), ']');
    const JsonView view{entry, place, &list};
    view.expect(entry.is_object(), "an object");
    const bool is_special = view.has("SpecialToken");
    const JsonView item = view.object(is_special ? "SpecialToken" : "Sequence");
    const std::string& name = item.text("id");
    auto kind = TemplateItem::Kind::special;
    if (!is_special) {
      item.at("id").expect(name == "A" || name == "B", "\"A\" or \"B\"");
      kind = name == "A" ? TemplateItem::Kind::sequence_a : TemplateItem::Kind::sequence_b;
    }
    const std::int32_t type_id = item.id("type_id");
    const auto special = specials.find(name);
    if (is_special && special == specials.end())
      fail(ErrorCode::format, item.where(), ".id: expected a name in special_tokens, got \"", name, "\"");
    items.push_back({kind, type_id, is_special ? special->second : 0});
  }
  return items;
}

inline void read_bert_processing(const JsonView& from, PostProcessor& out) {
  const auto pair_at = [&](const char* key) -> const Json& {
    const JsonView pair = from.array(key);
    pair.expect(pair.value.size() == 2 && pair.value[0].is_string() && is_id(pair.value[1]), "a token and its id");
    return pair.value;
  };
  const Json &sep = pair_at("sep"), &cls = pair_at("cls");
  out.set_bert(string_of(cls[0]), cls[1].get<std::int32_t>(), string_of(sep[0]), sep[1].get<std::int32_t>());
  out.form = PostProcessor::Form::bert_processing;
}

inline void read_template_processing(const JsonView& from, PostProcessor& out) {
  out.form = PostProcessor::Form::template_processing;
  const JsonView specials = from.object("special_tokens");
  for (const auto& [name, entry] : members_of(specials.value)) {
    const JsonView view = specials.member(name, entry);
    view.expect(entry.is_object(), "an object");
    const JsonView ids = view.array("ids"), tokens = view.array("tokens");
    for (const Json& id : ids.value) {
      ids.expect(is_id(id), "an array of ids");
      out.ids.push_back(id.get<std::int32_t>());
    }
    for (const Json& token : tokens.value) {
      tokens.expect(token.is_string(), "an array of strings");
      out.tokens.push_back(token.get<std::string>());
    }
    tokens.expect(out.tokens.size() == out.ids.size(), "as many tokens as ids");
    out.names.push_back(name);
    out.end_special();
  }
  std::map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < out.names.size(); ++i) index.emplace(out.names[i], i);
  out.single = read_template(from.array("single"), index);
  out.pair = read_template(from.array("pair"), index);
}

/// Fills an empty post-processor.
inline void read_post_processor(const JsonView& from, PostProcessor& out) {
  const std::string& type = from.text("type");
  if (type == "BertProcessing") return read_bert_processing(from, out);
  if (type == "TemplateProcessing") return read_template_processing(from, out);
  if (type != "Sequence")
    fail(ErrorCode::format, from.where(),
         ".type: expected \"TemplateProcessing\", \"BertProcessing\" or \"Sequence\" of these, got \"", type, "\"");
  out.form = PostProcessor::Form::sequence;
  for_each_object(from.array("processors"),
                  [&out](const JsonView& part) { read_post_processor(part, out.parts.emplace_back()); });
}

/// Throws format if the parts of a post-processor do not fit together.
inline void check_layouts(const PostProcessor& processor, const JsonView& from) {
  try {
    for (const bool pair : {false, true}) make_layout(processor, pair, true);
  } catch (const Error& error) {
    fail(ErrorCode::format, from.where(), ": ", error.what());
  }
}

}  // namespace tl::detail::text
