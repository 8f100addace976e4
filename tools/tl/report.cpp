// tl report: the HTML report of a run that has ended, or is still going on, from its folder.
#include <iostream>
#include <memory>
#include <string>

#include <tl/train/html_report.hpp>

#include "commands.hpp"

namespace program {

namespace {

struct ReportOptions {
  std::string folder, output_file;
};

void check_report(const ReportOptions& options) {
  if (!options.output_file.empty() && !has_extension(options.output_file, ".html"))
    usage_problems().push_back("--output_file: expected a name that ends with .html, got " +
                               tl::escape_invalid_utf8(options.output_file));
}

}  // namespace

void add_report(CLI::App& app) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App& command = *app.add_subcommand("report", "Makes a page of a run: curves, confusions, hardest rows");
  command.add_option("output_dir", options->folder, "the output_dir of the run")->required()->type_name("DIR");
  command.add_option("--output_file", options->output_file, "where to write it; default: report.html in DIR");
  on_run(
      command, [options] { std::cout << tl::write_report(options->folder, options->output_file).string() << '\n'; },
      [options] { check_report(*options); });
}

}  // namespace program
