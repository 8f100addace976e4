// Options that say how data files are read, for every command that reads one, and the reading by the ending of a name:
// .csv and .tsv are tables, .json and .jsonl objects, all else lines unless a delimiter makes it a table.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/io/json.hpp>

#include "commands.hpp"

namespace program {

/// The column of the texts, and that of their second parts if they are pairs, else an empty name.
struct TextColumns {
  std::string text, pair;

  std::vector<std::string> names() const {
    return pair.empty() ? std::vector<std::string>{text} : std::vector<std::string>{text, pair};
  }
};

struct FileOptions {
  std::string delimiter, quoting, field, column_names;
  std::string encoding = "utf-8";

  void add(CLI::App& command) {
    command.add_option("--delimiter", delimiter,
                       "between the fields of a table: a character, or tab; default: tab for .tsv, else a comma");
    command.add_option("--quoting", quoting,
                       "minimal: fields may be quoted; none: quotes are text; default: none for .tsv, else minimal");
    command.add_option("--column_names", column_names, "names with commas between, for a table without a header");
    command.add_option("--encoding", encoding, "utf-8, utf-16, latin-1 or cp1252")->capture_default_str();
    command.add_option("--field", field, "the key of the rows in a .json file that is one object");
  }

  /// Adds to usage_problems().
  void check() const {
    if (!delimiter.empty() && delimiter_character() == '\0')
      usage_problems().push_back("--delimiter: expected one character or tab, got " +
                                 tl::escape_invalid_utf8(delimiter));
    if (!quoting.empty() && quoting != "minimal" && quoting != "none")
      usage_problems().push_back("--quoting: expected minimal or none, got " + tl::escape_invalid_utf8(quoting));
    try {
      (void)tl::text_encoding(encoding);
    } catch (const tl::Error& error) {
      usage_problems().push_back("--" + std::string(error.what()));
    }
  }

  static bool is_json(const std::string& path) {
    const std::string extension = tl::detail::data_extension(path);
    return extension == ".jsonl" || extension == ".json" || extension == ".ndjson";
  }

  bool is_table(const std::string& path) const {
    const std::string extension = tl::detail::data_extension(path);
    const bool named = extension == ".csv" || extension == ".tsv" || extension == ".tab";
    const bool described = !delimiter.empty() || !quoting.empty() || !column_names.empty();
    return named || (described && !is_json(path));
  }

  /// The columns of a table or the keys of a JSON file, all of them read as texts, but for `lists` in a JSON file.
  tl::Dataset read(const std::string& path, const std::vector<std::string>& columns,
                   const std::string& lists = {}) const {
    std::vector<std::string> texts = columns;
    std::erase(texts, lists);
    if (is_json(path))
      return tl::load_jsonl(path, {.columns = columns, .text_columns = texts, .encoding = encoding, .field = field});
    tl::CsvOptions options = csv();
    options.columns = options.text_columns = columns;
    return tl::load_csv(path, options);
  }

  /// Whether the first row of a JSON file, if it is on a line of its own, has this key.
  static bool has_key(const std::string& path, const std::string& key) {
    const std::vector<std::string> keys = first_keys(path);
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  }

  /// Whether the first object of a JSON file has a list under a key; no if the file is no list of objects, or a pipe.
  bool holds_lists(const std::string& path, const std::string& key) const {
    std::error_code none;
    if (!is_json(path) || !field.empty() || !std::filesystem::is_regular_file(path, none)) return false;
    try {
      std::string line = first_line(path, " \t\r[,");
      line.erase(0, line.find_first_not_of(" \t\r[,"));
      line.erase(line.find_last_not_of(" \t\r,]") + 1);
      const tl::Json row = tl::parse_json(line, path);
      return row.is_object() && row.contains(key) && row.at(key).is_array();
    } catch (const tl::Error&) {  // reading the file will say what is wrong
      return false;
    }
  }

