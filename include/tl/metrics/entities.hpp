// Entities of sequences of tags, as seqeval finds them: in its default mode, which any order of tags passes (an I-
// without its B- begins an entity, as in the script of CoNLL-2000), and by the rules of one scheme alone.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>

namespace tl::metrics {

/// An entity of `type`, from the first to the last of its words.
struct Entity {
  std::string type;
  std::int64_t sequence = 0, start = 0, end = 0;  ///< `end` is the last word, not the one after it

  auto operator<=>(const Entity&) const = default;
};

using Tags = std::span<const std::string>;
using TagSequences = std::span<const std::vector<std::string>>;

/// IOB2: every entity begins with B-. IOB1: only one right after another of its type does. IOE1 and IOE2: the same with
/// E- at the end. IOBES, and BILOU with other letters: first, inner, last and only word of an entity differ.
enum class Scheme { iob1, iob2, ioe1, ioe2, iobes, bilou };

namespace detail {

/// A tag as its first letter and its type, "_" if it has none; `suffix`: the letter is the last one, PER-B.
struct Tag {
  char prefix = 'O';
  std::string_view type{};
};

/// The tag in seqeval's default mode, in which the type begins after the first hyphen.
inline Tag lenient_tag(std::string_view tag, bool suffix) {
  check(!tag.empty(), ErrorCode::invalid_argument, "get_entities: expected a tag, got an empty text");
  std::string_view type;
  if (suffix) {
    type = tag.substr(0, tag.size() - 1);
    if (const auto hyphen = type.rfind('-'); hyphen != std::string_view::npos) type = type.substr(0, hyphen);
  } else {
    std::size_t first = 1;  // of a tag that begins with a letter of several bytes all of them
    while (first < tag.size() && (static_cast<unsigned char>(tag[first]) & 0xc0) == 0x80) ++first;
    type = tag.substr(first);
    if (const auto hyphen = type.find('-'); hyphen != std::string_view::npos) type = type.substr(hyphen + 1);
  }
  return {suffix ? tag.back() : tag.front(), type.empty() ? std::string_view("_") : type};
}

inline bool ends_entity(const Tag& previous, const Tag& tag) {
  if (previous.prefix == 'E' || previous.prefix == 'S') return true;
  if (previous.prefix == 'B' || previous.prefix == 'I')
    if (tag.prefix == 'B' || tag.prefix == 'S' || tag.prefix == 'O') return true;
  return previous.prefix != 'O' && previous.prefix != '.' && previous.type != tag.type;
}

inline bool starts_entity(const Tag& previous, const Tag& tag) {
  if (tag.prefix == 'B' || tag.prefix == 'S') return true;
  if (previous.prefix == 'E' || previous.prefix == 'S' || previous.prefix == 'O')
    if (tag.prefix == 'E' || tag.prefix == 'I') return true;
  return tag.prefix != 'O' && tag.prefix != '.' && previous.type != tag.type;
}

/// Which neighbours begin, continue and end an entity of a scheme.
struct Rule {
  std::string_view previous, tag;
  enum class Type { same, other, any } type = Type::any;

