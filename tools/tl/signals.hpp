// What the program does about signals. As a rule they end it as they end any program; while a model is trained, the
// first SIGINT, SIGTERM or SIGHUP is kept for the run, which ends after its step, and the second one ends the program.
#pragma once

#include <atomic>
#include <exception>
#include <string>

namespace program {

/// To be called first of all: a write to a pipe without a reader ends the program without a word, a write beyond the
/// limit of a file's size is an error with a sentence instead of an end.
void set_signals();

/// The number of the signal that was kept; 0: none.
const std::atomic<int>& kept_signal();

/// Between begin() and end(), or the object's own, the first signal is kept.
class SignalKeeper {
 public:
  SignalKeeper() = default;
  ~SignalKeeper() { end(); }
  SignalKeeper(const SignalKeeper&) = delete;
  SignalKeeper& operator=(const SignalKeeper&) = delete;

  void begin();
  void end();

 private:
  bool keeping_ = false;
};

/// "SIGINT".
std::string signal_name(int signal);

/// The end of a command that kept a signal; the exit code is 128 and its number.
class Interrupted : public std::exception {
 public:
  /// `what` is what was done, as the end of a sentence.
  Interrupted(int signal, const std::string& what) : signal_(signal), sentence_(signal_name(signal) + ": " + what) {}
  const char* what() const noexcept override { return sentence_.c_str(); }
  int signal() const noexcept { return signal_; }

 private:
  int signal_;
  std::string sentence_;
};

}  // namespace program
