// tl download: a model or a data set comes into the cache, from which the other commands, and Python, take it.
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <tl/hub/download.hpp>

#include "commands.hpp"

namespace program {

namespace {

struct DownloadOptions {
  std::string repo_type = "model";
  tl::hub::Repository repository;
  tl::hub::Options options;
  std::vector<std::string> files, include, exclude;
};

void download(DownloadOptions& options) {
  using tl::hub::RepositoryKind;
  const bool data = options.repo_type == "dataset";
  options.repository.kind = data ? RepositoryKind::dataset : RepositoryKind::model;
  std::filesystem::path where;
  if (!options.files.empty()) {
    for (const std::string& file : options.files)
      where = tl::hub::hf_hub_download(options.repository, file, options.options);
    if (options.files.size() > 1) where = tl::hub::Snapshot(options.repository, options.options).folder();
  } else if (data || !options.include.empty() || !options.exclude.empty()) {
    where = tl::hub::snapshot_download(options.repository, options.options, options.include, options.exclude);
  } else {
    where = tl::hub::detail::model_snapshot(options.repository, options.options, tl::hub::ModelFiles::all);
  }
  std::cout << where.string() << '\n';
}

}  // namespace

void add_download(CLI::App& app) {
  const auto options = std::make_shared<DownloadOptions>();
  CLI::App& command =
      *app.add_subcommand("download", "Downloads a model or a data set into the cache, and prints its folder there");
  command.add_option("NAME", options->repository.id, "NAME or OWNER/NAME on the hub")->required();
  command.add_option("FILE", options->files,
                     "only these files; default: what a model needs, and all files of a data set");
  command.add_option("--repo_type", options->repo_type, "model or dataset")->check(CLI::IsMember({"model", "dataset"}));
  command.add_option("--revision", options->repository.revision, "branch, tag or commit; default: main");
  command.add_option("--include", options->include, "only files that fit a pattern, as *.json");
  command.add_option("--exclude", options->exclude, "no files that fit a pattern");
  command.add_option("--cache_dir", options->options.cache_dir,
                     "folder of the cache; default: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub");
  command.add_option("--token", options->options.token, "token of an account; default: HF_TOKEN, or Python's login");
  add_bool(command, "force_download", options->options.force_download, "download also what the cache has");
  on_run(command, [options] { download(*options); });
}

}  // namespace program