  bool holds(const Tag& before, const Tag& now) const {
    return previous.find(before.prefix) != std::string_view::npos && tag.find(now.prefix) != std::string_view::npos &&
           (type == Type::any || (type == Type::same) == (before.type == now.type));
  }
};

struct SchemeRules {
  std::string_view name, prefixes;
  std::vector<Rule> start, inside, end;
};

inline bool any_holds(const std::vector<Rule>& rules, const Tag& before, const Tag& now) {
  for (const Rule& rule : rules)
    if (rule.holds(before, now)) return true;
  return false;
}

inline SchemeRules rules_of(Scheme scheme) {
  using enum Rule::Type;
  constexpr std::string_view all = "IOBESUL";
  switch (scheme) {
    case Scheme::iob1:
      return {"IOB1",
              "IOB",
              {{"O", "I"}, {"I", "I", other}, {"B", "I"}, {"IB", "B", same}},
              {{"BI", "I", same}},
              {{"I", "I", other}, {"IB", "O"}, {"I", "B"}, {"B", "I", other}, {"B", "B", same}}};
    case Scheme::iob2: return {"IOB2", "IOB", {{all, "B"}}, {{"BI", "I", same}}, {{"IB", "OB"}, {"IB", "I", other}}};
    case Scheme::ioe1:
      return {"IOE1",
              "IOE",
              {{"O", "I"}, {"I", "I", other}, {"E", "I"}, {"E", "E", same}},
              {{"I", "IE", same}},
              {{"I", "I", other}, {"I", "O"}, {"I", "E", other}, {"E", "IE", same}}};
    case Scheme::ioe2: return {"IOE2", "IOE", {{"OE", "IE"}, {"I", "IE", other}}, {{"I", "IE", same}}, {{"E", all}}};
    case Scheme::iobes: return {"IOBES", "IOBES", {{all, "BS"}}, {{"BI", "IE", same}}, {{"SE", all}}};
    case Scheme::bilou: break;
  }
  return {"BILOU", "BILOU", {{all, "BU"}}, {{"BI", "IL", same}}, {{"UL", all}}};
}

/// The tag as a scheme reads it, in which hyphens around the type do not count.
inline Tag strict_tag(std::string_view tag, bool suffix) {
  check(!tag.empty(), ErrorCode::invalid_argument, "get_entities: expected a tag, got an empty text");
  std::string_view type = suffix ? tag.substr(0, tag.size() - 1) : tag.substr(1);
  while (type.starts_with('-')) type.remove_prefix(1);
  while (type.ends_with('-')) type.remove_suffix(1);
  return {suffix ? tag.back() : tag.front(), type.empty() ? std::string_view("_") : type};
}

inline std::vector<Entity> strict_entities(Tags words, std::int64_t sequence, const SchemeRules& rules, bool suffix) {
  std::vector<Tag> tags;
  for (const std::string& word : words) {
    tags.push_back(strict_tag(word, suffix));
    check(rules.prefixes.find(tags.back().prefix) != std::string_view::npos, ErrorCode::invalid_argument,
          "get_entities: expected tags of ", rules.name, ", whose letters are ", rules.prefixes, ", got ", word,
          " at word ", tags.size() - 1, " of sequence ", sequence);
  }
  tags.push_back({'O', "_"});
  std::vector<Entity> entities;
  Tag previous = tags.back();
  for (std::size_t i = 0; i < tags.size();) {
    const std::size_t start = i++;
    if (any_holds(rules.start, previous, tags[start])) {
      while (i < tags.size() && any_holds(rules.inside, tags[i - 1], tags[i])) ++i;
      if (i < tags.size() && any_holds(rules.end, tags[i - 1], tags[i]))
        entities.push_back({std::string(tags[start].type), sequence, static_cast<std::int64_t>(start),
                            static_cast<std::int64_t>(i) - 1});
    }
    previous = tags[i - 1];
  }
  return entities;
}

}  // namespace detail

/// The entities of all sequences in seqeval's default mode; `suffix`: tags are PER-B instead of B-PER.
/// Throws Error(invalid_argument) for an empty tag.
inline std::vector<Entity> get_entities(TagSequences sequences, bool suffix = false) {
  std::vector<Entity> entities;
  detail::Tag previous{'O', ""};
  std::int64_t sequence = 0, first = 0, begin = 0;  // where the sequence and the entity begin, in all words
  const auto visit = [&](const detail::Tag& tag, std::int64_t at) {
    if (detail::ends_entity(previous, tag))
      entities.push_back({std::string(previous.type), sequence, begin - first, at - 1 - first});
    if (detail::starts_entity(previous, tag)) begin = at;
    previous = tag;
  };
  for (const std::vector<std::string>& tags : sequences) {
    std::int64_t at = first;
    for (const std::string& tag : tags) visit(detail::lenient_tag(tag, suffix), at++);
    visit({'O', "_"}, at++);  // no entity goes on in the next sequence
    first = at;
    ++sequence;
  }
  return entities;
}

/// The entities of one sequence in seqeval's default mode.
inline std::vector<Entity> get_entities(const std::vector<std::string>& tags, bool suffix = false) {
  return get_entities(TagSequences(&tags, 1), suffix);
}

/// The entities of all sequences by the rules of a scheme: what breaks them is none.
/// Throws Error(invalid_argument) for a tag with a letter that the scheme does not have.
inline std::vector<Entity> get_entities(TagSequences sequences, Scheme scheme, bool suffix = false) {
  const detail::SchemeRules rules = detail::rules_of(scheme);
  std::vector<Entity> entities;
  std::int64_t sequence = 0;
  for (const std::vector<std::string>& tags : sequences)
    for (Entity& entity : detail::strict_entities(tags, sequence++, rules, suffix))
      entities.push_back(std::move(entity));
  return entities;
}

/// The scheme that has the letters of all tags: IOB2, IOE2, IOBES or BILOU, as seqeval detects it.
/// Throws Error(invalid_argument) for letters that make none of them.
inline Scheme detect_scheme(TagSequences sequences, bool suffix = false) {
  std::string letters;
  for (const std::vector<std::string>& tags : sequences)
    for (const std::string& tag : tags)
      if (const char letter = detail::strict_tag(tag, suffix).prefix; letters.find(letter) == std::string::npos)
        letters += letter;
  const auto has = [&letters](char letter) { return letters.find(letter) != std::string::npos; };
  const auto only = [&letters](std::string_view some) { return letters.find_first_not_of(some) == std::string::npos; };
  if (only("IOB") && has('B')) return Scheme::iob2;
  if (only("IOE") && has('E')) return Scheme::ioe2;
  if (only("IOBES") && ((has('B') && has('E')) || letters == "S")) return Scheme::iobes;
  if (only("BILOU") && ((has('B') && has('L')) || letters == "U")) return Scheme::bilou;
  fail(ErrorCode::invalid_argument, "detect_scheme: expected the letters of IOB2, IOE2, IOBES or BILOU, got ",
       letters.empty() ? "none" : letters, "; name the scheme");
}

}  // namespace tl::metrics
