// The subcommands of the program. Each add_... function declares one with its options; it runs when the command line
// has been parsed, prints its answer on standard output and reports every problem by throwing.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace program {

/// A command line that cannot be meant; other problems are tl::Error.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_inspect(CLI::App& app);
void add_convert(CLI::App& app);
void add_report(CLI::App& app);
void add_download(CLI::App& app);

/// What is wrong with the command line, as far as it shows without reading a file. It is collected, not thrown, so that
/// the user hears of everything at once.
std::vector<std::string>& usage_problems();

/// Runs `run` when the command line has been parsed, unless there are usage_problems(); `check` may add to them, and so
/// do options that are required and missing, and words that mean nothing. To be called when all options are declared.
void on_run(CLI::App& command, const std::function<void()>& run, const std::function<void()>& check = {});

/// An option that is a whole number from `least` to `most`.
CLI::Option* add_number(CLI::App& command, const std::string& name, const std::function<void(std::int64_t)>& set,
                        const std::string& help, std::int64_t least = 1,
                        std::int64_t most = std::numeric_limits<std::int64_t>::max());

/// Whether the name of a file ends with `extension` (".csv"), in any case.
bool has_extension(const std::string& path, std::string_view extension);

/// Names with commas between; blanks around them do not count. None of an empty list.
std::vector<std::string> split_names(const std::string& list);

/// A boolean option: "--name", "--name true" and "--name false" are all fine.
CLI::Option* add_bool(CLI::App& command, const std::string& name, bool& value, const std::string& help);

/// "--tokenizer_name NAME", a tokenizer that is not the model's.
void add_tokenizer_name(CLI::App& command, std::string& folder);

/// "--threads N" for the kernels and the tokenizer.
void add_threads(CLI::App& command);

}  // namespace program
