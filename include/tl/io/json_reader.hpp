// Reads JSON as Python's json module does: NaN, Infinity and -Infinity are numbers, the last value of a repeated key
// counts, in the place of the first, and errors say what was expected at which byte. nlohmann's SAX parser knows the
// grammar; what it finds is put together here, because its own objects look through all keys for each new one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/json_value.hpp>

namespace tl {

namespace detail {

/// Collects the members of an object in linear time; a repeated key replaces the former value. Keys whose hashes
/// collide by intention make it sort instead.
class JsonObjectBuilder {
 public:
  /// Adds a member, or replaces the value of its key.
  void add(std::string key, Json value) {
    if (members_.size() < few) {
      if (members_.capacity() == 0) members_.reserve(few);
      for (Member& member : members_)
        if (member.first == key) return void(member.second = std::move(value));
    } else {
      if (hashed_ && 2 * (members_.size() + 1) > slots_.size()) grow();
      std::int64_t* const slot = hashed_ ? slot_of(key) : nullptr;
      if (slot != nullptr && *slot != none)
        return void(members_[static_cast<std::size_t>(*slot)].second = std::move(value));
      if (slot != nullptr) *slot = static_cast<std::int64_t>(members_.size());
    }
    members_.emplace_back(std::move(key), std::move(value));
  }

  /// The object. The builder is empty afterwards and keeps its memory.
  Json finish() {
    if (!hashed_) merge_repeated();
    Json::object_t object;
    object.reserve(members_.size());  // growing would copy, because the keys of the pairs in it are const
    for (Member& member : members_) object.emplace_back(std::move(member.first), std::move(member.second));
    members_.clear();
    slots_.clear();
    hashed_ = true;
    return object;
  }

 private:
  using Member = std::pair<std::string, Json>;
  static constexpr std::size_t few = 8;  // are compared one by one
  static constexpr std::int64_t none = -1;
  static constexpr int most_probes = 256;  // at most half of the slots are taken, so chance needs some ten

  /// The slot that holds the key or is free for it; nullptr if that takes too long to find.
  std::int64_t* slot_of(std::string_view key) {
    std::size_t at = std::hash<std::string_view>{}(key) % slots_.size();
    for (int probes = 0; slots_[at] != none && members_[static_cast<std::size_t>(slots_[at])].first != key; ++probes) {
      if (probes == most_probes) {
        hashed_ = false;
        return nullptr;
      }
      at = (at + 1) % slots_.size();
    }
    return &slots_[at];
  }

  void grow() {
    slots_.assign(std::max(4 * few, 4 * slots_.size()), none);
    for (std::size_t i = 0; i < members_.size(); ++i) {
      std::int64_t* const slot = slot_of(members_[i].first);
      if (slot == nullptr) return;
      *slot = static_cast<std::int64_t>(i);
    }
  }

  /// Gives the first member of each key the last value, and removes the others.
  void merge_repeated() {
    const auto member = [this](std::int64_t i) -> Member& { return members_[static_cast<std::size_t>(i)]; };
    const auto order = argsort(members_.size(), [&](auto a, auto b) { return member(a).first < member(b).first; });
    std::vector<bool> repeated(members_.size());
    for (auto at = order.begin(); at != order.end();) {
      Member& first = member(*at);
      for (++at; at != order.end() && member(*at).first == first.first; ++at) {
        first.second = std::move(member(*at).second);
        repeated[static_cast<std::size_t>(*at)] = true;
      }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (repeated[i]) continue;
      if (kept != i) members_[kept] = std::move(members_[i]);
      ++kept;
    }
    members_.resize(kept);
  }

  std::vector<Member> members_;
  std::vector<std::int64_t> slots_;  // numbers of members, at the hashes of their keys or after
  bool hashed_ = true;
};

/// Takes one member of the outermost object; see parse_json_members().
using TakeMember = std::function<void(std::string key, Json value)>;

/// Receives the events of nlohmann's SAX parser and builds the value.
class JsonReader {
 public:
  JsonReader(std::string_view text, std::string_view where, std::size_t first_byte)
      : text_(text), where_(where), first_byte_(first_byte), masked_(mask_literals(text)) {}

