// Where progress is shown: lines of text and, on a terminal, one bar that is redrawn below them. This is the only file
// of the library that knows a standard stream; everything above writes to a Console that the user can replace.
#pragma once

#include <unistd.h>

#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tl/core/error.hpp>

namespace tl {

/// Lines and a bar; several callbacks share one so that they do not write into each other.
class Console {
 public:
  using Write = std::function<void(std::string_view)>;

  /// `write` gets text with its line ends; an empty one discards everything. With `terminal` the bar is drawn, using
  /// carriage return and "erase line"; without, bars are dropped.
  explicit Console(Write write, bool terminal = false) : write_(std::move(write)), terminal_(terminal) {}

  bool terminal() const noexcept { return terminal_; }

  /// Writes one line above the bar.
  void line(std::string_view text) {
    if (!write_) return;
    write_(str_cat(bar_.empty() ? "" : erase, text, '\n', bar_));
  }

  /// Draws or replaces the bar; an empty text removes it.
  void bar(std::string text) {
    if (!write_ || !terminal_ || text == bar_) return;
    bar_ = std::move(text);
    write_(str_cat(erase, bar_));
  }

 private:
  static constexpr const char* erase = "\r\033[K";  // back to the first column, delete to the end of the line

  Write write_;
  bool terminal_;
  std::string bar_;
};

/// The console of the process: standard output, with bars if that is a terminal.
inline std::shared_ptr<Console> standard_console() {
  static const auto& console = *new auto(std::make_shared<Console>(  // never destroyed: it may be used at exit
      Console::Write([](std::string_view text) { std::cout << text << std::flush; }), ::isatty(STDOUT_FILENO) == 1));
  return console;
}

/// A console that discards everything.
inline std::shared_ptr<Console> silent_console() { return std::make_shared<Console>(Console::Write(), false); }

}  // namespace tl