  /// The columns that the user named, or those that are found.
  TextColumns text_columns(const std::string& path, const std::string& text, const std::string& pair) const {
    if (!text.empty() || !pair.empty()) return {text.empty() ? "text" : text, pair};
    if (is_table(path)) return text_columns_among(tl::csv_column_names(path, csv()), path, {}, {});
    return usual_text_columns(first_keys(path)).value_or(TextColumns{"text", {}});
  }

  /// The same among the columns of a table. Throws Error(not_found) with the columns if none has a usual name.
  static TextColumns text_columns_among(const std::vector<std::string>& names, const std::string& path,
                                        const std::string& text, const std::string& pair) {
    if (!text.empty() || !pair.empty()) return {text.empty() ? "text" : text, pair};
    if (auto found = usual_text_columns(names)) return *found;
    tl::fail(tl::ErrorCode::not_found, path, ": expected a column 'text', the columns are ",
             tl::detail::python_text(names), "; name that of the texts with --text_column, or all with --column_names ",
             "if the file has no header");
  }

 private:
  /// The columns of texts among `names`: "text", or those of pairs as they are usually called, or another usual name.
  static std::optional<TextColumns> usual_text_columns(const std::vector<std::string>& names) {
    const auto named = [&names](std::string_view usual) -> std::string {
      for (const std::string& name : names)
        if (tl::detail::ascii_lower(tl::detail::trimmed(name)) == usual) return name;
      return {};
    };
    if (const std::string text = named("text"); !text.empty()) return TextColumns{text, {}};
    static constexpr std::pair<std::string_view, std::string_view> pairs[] = {
        {"sentence1", "sentence2"}, {"premise", "hypothesis"}, {"question", "sentence"}, {"text1", "text2"}};
    for (const auto& [first, second] : pairs)
      if (!named(first).empty() && !named(second).empty()) return TextColumns{named(first), named(second)};
    for (const std::string_view usual : {"sentence", "review", "content", "comment", "message", "tweet"})
      if (const std::string text = named(usual); !text.empty()) return TextColumns{text, {}};
    return std::nullopt;
  }

  /// The keys of the object in the first line of a JSON file; none if that is something else, such as a list of rows,
  /// or no file: opening a pipe would wait for its writer.
  static std::vector<std::string> first_keys(const std::string& path) {
    std::error_code none;
    if (!std::filesystem::is_regular_file(path, none)) return {};
    std::vector<std::string> keys;
    try {
      const tl::Json row = tl::parse_json(first_line(path, " \t\r"), path);
      if (row.is_object())
        for (const auto& [key, value] : row.items()) keys.push_back(key);
    } catch (const tl::Error&) {  // reading the file will say what is wrong
    }
    return keys;
  }

  /// The first line with more than the characters of `empty`. Of a compressed file all is read for it.
  static std::string first_line(const std::string& path, const char* empty) {
    std::unique_ptr<std::istream> file;
    if (has_extension(path, tl::detail::data_extension(path))) file = std::make_unique<std::ifstream>(path);
    else file = std::make_unique<std::istringstream>(tl::detail::read_text_file(path, "utf-8"));
    std::string line;
    while (line.find_first_not_of(empty) == std::string::npos && std::getline(*file, line)) {
    }
    return line;
  }

  char delimiter_character() const {
    if (delimiter == "tab" || delimiter == "\\t") return '\t';
    const bool fits = delimiter.size() == 1 && delimiter[0] != '"' &&
                      (delimiter[0] == '\t' || (delimiter[0] >= ' ' && delimiter[0] <= '~'));
    return fits ? delimiter[0] : '\0';
  }

  tl::CsvOptions csv() const {
    tl::CsvOptions options;
    options.delimiter = delimiter_character();
    options.encoding = encoding;
    if (!quoting.empty()) options.quoting = quoting == "none" ? tl::Quoting::none : tl::Quoting::minimal;
    options.column_names = split_names(column_names);
    options.has_header = options.column_names.empty();
    return options;
  }
};

}  // namespace program
