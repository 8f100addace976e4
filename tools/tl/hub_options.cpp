// From the name of a model to the folder of its files.
#include "hub_options.hpp"

namespace program {

void HubOptions::add(CLI::App& command) {
  const char* const group = "Models by their names";
  const auto revision = [this](const std::string& text) { options_.revision = text; };
  command.add_option_function<std::string>("--model_revision", revision, "branch, tag or commit; default: main")
      ->group(group);
  const auto cache = [this](const std::string& text) { options_.cache_dir = text; };
  command
      .add_option_function<std::string>("--cache_dir", cache,
                                        "folder of what was downloaded; default: that of the Hugging Face libraries")
      ->group(group);
  const auto token = [this](const std::string& text) { options_.token = text; };
  command
      .add_option_function<std::string>("--token", token, "who asks the hub; default: HF_TOKEN, or the login's file")
      ->group(group);
}

std::string HubOptions::config_folder(const std::string& model) {
  if (!checked_.empty() && checked_ == model) return config_folder_;
  checked_ = config_folder_ = model;
  problem_ = nullptr;
  try {
    config_folder_ = tl::hub::model_folder(model, options_, tl::hub::ModelFiles::configuration).string();
  } catch (const tl::Error&) {
    problem_ = std::current_exception();  // wrong options are told first
  }
  return config_folder_;
}

void HubOptions::resolve(std::string& model, std::string& tokenizer) {
  using tl::hub::ModelFiles;
  if (!tokenizer.empty()) tokenizer = tl::hub::model_folder(tokenizer, options_, ModelFiles::tokenizer).string();
  if (model.empty()) return;
  const std::string configured = config_folder(model);
  if (problem_) std::rethrow_exception(problem_);
  tl::hub::Options pinned = options_;  // the commit of the configuration, also if the hub has a newer one by now
  if (const auto state = tl::hub::repository_of(configured)) pinned.revision = state->revision;
  model = tl::hub::model_folder(model, pinned).string();
}

}  // namespace program
