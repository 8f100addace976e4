// Options of the reference's scripts, run_classification.py and run_ner.py, that have no meaning of their own here:
// other names of options, options that are accepted without effect, and options that are refused.
// docs/script_options.md lists all options of the scripts.
#pragma once

#include <string>
#include <vector>

#include "commands.hpp"

namespace program {

/// The arguments of the program in the spelling that its commands declare: dashes in a name become underscores
/// ("--learning-rate"), "--no_NAME" is "--NAME false", other names are replaced ("--evaluation_strategy"), and a JSON
/// file as the only argument of `tl train` becomes the options it holds.
/// Throws tl::Error for a JSON file that cannot be read, UsageError for one whose values no option can have.
std::vector<std::string> spelled_out(const CLI::App& app, std::vector<std::string> arguments);

/// Declares the options of the scripts that are accepted without effect or refused.
void add_script_options(CLI::App& command);

/// One line for each option of add_script_options() that was given and has no effect, with the reason.
std::vector<std::string> options_without_effect(const CLI::App& command);

/// The name among `names` that is closest to `word`, if it is so close that it may have been meant; else empty.
std::string close_name(const std::string& word, const std::vector<std::string>& names);

/// "; did you mean NAME?", or nothing if no name is close.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& names);

}  // namespace program
