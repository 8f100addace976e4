// Where `tl predict` and `tl tokenize` take their texts from: the command line, a file, or standard input. Lines are
// handed on as soon as they have arrived, so a program at the other end of a pipe gets its answer at once, and a large
// file is never held in memory as a whole.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/data/load_dataset.hpp>
#include <tl/io/read_file.hpp>
#include <tl/text/tokenizer.hpp>

#include "commands.hpp"
#include "data_files.hpp"
#include "lengths.hpp"

namespace program {

/// Lines of a file descriptor, without their line ends (LF or CRLF).
class LineReader {
 public:
  LineReader(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

  /// Waits until there is at least one line, then takes those that are there already, at most `most`; none at the end.
  std::vector<std::string> next(std::size_t most) {
    std::vector<std::string> lines;
    while (lines.size() < most) {
      if (take_line(lines)) continue;
      if (at_end_ || (!lines.empty() && !readable())) break;
      fill();
    }
    return lines;
  }

 private:
  bool take_line(std::vector<std::string>& lines) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end == std::string::npos && !(at_end_ && begin_ < buffer_.size())) {
      searched_ = buffer_.size();
      return false;
    }
    const std::size_t stop = std::min(end, buffer_.size());
    std::string line = buffer_.substr(begin_, stop - begin_);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    begin_ = searched_ = std::min(stop + 1, buffer_.size());
    return true;
  }

  bool readable() const {
    pollfd poll_for{descriptor_, POLLIN, 0};
    return ::poll(&poll_for, 1, 0) > 0;
  }

  void fill() {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    const std::size_t size = buffer_.size();
    buffer_.resize(size + (std::size_t{1} << 16));
    ssize_t count;
    do count = ::read(descriptor_, buffer_.data() + size, buffer_.size() - size);
    while (count < 0 && errno == EINTR);
    if (count < 0) tl::detail::fail_errno("read", name_, errno);
    at_end_ = count == 0;
    buffer_.resize(size + static_cast<std::size_t>(count));
    skip_mark();
  }

  /// A byte order mark at the very beginning is not part of the text, as in CSV and JSON files.
  void skip_mark() {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (begun_ || (buffer_.size() < mark.size() && !at_end_ && mark.starts_with(buffer_))) return;
    begun_ = true;
    if (buffer_.starts_with(mark)) buffer_.erase(0, mark.size());
    searched_ = 0;  // nothing has been handed on yet
  }

  int descriptor_;
  std::string name_;
  std::string buffer_;
  std::size_t begin_ = 0, searched_ = 0;  // first byte not handed on, first byte not looked at
  bool at_end_ = false, begun_ = false;
};

/// The options that say which texts are meant.
struct TextOptions {
  std::vector<std::string> texts;
  std::string file;
  FileOptions files;
  std::string text_column, text_pair_column;
  bool truncation = false;
  std::optional<std::int64_t> max_seq_length;
  const CLI::Option *text_column_option = nullptr, *truncation_option = nullptr;  // say whether they were given

  /// `pairs`: whether the command knows what to do with pairs of texts.
  void add(CLI::App& command, bool pairs = false) {
    command.add_option("--text", texts, "a text; may be given several times")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command.add_option(
        "--file", file,
        "texts of a .jsonl, .json, .csv or .tsv file, or one per line of any other; default: standard input");
    text_column_option = command.add_option("--text_column", text_column,
                                            "column or key of the texts; default: text, or what looks like it");
    if (pairs)
      command.add_option("--text_pair_column", text_pair_column,
                         "column or key of the second texts, if texts are pairs; default: as tl train finds it");
    files.add(command);
    truncation_option =
        add_bool(command, "truncation", truncation, "cut texts that are too long; otherwise they are an error");
    add_number(
        command, "max_seq_length", [this](auto n) { max_seq_length = n; },
        "cut texts to this many tokens (implies --truncation)", 1, std::numeric_limits<int>::max());
  }

  /// Adds to usage_problems().
  void check() const {
    if (!texts.empty() && !file.empty()) usage_problems().emplace_back("expected --text or --file, got both");
    if (!text_column_option->empty() && !has_rows())
      usage_problems().push_back("--text_column: expected a .jsonl, .json, .csv or .tsv --file, got " +
                                 (file.empty() ? "none" : file + ", whose texts are its lines"));
    if (!text_pair_column.empty() && !has_rows())
      usage_problems().push_back("--text_pair_column: expected a .jsonl, .json, .csv or .tsv --file, got " +
                                 (file.empty() ? "none" : file + ", whose texts are its lines"));
    if (file.empty() && files.encoding != "utf-8")
      usage_problems().emplace_back("--encoding: expected a --file, got none");
    files.check();
  }

  /// Whether the file is a data set with a column of texts.
  bool has_rows() const { return !file.empty() && (FileOptions::is_json(file) || files.is_table(file)); }

  /// The most tokens a text may have, if it was said that longer ones are not to be cut.
  std::optional<std::int64_t> limit() const {
    return truncation_option->empty() || truncation ? std::nullopt : max_seq_length;
  }

