// What a checkpoint gave a model, and what a user should know about it. Nothing is printed; the report is there to be
// shown.
#pragma once

#include <string>
#include <vector>

#include <tl/core/error.hpp>

namespace tl {

/// What from_pretrained() found.
struct LoadReport {
  std::string model_class{}, source{};
  std::vector<std::string> missing{};     ///< in the model only, sorted
  std::vector<std::string> unexpected{};  ///< in the checkpoint only: not used, sorted
  std::vector<std::string> mismatched{};  ///< with another shape, not loaded, sorted
  bool same_class = false;                ///< config.json names model_class, so nothing should be unexpected
  bool newly_initialized = false;         ///< initialize_missing() gave fresh values to what was not loaded
  std::vector<std::string> warnings{};    ///< what is odd in config.json and was passed over, a sentence each

  bool complete() const { return missing.empty() && mismatched.empty(); }

  /// What a user should know, one line per fact; empty if every parameter was loaded and config.json is sound.
  /// Unexpected parameters are such a fact in a checkpoint of this class only: that the head of another class is left
  /// over is no surprise.
  std::string message() const {
    std::string text;
    const auto list = [](const std::vector<std::string>& names) {
      std::string all = "[";
      for (std::size_t i = 0; i < names.size(); ++i) all += (i ? ", '" : "'") + names[i] + "'";
      return all + "]";
    };
    const char* const fate = newly_initialized ? " and are newly initialized: " : " and keep their values: ";
    const char* const advice = newly_initialized ? " Train the model on your task before you use its predictions." : "";
    if (!missing.empty())
      text += str_cat(model_class, ": ", missing.size(), " parameters are not in ", source, fate, list(missing), ".",
                      advice);
    if (!mismatched.empty())
      text += str_cat(text.empty() ? "" : "\n", model_class, ": ", mismatched.size(),
                      " parameters have another shape in ", source, fate, list(mismatched), ".", advice);
    if (same_class && !unexpected.empty())
      text += str_cat(text.empty() ? "" : "\n", model_class, ": ", unexpected.size(), " parameters in ", source,
                      " are not part of the model and are not used: ", list(unexpected), ".");
    for (const auto& warning : warnings) text += str_cat(text.empty() ? "" : "\n", warning, ".");
    return text;
  }
};

}  // namespace tl
