// The tasks there are, the choice of one, and what their files share.
#include <algorithm>
#include <iostream>

#include "loaded.hpp"
#include "tasks/task.hpp"

namespace program {

Tasks::Tasks() {
  tasks_.push_back({make_text_classification()});
  tasks_.push_back({make_token_classification()});
}

void Tasks::add(CLI::App& command, bool predicts) {
  command.add_option("--task", name,
                     "text-classification or token-classification; default: what the model was made for, or the first");
  for (Entry& entry : tasks_) {
    const std::vector<CLI::Option*> before = command.get_options();
    predicts ? entry.task->add_predict_options(command) : entry.task->add_options(command);
    for (CLI::Option* option : command.get_options())
      if (std::ranges::find(before, option) == before.end()) {
        option->group(std::string(entry.task->name()));
        entry.options.push_back(option);
      }
  }
}

Task& Tasks::chosen(const std::string& model_folder) const {
  for (const Entry& entry : tasks_)
    if (entry.task->name() == name) return *entry.task;
  std::error_code none;
  if (name.empty() && std::filesystem::is_regular_file(std::filesystem::path(model_folder) / "config.json", none)) {
    try {
      const tl::PretrainedConfig config = tl::load_common_config(model_folder);
      for (const Entry& entry : tasks_)
        for (const std::string& architecture : config.architectures)
          if (architecture.ends_with(entry.task->architecture())) return *entry.task;
    } catch (const tl::Error&) {  // loading the model will say what is wrong
    }
  }
  return *tasks_.front().task;
}

void Tasks::check_usage(const std::string& model_folder) const {
  const bool known = std::ranges::any_of(tasks_, [this](const Entry& entry) { return entry.task->name() == name; });
  if (!name.empty() && !known) {
    usage_problems().push_back("--task: expected text-classification or token-classification, got " +
                               tl::escape_invalid_utf8(name));
    return;
  }
  const Task& task = chosen(model_folder);
  for (const Entry& entry : tasks_)
    for (const CLI::Option* option : entry.options)
      if (entry.task.get() != &task && !option->empty())
        usage_problems().push_back(
            tl::str_cat(option->get_name(), ": expected --task ", entry.task->name(), ", got ", task.name()));
}

tl::KnownClasses known_classes(const TaskOptions& options, const Task& task) {
  if (!options.labels.empty()) return {split_names(options.labels), "those of --labels"};
  const tl::PretrainedConfig config = tl::load_common_config(options.model);
  const bool classifies = std::ranges::any_of(
      config.architectures, [&task](const std::string& name) { return name.ends_with(task.architecture()); });
  if (options.trains && !classifies) return {};
  return {config.label_names(), "those of the model"};
}

void check_trained(const tl::Model& model, const tl::Tokenizer& tokenizer, const std::string& folder) {
  const tl::LoadReport& report = model.load_report();
  tl::check(report.complete(), tl::ErrorCode::format, folder,
            ": expected a trained classifier, got a model without a head; make one with tl train");
  check_layers(report, model);
  tl::check_vocab_size(tokenizer, model.config().vocab_size, folder);
  if (const auto message = report.message(); !message.empty()) std::cerr << message << '\n';
}

std::int64_t row_count(const tl::RowSource& rows) {
  return rows.collator() ? rows.collator()->size() : rows.dataset()->num_rows();
}

}  // namespace program
