// What the programs that time a whole model share: random texts, medians, and how a problem ends the program. They are
// plain programs and not Google Benchmarks, so that scripts can give them a model and alternate them with other stacks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <vector>

#include <CLI/CLI.hpp>
#include <tl/core/mt19937.hpp>

namespace tl::bench {

/// The middle value; of an even number the upper one of the two in the middle.
inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// `count` texts of `length` tokens whose ids are uniform in [1, vocabulary): 0 is the padding of other stacks.
inline std::vector<std::vector<std::int32_t>> random_texts(std::int64_t count, std::int64_t length,
                                                           std::int64_t vocabulary) {
  Mt19937 generator(42);
  std::vector<std::vector<std::int32_t>> texts(static_cast<std::size_t>(count));
  for (auto& text : texts) {
    text.resize(static_cast<std::size_t>(length));
    for (auto& id : text) id = static_cast<std::int32_t>(1 + generator.next_u32() % (vocabulary - 1));
  }
  return texts;
}

/// Parses the command line and calls run(); the exit code, with one sentence on standard error for every problem.
template <class Run> int run_program(CLI::App& app, int argc, char** argv, Run&& run) {
  try {
    app.parse(argc, argv);
    run();
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
    return 1;
  }
}

}  // namespace tl::bench
