// Handlers of signals. A handler may only store a number and restore what was there before.
#include "signals.hpp"

#include <array>
#include <csignal>
#include <utility>

namespace program {

namespace {

constexpr std::array kept_signals{SIGINT, SIGTERM, SIGHUP, SIGPIPE};
std::atomic<int> kept{0};

void set_action(int signal, void (*handler)(int), int flags = 0) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

/// Keeps the first signal. The second one finds the handler gone, but for SIGPIPE, which every later line brings.
void keep(int signal) {
  int none = 0;
  kept.compare_exchange_strong(none, signal);
  for (const int each : kept_signals)
    if (each != SIGPIPE) set_action(each, SIG_DFL);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void set_signals() {
  set_action(SIGPIPE, SIG_DFL);
  set_action(SIGXFSZ, SIG_IGN);
}

const std::atomic<int>& kept_signal() { return kept; }

void SignalKeeper::begin() {
  if (std::exchange(keeping_, true)) return;
  // What the caller ignores, as nohup and a shell's background do, stays ignored.
  for (const int signal : kept_signals)
    if (!is_ignored(signal)) set_action(signal, keep, SA_RESTART);
}

void SignalKeeper::end() {
  if (!std::exchange(keeping_, false)) return;
  for (const int signal : kept_signals)
    if (!is_ignored(signal)) set_action(signal, SIG_DFL);
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGHUP: return "SIGHUP";
    case SIGPIPE: return "SIGPIPE";
    default: return "signal " + std::to_string(signal);
  }
}

}  // namespace program
