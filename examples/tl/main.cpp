// tl, the command-line program: fine-tunes, evaluates and runs DistilBERT classifiers. Every problem is one sentence on
// standard error that begins with "tl: "; the exit code is then 1, or 2 if the command line itself was wrong.
#include <exception>
#include <iostream>
#include <new>
#include <string>

#include <tl/core/error.hpp>
#include <tl/core/parallel.hpp>
#include <tl/version.hpp>

#include "commands.hpp"

namespace program {

CLI::Option* add_truth(CLI::App& command, const std::string& name, bool& value, const std::string& help) {
  const auto assign = [&value, name](const std::string& text) {
    value = text.empty() || text == "true" || text == "True" || text == "1";
    if (!value && text != "false" && text != "False" && text != "0")
      throw UsageError("--" + name + ": expected true or false, got " + text);
  };
  return command.add_option_function<std::string>("--" + name, assign, help)->expected(0, 1)->type_name("BOOL");
}

void add_threads(CLI::App& command) {
  const auto assign = [](const int& threads) { tl::set_num_threads(threads); };
  command.add_option_function<int>("--threads", assign, "number of threads; default: all processors")
      ->check(CLI::Range(1, 4096));
}

}  // namespace program

int main(int argc, char** argv) {
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
  try {
    app.parse(argc, argv);
    std::cout.flush();
    if (!std::cout) throw tl::Error(tl::ErrorCode::io, "cannot write to standard output");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::cerr << "tl: " << error.what() << "; see tl --help and tl COMMAND --help\n";
    return 2;
  } catch (const program::UsageError& error) {
    std::cerr << "tl: " << error.what() << '\n';
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << "tl: out of memory\n";
  } catch (const std::exception& error) {
    std::cerr << "tl: " << error.what() << '\n';
  }
  return 1;
}