  /// With `take`, the members of the outermost object go there as they are read and are not kept.
  Json read(const TakeMember* take = nullptr) {
    take_ = take;
    if (text_.empty()) fail_at(0, "'[', '{', or a literal", "end of input");  // versions of nlohmann/json differ here
    const std::size_t zero = text_.find('\0');                                // the parser takes it for the end
    if (zero != std::string_view::npos) fail_at(zero, "JSON in UTF-8", "a NUL byte");
    const std::string_view text = masked_.empty() ? text_ : masked_;
    begin_ = read_to_ = text.data();
    Json::sax_parse(Characters{text.data(), &read_to_}, Characters{text.data() + text.size(), nullptr}, this);
    return std::move(root_);
  }

  // The events.
  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool binary(Json::binary_t&) { return false; }  // is in no text
  bool string(std::string& value) {
    constexpr std::string_view minus_infinity = "Infinit";  // the letters between two that became quotes
    switch (last_read()) {
      case '"': return add(std::move(value));
      case 'N': return add(std::numeric_limits<double>::quiet_NaN());
      default: return add(std::numeric_limits<double>::infinity() * (value == minus_infinity ? -1 : 1));
    }
  }
  bool key(std::string& value) {
    if (last_read() != '"') fail_at(offset(), "string literal", "a number");
    if (is_taken()) values_ = 0;
    else count();
    open_[depth_ - 1].key = std::move(value);
    return true;
  }
  bool start_object(std::size_t) { return start(true); }
  bool start_array(std::size_t) { return start(false); }
  bool end_object() { return end(open_[depth_ - 1].members.finish()); }
  bool end_array() { return end(std::exchange(open_[depth_ - 1].elements, {})); }
  bool parse_error(std::size_t position, const std::string& token, const Json::exception& error);

 private:
  /// An array or object that is being read.
  struct Container {
    bool is_object = false;
    std::string key;
    JsonObjectBuilder members;
    Json::array_t elements;
  };

  /// The characters of the text; the parser's iterator tells how far it has read.
  struct Characters {
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    reference operator*() const { return *at; }
    Characters& operator++() {
      *read_to = ++at;
      return *this;
    }
    Characters operator++(int) {
      const Characters former = *this;
      ++*this;
      return former;
    }
    friend bool operator==(const Characters& a, const Characters& b) { return a.at == b.at; }

    const char* at;
    const char** read_to;
  };

  static constexpr std::size_t max_depth = 500;
  static constexpr std::int64_t max_taken_values = 1'000'000;

  /// The text with Python's NaN, Infinity and -Infinity, which nlohmann refuses, as strings of the same length: their
  /// first and last letters become quotes. The last letter in the text tells such a string from a real one, so that
  /// nothing a file may hold is taken for a number. Empty if the text holds none of these words.
  static std::string mask_literals(std::string_view text) {
    constexpr std::string_view words[] = {"NaN", "-Infinity", "Infinity"};
    std::string masked;
    if (text.find(words[0]) == std::string_view::npos && text.find(words[2]) == std::string_view::npos) return masked;
    masked = text;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '"') in_string = !in_string;
      if (in_string) {
        if (text[at] == '\\') ++at;
        continue;
      }
      for (const std::string_view word : words) {
        if (!text.substr(at).starts_with(word)) continue;
        masked[at] = masked[at + word.size() - 1] = '"';
        at += word.size() - 1;
        break;
      }
    }
    return masked;
  }

