// Loading and saving the parameters of any model: names, prefixes and legacy spellings as the reference handles them,
// and a report of what was found, missing or left over. Nothing is printed; the report is there to be shown.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/autograd/host_values.hpp>
#include <tl/autograd/parameter_space.hpp>
#include <tl/core/seed.hpp>
#include <tl/hub/options.hpp>
#include <tl/hub/resolve.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/safetensors.hpp>
#include <tl/models/config_file.hpp>
#include <tl/models/load_report.hpp>
#include <tl/nn/initialize.hpp>

namespace tl {

/// Arguments of from_pretrained().
struct FromPretrainedOptions {
  std::optional<std::int64_t> num_labels{};   ///< default: what config.json says, else 2
  std::vector<std::string> labels{};          ///< class names in order; sets num_labels, id2label and label2id
  std::string config_overrides{};             ///< "dropout=0,attention_dropout=0"
  std::optional<LongTexts> long_texts{};      ///< default: what config.json says, else they are cut
  std::optional<std::uint64_t> seed{};        ///< of fresh parameters; default: the process-wide generator
  bool ignore_mismatched_sizes = false;       ///< draw fresh values instead of an error when a shape differs
  std::optional<ProblemType> problem_type{};  ///< default: what config.json says, else what the first labels are
  hub::Options hub{};                         ///< of a model that is given by its name: revision, cache_dir, token
};

namespace detail {

/// Gives a checkpoint's keys the names of the model. A key may have the encoder's prefix where the model has none, and
/// the other way round, each key for itself: files with a bare encoder beside a head are in use.
class ModelNames {
 public:
  ModelNames(const ParameterSpace<float>& parameters, std::string_view prefix) : prefix_(prefix) {
    for (const auto& entry : parameters.named()) names_.insert(entry.name);
    const auto first = names_.lower_bound(prefix_);
    has_prefix_ = first != names_.end() && first->starts_with(prefix_);
  }

  /// The name in the model, the key itself if the model has none for it, or nothing for a key that is a constant of
  /// older files or, in a model without a head, a head's.
  std::optional<std::string> of(std::string key, bool file_has_prefix) const {
    const auto rename = [&](std::string_view old_suffix, std::string_view new_suffix) {
      if (key.ends_with(old_suffix)) key.replace(key.size() - old_suffix.size(), old_suffix.size(), new_suffix);
    };
    rename("LayerNorm.gamma", "LayerNorm.weight");
    rename("LayerNorm.beta", "LayerNorm.bias");
    if (key.ends_with("embeddings.position_ids")) return std::nullopt;
    const bool prefixed = key.starts_with(prefix_);
    if (names_.contains(key)) return key;
    if (std::string longer = prefix_ + key; !prefixed && (names_.contains(longer) || (has_prefix_ && !file_has_prefix)))
      return longer;
    if (has_prefix_ || !file_has_prefix) return key;
    return prefixed ? std::optional(key.substr(prefix_.size())) : std::nullopt;
  }

