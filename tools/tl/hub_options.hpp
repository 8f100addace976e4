// Models by their names on a hub, for all commands that take one: --model_revision, --cache_dir, --token, and from a
// name to a folder.
#pragma once

#include <exception>
#include <filesystem>
#include <string>

#include <tl/hub/resolve.hpp>

#include "commands.hpp"

namespace program {

class HubOptions {
 public:
  /// Declares the options.
  void add(CLI::App& command);

  /// A folder with the model's config.json, so that options can be checked before anything large is downloaded; `model`
  /// itself if there is none, and then resolve() says why.
  std::string config_folder(const std::string& model);

  /// Replaces the names of a model and of its tokenizer, which may be empty, by the folders of their files.
  /// Throws what tl::hub::model_folder() throws.
  void resolve(std::string& model, std::string& tokenizer);

  const tl::hub::Options& options() const { return options_; }

 private:
  tl::hub::Options options_;
  std::string checked_, config_folder_;  // the model of config_folder(), and its result
  std::exception_ptr problem_;
};

}  // namespace program
