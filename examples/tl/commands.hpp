// The subcommands of the program. Each add_... function declares one with its options; it runs when the command line
// has been parsed, prints its answer on standard output and reports every problem by throwing.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

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

/// An option that is a truth value: "--name", "--name true" and "--name false" are all fine.
CLI::Option* add_truth(CLI::App& command, const std::string& name, bool& value, const std::string& help);

/// "--threads N" for the kernels and the tokenizer.
void add_threads(CLI::App& command);

}  // namespace program