  /// A template, because a list of numbers takes a quarter longer if each of them is made a Json before it is added.
  template <class Value> bool add(Value&& value) {
    if (depth_ == 0) {
      root_ = std::forward<Value>(value);
    } else if (Container& parent = open_[depth_ - 1]; !parent.is_object) {
      count();
      parent.elements.emplace_back(std::forward<Value>(value));
    } else if (is_taken()) {
      (*take_)(std::move(parent.key), std::forward<Value>(value));
    } else {
      parent.members.add(std::move(parent.key), std::forward<Value>(value));
    }
    return true;
  }

  bool start(bool is_object) {
    if (depth_ == max_depth) fail_at(offset(), str_cat("at most ", max_depth, " nested arrays and objects"), "more");
    if (depth_ == open_.size()) open_.emplace_back();
    open_[depth_++].is_object = is_object;
    return true;
  }

  bool end(Json value) {
    --depth_;
    return add(std::move(value));
  }

  /// Whether the members of the innermost object are taken.
  bool is_taken() const { return take_ != nullptr && depth_ == 1; }

  /// Bounds the memory of a member that is taken: a value of two bytes is one of 16 in memory, a member of 48.
  void count() {
    if (take_ != nullptr && ++values_ > max_taken_values)
      fail_at(offset(), str_cat("at most ", max_taken_values, " values under one key"), "more");
  }

  /// The place of the last character that was read.
  std::size_t offset() const { return static_cast<std::size_t>(read_to_ - begin_) - 1; }
  char last_read() const { return text_[offset()]; }

  [[noreturn]] void fail_at(std::size_t offset, std::string_view expected, std::string_view got) const {
    fail(ErrorCode::format, where_, ", byte ", first_byte_ + offset, ": expected ", expected, ", got ", got);
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t first_byte_;
  std::string masked_;
  const char* begin_ = nullptr;
  const char* read_to_ = nullptr;
  Json root_;
  std::vector<Container> open_;  // the first depth_ are in use; the others keep their memory
  std::size_t depth_ = 0;
  const TakeMember* take_ = nullptr;
  std::int64_t values_ = 0;  // in the member that is read, if members are taken
};

/// Says what nlohmann reports as "... - MESSAGE; last read: 'TOKEN'; expected THIS" in the words of tl's sentences.
inline bool JsonReader::parse_error(std::size_t position, const std::string& token, const Json::exception& error) {
  constexpr int number_out_of_range = 406;
  if (error.id == number_out_of_range)
    fail_at(position - token.size(), "a number in the range of a double", token.substr(0, 40));
  std::string message = error.what();
  if (const std::size_t begin = message.find(" - "); begin != std::string::npos) message.erase(0, begin + 3);
  const std::string last_read = str_cat("; last read: '", token, "'");
  if (const std::size_t at = message.find(last_read); at != std::string::npos) message.erase(at, last_read.size());
  constexpr std::string_view unexpected = "unexpected ", separator = "; expected ";
  if (message.starts_with(unexpected)) message.erase(0, unexpected.size());
  std::string_view got = message, wanted = "JSON";
  if (const std::size_t split = got.rfind(separator); split != std::string_view::npos) {
    wanted = got.substr(split + separator.size());
    got = got.substr(0, got.find(separator));
  }
  fail_at(position - 1, wanted, got);
}

}  // namespace detail

/// Parses one JSON document. `where` names the source in errors ("config.json", "train.jsonl, line 3") and `first_byte`
/// is the place of `text` in it. Throws format with what was expected and the offset of the byte that did not fit.
inline Json parse_json(std::string_view text, std::string_view where, std::size_t first_byte = 0) {
  return detail::JsonReader(text, where, first_byte).read();
}

namespace detail {

/// Parses a document that should be an object and hands its members to `take` in the order of the text, also those of
/// repeated keys, so that no more than one is in memory; anything else comes back as parse_json() gives it.
/// Throws what parse_json() throws, and format for a member of more than a million values.
inline Json parse_json_members(std::string_view text, std::string_view where, std::size_t first_byte,
                               const TakeMember& take) {
  return JsonReader(text, where, first_byte).read(&take);
}

}  // namespace detail

}  // namespace tl