 private:
  std::string prefix_;
  std::set<std::string> names_;
  bool has_prefix_ = false;
};

/// Throws format if a checkpoint has none of the model's parameters.
inline void check_some_fit(const SafetensorsReader& reader, const LoadReport& report, std::size_t wanted) {
  if (wanted == 0 || report.missing.size() < wanted) return;
  const auto& tensors = reader.tensors();
  fail(ErrorCode::format, reader.path().native(), ": expected parameters of ", report.model_class, " such as ",
       report.missing.front(), ", got ", tensors.size(), " tensors",
       tensors.empty() ? "" : " such as " + tensors.front().name, ", of which none has the name of one");
}

inline void check_weights_present(const std::filesystem::path& folder) {
  const auto has = [&](const char* name) { return path_exists(folder / name); };
  if (has("model.safetensors") || has("model.safetensors.index.json")) return;
  check(!has("pytorch_model.bin"), ErrorCode::io, "expected model.safetensors in ", folder.native(),
        ", got pytorch_model.bin only, which is a pickle; save the model with safe_serialization in Python first");
  fail(ErrorCode::io, "expected model.safetensors or model.safetensors.index.json in ", folder.native(),
       ", neither is there");
}

/// The number of the tensor for each parameter that the checkpoint has; of two for one, that with the model's own name.
inline std::map<std::string, std::int64_t> tensors_by_parameter(const std::vector<SafetensorView>& tensors,
                                                                ParameterSpace<float>& parameters,
                                                                std::string_view prefix) {
  const ModelNames names(parameters, prefix);
  bool file_has = false;  // names with the prefix
  for (const SafetensorView& tensor : tensors) file_has |= tensor.name.starts_with(prefix);
  std::map<std::string, std::int64_t> found;
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (auto name = names.of(tensors[i].name, file_has)) {
      const auto [place, is_new] = found.emplace(*name, static_cast<std::int64_t>(i));
      if (!is_new && tensors[i].name == *name) place->second = static_cast<std::int64_t>(i);
    }
  return found;
}

}  // namespace detail

/// Fills `parameters` from the checkpoint of a model, given by its folder or its name. `prefix` ("distilbert.") is what
/// the encoder's names begin with in a model with a head; a checkpoint with or without it fits a model with or without
/// it. What the checkpoint lacks keeps its values. Throws Error(io) or Error(format) with the file, also for one in
/// which no name fits, Error(shape) naming key and both shapes, and what hub::model_folder() throws.
inline LoadReport load_parameters(const std::filesystem::path& name_or_path, ParameterSpace<float>& parameters,
                                  std::string_view prefix, std::string_view model_class,
                                  const FromPretrainedOptions& options = {}) {
  const std::filesystem::path folder = hub::model_folder(name_or_path, options.hub);
  detail::check_weights_present(folder);
  const SafetensorsReader reader(folder);
  const auto& tensors = reader.tensors();
  std::map<std::string, std::int64_t> found = detail::tensors_by_parameter(tensors, parameters, prefix);
  const auto repository = hub::repository_of(folder);
  LoadReport report{.model_class = std::string(model_class), .source = repository ? repository->id : folder.native()};
  const HostValues<float> values(parameters);
  for (const auto& entry : parameters.named()) {
    const auto at = found.find(entry.name);
    if (at == found.end()) {
      report.missing.push_back(entry.name);
      continue;
    }
    const SafetensorView& stored = tensors[static_cast<std::size_t>(at->second)];
    if (stored.shape == entry.shape()) {
      read_floats(stored, values.of(entry).span(), reader.path().native());
    } else {
      // Only a head may have another size by intention; an encoder of another size is another model.
      const char* const advice = entry.name.starts_with("classifier.")
                                     ? "set num_labels to that of the checkpoint, or ignore_mismatched_sizes to start "
                                       "it afresh"
                                     : "config.json and the checkpoint do not belong together";
      check(options.ignore_mismatched_sizes, ErrorCode::shape, reader.path().native(), ": size mismatch for ",
            entry.name, ": the model expects ", entry.shape(), ", the checkpoint has ", stored.shape, "; ", advice);
      report.mismatched.push_back(entry.name);
    }
    found.erase(at);
  }
  detail::check_some_fit(reader, report, parameters.named().size());
  values.store();
  for (const auto& [name, tensor] : found) report.unexpected.push_back(name);
  std::sort(report.missing.begin(), report.missing.end());
  std::sort(report.mismatched.begin(), report.mismatched.end());
  return report;
}

/// Replaces all of `parameters` by those of the checkpoint in `folder`. Throws Error(format) if one is missing, and
/// what load_parameters() throws.
inline void load_all_parameters(const std::filesystem::path& folder, ParameterSpace<float>& parameters,
                                std::string_view prefix, std::string_view model_class) {
  const LoadReport report = load_parameters(folder, parameters, prefix, model_class);
  check(report.complete(), ErrorCode::format, folder.native(), ": expected every parameter of ", model_class, ", ",
        report.missing.empty() ? "" : report.missing.front().c_str(), " is missing");
}

/// Draws fresh values for what `report` says is missing or mismatched, in the model's order, and notes it there.
/// `finish` is called with each of these parts for values that are not drawn.
inline void initialize_missing(LoadReport& report, ParameterSpace<float>& parameters, double std,
                               const FromPretrainedOptions& options,
                               const std::function<void(const NamedParameter<float>&)>& finish = {}) {
  Mt19937 own(options.seed.value_or(0));
  Mt19937& generator = options.seed ? own : default_generator();
  for (const auto& part : parameters.named())
    for (const auto* names : {&report.missing, &report.mismatched})
      if (std::binary_search(names->begin(), names->end(), part.name)) {
        nn::initialize(part, std, generator);
        if (finish) finish(part);
      }
  report.newly_initialized = true;
}

/// Writes config.json and model.safetensors into `folder`, which is made if needed; both appear whole or not at all.
/// Throws Error(io), Error(format) for a text in `config` that is not UTF-8, Error(state) for a model that was never
/// initialized.
inline void save_parameters(const std::filesystem::path& folder, const ParameterSpace<float>& parameters,
                            const Json& config) {
  nn::check_initialized(parameters, "save");
  const std::string config_text = dump_json(config, {.indent = 2, .sort_keys = false}) + "\n";
  make_folder(folder);
  remove_leftovers(folder);
  AtomicFile config_file(folder / "config.json", config_text.size());  // takes its place when the weights have theirs
  config_file.write(config_text);
  const HostValues<float> values(parameters);
  std::vector<SafetensorView> tensors;
  for (const auto& part : parameters.named()) {
    const Tensor<float> value = values.of(part);
    tensors.push_back(safetensor_view<float>(part.name, value.shape(), value.span()));
  }
  write_safetensors(folder / "model.safetensors", tensors);
  config_file.commit();
}

namespace detail {

/// Reads config.json of `folder`, then the options' labels and overrides.
inline void load_config(PretrainedConfig& config, const std::filesystem::path& folder,
                        const FromPretrainedOptions& options) {
  read_config_file(config, folder);
  if (!options.labels.empty()) {
    check(!options.num_labels || *options.num_labels == static_cast<std::int64_t>(options.labels.size()),
          ErrorCode::invalid_argument,
          "from_pretrained: expected as many labels as num_labels = ", options.num_labels.value_or(0), ", got ",
          options.labels.size());
    config.set_labels(options.labels);
  } else if (options.num_labels) {
    config.set_num_labels(*options.num_labels);
  }
  if (options.problem_type) config.problem_type = to_string(*options.problem_type);
  if (options.long_texts) config.long_texts = *options.long_texts;
  if (!options.config_overrides.empty()) update_config(config, options.config_overrides);
}

}  // namespace detail

}  // namespace tl