  tl::EncodeOptions encode_options(const tl::Tokenizer& tokenizer, std::optional<std::int64_t> model_length,
                                   bool special_tokens = true) const {
    tl::EncodeOptions options{.add_special_tokens = special_tokens,
                              .truncation = truncation || (max_seq_length && truncation_option->empty())};
    // A text that is not cut may have what the model takes, whatever the tokenizer says, as in the reference.
    const auto length = cut_length(tokenizer, max_seq_length, model_length, special_tokens);
    if (*options.truncation || max_seq_length) options.max_length = option_length(length);
    return options;
  }
};

/// Texts with their places, piece by piece.
class TextSource {
 public:
  struct Piece {
    std::vector<std::string> texts;
    std::vector<std::string> pairs{};  ///< the second texts, if they are pairs
    std::string place;                 ///< "--text", "standard input, line" or "FILE, line": the number follows
    std::size_t first = 1;             ///< number of the first text
    const tl::Dataset* rows{};         ///< if they are rows of a data set, it knows their lines

    std::string where(std::size_t i) const {
      return rows != nullptr ? rows->place(static_cast<std::int64_t>(first - 1 + i))
                             : place + " " + std::to_string(first + i);
    }
  };

  explicit TextSource(const TextOptions& options, bool pairs = false) : file_name_(options.file) {
    if (!options.texts.empty()) {
      all_ = options.texts;
      place_ = "--text";
    } else if (options.file.empty()) {
      lines_.emplace(STDIN_FILENO, "standard input");
      place_ = "standard input, line";
    } else if (options.has_rows()) {
      TextColumns columns = options.files.text_columns(options.file, options.text_column, options.text_pair_column);
      if (!pairs) columns.pair.clear();
      tl::check(columns.pair != columns.text, tl::ErrorCode::invalid_argument,
                "--text_column and --text_pair_column: expected two columns, got ", tl::python_repr(columns.text),
                " for both");
      rows_ = options.files.read(options.file, columns.names());
      if (rows_->num_rows() > 0) {
        all_ = rows_->column<std::string>(columns.text).to_vector();
        if (!columns.pair.empty()) seconds_ = rows_->column<std::string>(columns.pair).to_vector();
      }
    } else if (tl::text_encoding(options.files.encoding) != tl::TextEncoding::utf_8) {
      rows_ = tl::load_text(options.file, options.files.encoding);
      all_ = rows_->column<std::string>("text").to_vector();
    } else {
      // "/dev/stdin", "<(command)" and "/dev/null" never wait; another pipe may wait for a writer for ever.
      const bool stream =
          options.file.starts_with("/dev/stdin") || options.file.starts_with("/dev/fd/") || options.file == "/dev/null";
      file_ = stream ? tl::detail::FileDescriptor(::open(options.file.c_str(), O_RDONLY | O_CLOEXEC))
                     : tl::detail::open_file(options.file).descriptor;
      if (file_.get() < 0) tl::detail::fail_errno("open", options.file, errno);
      lines_.emplace(file_.get(), options.file);
      place_ = options.file + ", line";
    }
  }

  /// At most `most` texts; none at the end.
  Piece next(std::size_t most) {
    Piece piece{.texts = {}, .place = place_, .first = done_ + 1, .rows = rows_ ? &*rows_ : nullptr};
    if (lines_) {
      piece.texts = lines_->next(most);
    } else {
      const std::size_t end = std::min(all_.size(), done_ + most);
      piece.texts.assign(all_.begin() + static_cast<std::ptrdiff_t>(done_),
                         all_.begin() + static_cast<std::ptrdiff_t>(end));
      if (!seconds_.empty())
        piece.pairs.assign(seconds_.begin() + static_cast<std::ptrdiff_t>(done_),
                           seconds_.begin() + static_cast<std::ptrdiff_t>(end));
    }
    // Nothing on standard input is nothing to do; a file is named because there is something in it.
    tl::check(done_ > 0 || !piece.texts.empty() || file_name_.empty(), tl::ErrorCode::invalid_argument, file_name_,
              ": expected at least one text, got none");
    done_ += piece.texts.size();
    return piece;
  }

 private:
  std::string file_name_;                   // empty: there is no file
  std::vector<std::string> all_, seconds_;  // texts, and the second ones of pairs
  std::optional<tl::Dataset> rows_;         // where those of a .jsonl file are
  tl::detail::FileDescriptor file_;
  std::optional<LineReader> lines_;
  std::string place_;
  std::size_t done_ = 0;
};

/// Flushes what was printed. Throws tl::Error(io) if it is not read any more, so that an endless input does not go on.
inline void flush_answers() {
  std::cout.flush();
  tl::check(std::cout.good(), tl::ErrorCode::io, "cannot write to standard output");
}

/// encode(texts) for a whole piece; if that fails, the error names the text's place and not its number in the piece.
template <class Encode, class EncodeOne>
auto encode_piece(const TextSource::Piece& piece, Encode&& encode, EncodeOne&& encode_one) {
  try {
    return encode(piece.texts);
  } catch (const tl::Error&) {
    for (std::size_t i = 0; i < piece.texts.size(); ++i) {
      try {
        encode_one(piece.texts[i]);
      } catch (const tl::Error& error) {
        tl::fail(error.code(), piece.where(i), ": ", error.what());
      }
    }
    throw;
  }
}

}  // namespace program
