// tl convert: a BERT encoder becomes a DistilBERT with the same outputs.
#include <iostream>
#include <memory>

#include <tl/models/bert_conversion.hpp>

#include "commands.hpp"
#include "hub_options.hpp"

namespace program {

namespace {

struct ConvertOptions {
  std::string from = "bert";
  std::string input, output;
  HubOptions hub;
};

void convert(const ConvertOptions& options) {
  const auto input = tl::hub::model_folder(options.input, options.hub.options());
  const auto report = tl::convert_bert(input, options.output);
  std::cout << options.output << ": " << report.tensors << " tensors, " << report.parameters << " parameters ("
            << report.config.n_layers << " layers of width " << report.config.dim << ")\n";
  if (!report.unused.empty()) {
    std::cout << "not used:";
    for (const auto& name : report.unused) std::cout << ' ' << name;
    std::cout << '\n';
  }
}

}  // namespace

void add_convert(CLI::App& app) {
  const auto options = std::make_shared<ConvertOptions>();
  CLI::App& command = *app.add_subcommand("convert", "Writes an encoder of another family as a DistilBERT");
  command.add_option("--from", options->from, "family of the model")->required()->check(CLI::IsMember({"bert"}));
  command.add_option("IN", options->input, "name or folder of a model")->required();
  command.add_option("OUT", options->output, "new folder")->required();
  options->hub.add(command);
  on_run(command, [options] { convert(*options); });
}

}  // namespace program
