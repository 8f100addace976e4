// CoNLL files as data sets: a word and its tags on a line, an empty line after each sentence. A row is a sentence, its
// columns are lists of texts, and its place is the line of its first word. Fields have tabs between them if the first
// line of words has one, else blanks.
//
// Lines that begin with -DOCSTART- are no words. Before the first word of a sentence a line that begins with "# " is a
// comment, unless it reads as the word "#": it has as many fields as the other lines, and a tag that they have, too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/data/dataset.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/data/text_file.hpp>

namespace tl {

/// How a CoNLL file is read.
struct ConllOptions {
  /// Names of all fields of a line; empty: the first is "tokens", the last "ner_tags", and those between are not read.
  std::vector<std::string> column_names = {};
  std::vector<std::string> columns = {};  ///< read only these; empty: all that have names
  std::string encoding = "utf-8";         ///< or "utf-16", "latin-1", "cp1252"
};

namespace detail {

/// Reads the sentences of one CoNLL file.
class ConllReader {
 public:
  ConllReader(std::string path, std::string_view text, const ConllOptions& options)
      : options_(options), places_{.file = std::move(path)} {
    std::erase_if(lines_ = numbered_lines(text), [](const NumberedLine& line) { return is_document(line.text); });
    find_format();
    choose_columns();
  }

  Dataset read() && {
    std::size_t words = 0;  // of the sentence
    for (const NumberedLine& line : lines_) {
      if (is_blank(line.text)) words = 0;
      else if (words > 0 || !is_comment(line.text)) add_word(line, ++words == 1);
    }
    Columns columns;
    for (std::size_t i = 0; i < names_.size(); ++i) columns.push_back({names_[i], std::move(values_[i])});
    return Dataset::from_columns(std::move(columns), std::move(places_));
  }

 private:
  using Fields = std::vector<std::string_view>;

  static bool is_blank(std::string_view text) { return trimmed(text).empty(); }

  /// The line before a document, in the files of 2003 and of 2012.
  static bool is_document(std::string_view text) {
    return text.starts_with("-DOCSTART-") || text.starts_with("#begin document") || text.starts_with("#end document");
  }

  static bool may_be_comment(std::string_view text) {
    return text == "#" || text.starts_with("# ") || text.starts_with("#\t");
  }

  bool is_comment(std::string_view text) const {
    if (!may_be_comment(text)) return false;
    const Fields fields = split(text);
    return fields.size() != count_ || !tags_.contains(fields.back());
  }

  Fields split(std::string_view text) const {
    Fields fields;
    if (!tabs_) text = trimmed(text);
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find_first_of(tabs_ ? "\t" : " \t", begin), text.size());
      if (tabs_ || end > begin) fields.push_back(trimmed(text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return fields;
  }

  /// What lies between fields, their number, and the tags, from the lines that are words for sure.
  void find_format() {
    for (const NumberedLine& line : lines_) {
      if (is_blank(line.text) || may_be_comment(line.text)) continue;
      if (count_ == 0) {
        tabs_ = line.text.find('\t') != std::string_view::npos;
        first_ = line.number;
        count_ = split(line.text).size();
      }
      tags_.insert(split(line.text).back());
    }
  }

  /// The columns that are read, and their fields.
  void choose_columns() {
    std::vector<std::string> names = options_.column_names;
    if (names.empty()) {
      names.resize(count_ == 0 ? 2 : count_);
      names.back() = "ner_tags";
      names.front() = "tokens";
    }
    check(count_ == 0 || names.size() == count_, ErrorCode::format, places_.file, ", line ", first_, ": expected ",
          names.size(), " fields for the columns ", python_text(names), ", got ", count_);
    const auto choose = [&](const std::string& name) {
      const auto found = std::find(names.begin(), names.end(), name);
      check(found != names.end(), ErrorCode::not_found, places_.file, ": expected a column ", Repr{name},
            ", the columns are ", python_text(names), "; column_names gives a name to every field of a line");
      names_.push_back(name);
      fields_.push_back(static_cast<std::size_t>(found - names.begin()));
    };
    for (const std::string& name : options_.columns) choose(name);
    for (const std::string& name : names)
      if (options_.columns.empty() && !name.empty()) choose(name);
    values_.resize(names_.size());
  }

  void add_word(const NumberedLine& line, bool is_first) {
    const Fields fields = split(line.text);
    if (fields.size() != count_)
      fail(ErrorCode::format, places_.file, ", line ", line.number, ": expected ", count_, " fields with ",
           tabs_ ? "tabs" : "blanks", " between them as in line ", first_, ", got ", fields.size());
    if (is_first) {
      places_.numbers.push_back(line.number);
      for (auto& column : values_) column.emplace_back();
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const std::string_view field = fields[fields_[i]];
      if (field.empty())
        fail(ErrorCode::format, places_.file, ", line ", line.number, ": expected a text for the column ", names_[i],
             ", got nothing");
      values_[i].back().emplace_back(field);
    }
  }

  const ConllOptions& options_;
  SourceLocations places_;
  std::vector<NumberedLine> lines_;
  bool tabs_ = false;
  std::int64_t first_ = 0;  // the line that decides the number of fields
  std::size_t count_ = 0;   // of fields; 0: there are no words
  std::set<std::string_view> tags_;
  std::vector<std::string> names_;
  std::vector<std::size_t> fields_;  // of each column
  std::vector<std::vector<std::vector<std::string>>> values_;
};

}  // namespace detail

/// Reads a CoNLL file, one row per sentence, as the columns "tokens" and "ner_tags", lists of texts; of a file of words
/// alone only the first. Throws io, invalid_argument for an encoding that is not known, not_found for a column that is
/// not there, format with the line for another number of fields or an empty field.
inline Dataset load_conll(const std::filesystem::path& path, const ConllOptions& options = {}) {
  const std::string text = detail::read_text_file(path, options.encoding);
  return detail::ConllReader(path.native(), text, options).read();
}

/// Two names in braces would be one path from the address of the first to that of the second.
Dataset load_conll(std::initializer_list<const char*> paths, const ConllOptions& options = {}) = delete;

}  // namespace tl
