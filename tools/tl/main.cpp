// tl, the command-line program: fine-tunes, evaluates and runs DistilBERT classifiers. Every problem is one sentence on
// standard error that begins with "tl: "; the exit code is then 1, 2 if the command line itself was wrong, or 128 and
// the number of the signal that ended a training.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/parallel.hpp>
#include <tl/data/parse_text.hpp>
#include <tl/hub/environment.hpp>
#include <tl/hub/progress_bar.hpp>
#include <tl/io/utf8.hpp>
#include <tl/train/html_report.hpp>
#include <tl/version.hpp>

#include "commands.hpp"
#include "script_options.hpp"
#include "signals.hpp"

namespace program {

std::vector<std::string>& usage_problems() {
  static std::vector<std::string> problems;
  return problems;
}

namespace {

/// What the unknown options of a command line may have been meant to be: "; did you mean --learning_rate?", or nothing.
std::string meant_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  std::string meant;
  for (const std::string& word : command.remaining())
    if (word.starts_with("--"))
      if (const std::string name = close_name(word.substr(0, word.find('=')), names); !name.empty())
        meant += (meant.empty() ? "" : " and ") + name;
  return meant.empty() ? "" : "; did you mean " + meant + "?";
}

/// Throws UsageError for a first word that is no command.
void check_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with("-")) return;
  std::vector<std::string> names;
  std::string list;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == arguments.front()) return;
    names.push_back(command->get_name());
    list += (list.empty() ? "" : ", ") + names.back();
  }
  throw UsageError("expected a command, one of " + list + ", got " + tl::escape_invalid_utf8(arguments.front()) +
                   did_you_mean(arguments.front(), names) + "; see tl --help");
}

/// Parses the command line, which runs the command.
void run(CLI::App& app, std::vector<std::string> arguments) {
  check_command(app, arguments);
  arguments = spelled_out(app, std::move(arguments));
  std::ranges::reverse(arguments);  // as CLI11 takes them
  app.parse(std::move(arguments));
}

}  // namespace

void on_run(CLI::App& command, const std::function<void()>& run, const std::function<void()>& check) {
  command.allow_extras();  // CLI11 would stop at the first problem of its own
  std::vector<const CLI::Option*> required;
  for (CLI::Option* option : command.get_options()) {
    if (!option->get_required()) continue;
    option->required(false)->type_name("TEXT REQUIRED");
    required.push_back(option);
  }
  command.callback([&command, run, check, required] {
    std::vector<std::string>& problems = usage_problems();
    for (const auto* option : required)
      if (option->empty()) problems.push_back(option->get_name() + " is required");
    std::string unknown;
    for (const auto& word : command.remaining()) unknown += ' ' + word;
    if (!unknown.empty())
      problems.push_back("expected the options that tl " + command.get_name() + " --help lists, got" + unknown +
                         meant_options(command));
    if (check) check();
    if (problems.empty()) return run();
    std::string sentence = problems.size() == 1 ? "" : std::to_string(problems.size()) + " problems: ";
    for (std::size_t i = 0; i < problems.size(); ++i) sentence += (i > 0 ? "; " : "") + problems[i];
    throw UsageError(sentence);
  });
}

CLI::Option* add_number(CLI::App& command, const std::string& name, const std::function<void(std::int64_t)>& set,
                        const std::string& help, std::int64_t least, std::int64_t most) {
  const auto assign = [=](const std::string& text) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec == std::errc{} && result.ptr == end && value >= least && value <= most) return set(value);
    usage_problems().push_back(tl::str_cat("--", name, ": expected a whole number from ", least, " to ", most, ", got ",
                                           text.empty() ? "nothing" : text));
  };
  return command.add_option_function<std::string>("--" + name, assign, help)->type_name("INT");
}

bool has_extension(const std::string& path, std::string_view extension) {
  return path.size() >= extension.size() &&
         std::equal(extension.begin(), extension.end(), path.end() - static_cast<std::ptrdiff_t>(extension.size()),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

std::vector<std::string> split_names(const std::string& list) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; !list.empty() && begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    names.emplace_back(tl::detail::trimmed(std::string_view(list).substr(begin, end - begin)));
    begin = end + 1;
  }
  return names;
}

CLI::Option* add_bool(CLI::App& command, const std::string& name, bool& value, const std::string& help) {
  const auto assign = [&value, name](const std::string& text) {
    value = text.empty() || text == "true" || text == "True" || text == "1";
    if (!value && text != "false" && text != "False" && text != "0")
      usage_problems().push_back("--" + name + ": expected true or false, got " + text);
  };
  return command.add_option_function<std::string>("--" + name, assign, help)->expected(0, 1)->type_name("BOOL");
}

void add_tokenizer_name(CLI::App& command, std::string& folder) {
  command.add_option("--tokenizer_name", folder, "name or folder of the tokenizer; default: the model's");
}

void add_threads(CLI::App& command) {
  const auto set = [](std::int64_t threads) { tl::set_num_threads(static_cast<int>(threads)); };
  add_number(command, "threads", set, "number of threads; default: all processors", 1, 4096);
}

/// Bars of downloads on standard error, if that is a terminal and the environment has nothing against them.
void show_downloads() {
  if (::isatty(STDERR_FILENO) != 1 || tl::hub::detail::is_true("HF_HUB_DISABLE_PROGRESS_BARS")) return;
  tl::hub::set_progress(tl::hub::ProgressBar([](std::string_view text) { std::cerr << text << std::flush; }));
}

}  // namespace program

int main(int argc, char** argv) {
  program::set_signals();
  tl::register_html_reporter();
  program::show_downloads();
  CLI::App app("Fine-tunes, evaluates and runs DistilBERT classifiers, as the Hugging Face stack does.", "tl");
  app.set_version_flag("--version", "tl " + std::string(tl::version));
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program::add_train(app);
  program::add_evaluate(app);
  program::add_predict(app);
  program::add_tokenize(app);
  program::add_inspect(app);
  program::add_convert(app);
  program::add_report(app);
  program::add_download(app);
  try {
    program::run(app, {argv + 1, argv + argc});
    std::cout.flush();
    if (!std::cout) throw tl::Error(tl::ErrorCode::io, "cannot write to standard output");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "tl: ";
    for (const auto& problem : program::usage_problems()) std::cerr << problem << "; ";
    std::cerr << error.what() << "; see tl --help and tl COMMAND --help\n";
    return 2;
  } catch (const program::UsageError& error) {
    std::cerr << "tl: " << error.what() << '\n';
    return 2;
  } catch (const program::Interrupted& interrupted) {
    if (interrupted.signal() != SIGPIPE) std::cerr << "tl: " << interrupted.what() << '\n';
    return 128 + interrupted.signal();
  } catch (const std::bad_alloc&) {
    std::cerr << "tl: out of memory\n";
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "tl: cannot read " << error.path1().string() << ": " << error.code().message() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "tl: " << error.what() << '\n';
  }
  return 1;
}
