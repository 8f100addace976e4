// AutoModel: which model a folder holds is decided at run time, by the "model_type" of its config.json and by the task.
// The families of tl are registered here; a program adds its own with ModelRegistry::add().
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/io/json_file.hpp>
#include <tl/models/bert.hpp>
#include <tl/models/distilbert.hpp>
#include <tl/models/model.hpp>
#include <tl/models/pretrained.hpp>

namespace tl {

/// Loads a model from a folder.
using ModelLoader =
    std::function<std::unique_ptr<Model>(const std::filesystem::path& folder, const FromPretrainedOptions& options)>;

namespace detail {

/// The loader that calls M::from_pretrained().
template <class M> ModelLoader loader_of() {
  return [](const std::filesystem::path& folder, const FromPretrainedOptions& options) -> std::unique_ptr<Model> {
    return std::make_unique<M>(M::from_pretrained(folder, options));
  };
}

}  // namespace detail

/// The loaders by task and model_type. Safe to use from several threads.
class ModelRegistry {
 public:
  /// The registry of the process, which knows the families of tl.
  [[gnu::visibility("default")]] static ModelRegistry& instance() {
    static ModelRegistry registry;
    return registry;
  }

  /// Adds a loader, or replaces the one of the same task and model_type.
  void add(Task task, std::string model_type, ModelLoader loader) {
    const std::scoped_lock lock(mutex_);
    for (Entry& entry : entries_)
      if (entry.task == task && entry.model_type == model_type) {
        entry.loader = std::move(loader);
        return;
      }
    entries_.push_back({task, std::move(model_type), std::move(loader)});
  }

  /// The loader, or an empty function.
  ModelLoader find(Task task, std::string_view model_type) const {
    const std::scoped_lock lock(mutex_);
    for (const Entry& entry : entries_)
      if (entry.task == task && entry.model_type == model_type) return entry.loader;
    return {};
  }

  /// The model types that have a model for `task`, in the order in which they were added.
  std::vector<std::string> model_types(Task task) const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (const Entry& entry : entries_)
      if (entry.task == task) names.push_back(entry.model_type);
    return names;
  }

 private:
  struct Entry {
    Task task;
    std::string model_type;
    ModelLoader loader;
  };

  ModelRegistry() {
    add(Task::hidden_states, "distilbert", detail::loader_of<DistilBertModel>());
    add(Task::sequence_classification, "distilbert", detail::loader_of<DistilBertForSequenceClassification>());
    add(Task::token_classification, "distilbert", detail::loader_of<DistilBertForTokenClassification>());
    add(Task::hidden_states, "bert", detail::loader_of<BertModel>());
    add(Task::sequence_classification, "bert", detail::loader_of<BertForSequenceClassification>());
    add(Task::token_classification, "bert", detail::loader_of<BertForTokenClassification>());
  }

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

namespace detail {

/// The "model_type" of config.json in `folder`. Without one, as in folders that older versions of the reference wrote
/// by hand, it is "bert" if "architectures" names a class of BERT, else "distilbert". Throws Error(io) or Error(format)
/// if there is no such file.
inline std::string model_type_of(const std::filesystem::path& folder) {
  check_model_folder(folder);
  const std::filesystem::path path = folder / "config.json";
  const Json json = read_json(path);
  check(json.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", json.type_name());
  const Json* const type = find_member(json, "model_type");
  if (type == nullptr || type->is_null()) {
    const Json* const classes = find_member(json, "architectures");
    const bool named = classes && classes->is_array() && !classes->empty() && classes->front().is_string();
    return named && classes->front().get<std::string>().starts_with("Bert") ? "bert" : "distilbert";
  }
  check(type->is_string(), ErrorCode::format, path.native(), ": expected a text for \"model_type\", got ",
        dump_json(*type, {.indent = -1}));
  return type->get<std::string>();
}

}  // namespace detail

/// Loads the model for one task that a folder, or a repository of a hub, holds.
template <Task task> struct AutoModelFor {
  /// Throws Error(format) for a model_type that has no model for the task, with those that have one, and what the
  /// model's own from_pretrained() throws.
  static std::unique_ptr<Model> from_pretrained(const std::filesystem::path& name_or_path,
                                                const FromPretrainedOptions& options = {}) {
    const std::filesystem::path folder = hub::model_folder(name_or_path, options.hub);
    const std::string type = detail::model_type_of(folder);
    if (const ModelLoader load = ModelRegistry::instance().find(task, type)) return load(folder, options);
    std::string known;
    for (const std::string& name : ModelRegistry::instance().model_types(task))
      known += (known.empty() ? "" : ", ") + name;
    fail(ErrorCode::format, (folder / "config.json").native(), ": expected a \"model_type\" that has a model for ",
         to_string(task), ", ", known, ", got \"", type, "\"");
  }
};

/// The encoder of a model, without a head.
using AutoModel = AutoModelFor<Task::hidden_states>;
/// A classifier of texts, or of pairs of texts.
using AutoModelForSequenceClassification = AutoModelFor<Task::sequence_classification>;
/// A classifier of tokens.
using AutoModelForTokenClassification = AutoModelFor<Task::token_classification>;

}  // namespace tl
