// From a name to files: a folder of that name, else the snapshot in the cache, else, if the program is linked with
// tl::hub and may use the network, a download into the cache. A name that leads nowhere is one sentence: where was
// looked, and what to do.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <tl/hub/cache.hpp>
#include <tl/hub/client.hpp>
#include <tl/hub/other_names.hpp>
#include <tl/io/json_file.hpp>

namespace tl::hub {

/// Which files of a model are wanted: config.json alone, or the tokenizer's too, or all.
enum class ModelFiles { configuration, tokenizer, all };

namespace detail {

inline constexpr std::array tokenizer_files = {"tokenizer_config.json", "tokenizer.json", "vocab.txt",
                                               "special_tokens_map.json", "added_tokens.json"};
inline constexpr const char* weights_file = "model.safetensors";
inline constexpr const char* weights_index = "model.safetensors.index.json";

/// The client if it may be asked: tl::hub is linked, and neither the call nor the environment forbids the network.
inline std::shared_ptr<Client> usable_client(const Options& options) {
  return options.local_files_only || offline() ? nullptr : client();
}

/// Why the hub is not asked, and what a user can do about it.
inline std::string reason_and_advice(const Repository& repository, const Options& options) {
  const std::string kind(repository.kind == RepositoryKind::dataset ? "--repo-type dataset " : "");
  const std::string download = str_cat("\"tl download ", kind, repository.id, "\"");
  if (options.local_files_only)
    return str_cat("local_files_only is set, so the hub is not asked; unset it, or download it before with ", download);
  if (offline())
    return str_cat("HF_HUB_OFFLINE is set, so the hub is not asked; unset it, or download it before with ", download);
  return str_cat("this program cannot download, it is not linked with tl::hub; download it before with ", download,
                 " or in Python, or pass the path of a local copy");
}

/// The place that was looked at for the repository: what is there, or that nothing is.
inline std::string cache_state(const Repository& repository, const Options& options) {
  std::error_code ignored;
  const auto folder = repository_folder(repository, options);
  if (!std::filesystem::is_directory(folder, ignored))
    return str_cat("the cache ", cache_dir(options).native(), " has no ", folder.filename().native());
  return str_cat("the cache has ", folder.native(), ", but not its revision ", repository.revision);
}

/// Throws not_found: the name, where was looked, and `why` nothing more could be done.
[[noreturn, gnu::cold]] inline void fail_not_found(const Repository& repository, const Options& options,
                                                   const std::string& why) {
  const bool model = repository.kind == RepositoryKind::model;
  std::error_code ignored;
  fail(ErrorCode::not_found, "expected ", model ? "a model folder" : "a folder", " or the name of a ",
       to_string(repository.kind), " on a hub, got \"", repository.id, "\"; there is no folder of that name in ",
       std::filesystem::current_path(ignored).native(), ", ", cache_state(repository, options), ", and ", why);
}

/// The repository, under this name or another one of the same, with the commit that the cache knows for its revision
/// and of which it has files; nothing if it has none.
inline std::optional<Repository> cached_state(const Repository& repository, const Options& options) {
  for (const std::string& id : all_names(repository)) {
    Repository named{repository.kind, id, repository.revision};
    const auto commit = cached_commit(named, options);
    std::error_code ignored;
    if (!commit || !std::filesystem::is_directory(snapshot_folder(named, *commit, options), ignored)) continue;
    named.revision = *commit;
    return named;
  }
  return std::nullopt;
}

}  // namespace detail

/// One commit of a repository: its files in the cache, and those that can still be downloaded into it.
class Snapshot {
 public:
  /// Decides on the commit, so that all files are of one state: what the hub says if it may be asked, else what the
  /// cache knows, also if the hub does not answer or does not show the repository. Throws not_found if neither knows
  /// it, with the places that were looked at.
  explicit Snapshot(const Repository& repository, const Options& options = {}) : options_(options) {
    check_repository(repository);
    hub_ = detail::usable_client(options);
    if (is_commit(repository.revision) && take_cached(repository)) return;
    if (hub_) {
      repository_ = repository;
      if (!is_commit(repository.revision)) ask_hub(repository);
    } else if (!take_cached(repository)) {
      detail::fail_not_found(repository, options, detail::reason_and_advice(repository, options));
    }
  }

  /// The repository under the name that the cache has for it, with the commit as revision.
  const Repository& repository() const { return repository_; }
  std::filesystem::path folder() const { return snapshot_folder(repository_, repository_.revision, options_); }

  /// Whether a file that the cache lacks is looked for on the hub.
  bool can_download() const { return hub_ != nullptr; }

  /// Why a file that the cache lacks cannot be downloaded now, and what to do.
  std::string why_not() const {
    return hub_failure_.empty() ? detail::reason_and_advice(repository_, options_)
                                : "the hub gave nothing: " + hub_failure_;
  }

  /// A file in the cache, downloaded if it is missing; nothing if the commit has no such file or, without the hub, the
  /// cache does not. Throws what the client throws.
  std::optional<std::filesystem::path> file(std::string_view path) const {
    const bool again = options_.force_download && hub_;
    if (auto cached = cached_file(repository_, path, options_); cached && !again) return cached;
    if (!hub_ || missing(path)) return std::nullopt;
    return hub_->file(repository_, path, options_);
  }

  /// Whether it is known that the commit has no such file.
  bool missing(std::string_view path) const { return known_missing(repository_, path, options_); }

  /// Whether the commit has such a file, or without the hub, whether the cache has it. Nothing is downloaded.
  bool has(std::string_view path) const {
    if (!hub_) return cached_file(repository_, path, options_).has_value();
    for (const std::string& one : hub_->list_files(repository_, options_))
      if (one == path) return true;
    return false;
  }

  /// The paths of the files, sorted: of the repository, or without the hub those that the cache has, which may be a
  /// part of them.
  std::vector<std::string> list_files() const {
    return hub_ ? hub_->list_files(repository_, options_) : cached_listing(repository_, options_);
  }

 private:
  bool take_cached(const Repository& repository) {
    auto state = detail::cached_state(repository, options_);
    if (state) repository_ = *state;
    return state.has_value();
  }

  void ask_hub(const Repository& repository) {
    try {
      repository_.revision = hub_->commit(repository, options_);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::io && error.code() != ErrorCode::not_found) throw;
      hub_failure_ = error.what();
      hub_.reset();  // what it did not say now, it does not say for the next file
      if (!take_cached(repository)) detail::fail_not_found(repository, options_, why_not());
    }
  }

  Repository repository_;
  Options options_;
  std::shared_ptr<Client> hub_;
  std::string hub_failure_;
};

namespace detail {

/// The names of the shards that an index of weights lists; what is malformed in it, the reader of the weights says.
inline std::set<std::string> shards_of(const std::filesystem::path& index) {
  std::set<std::string> shards;
  const Json json = read_json(index);
  const Json* const map = tl::detail::find_member(json, "weight_map");
  if (map == nullptr || !map->is_object()) return shards;
  for (const auto& member : tl::detail::members_of(*map))
    if (member.second.is_string()) shards.insert(tl::detail::string_of(member.second));
  return shards;
}

/// Throws not_found for a model that lacks the file that is needed.
[[noreturn, gnu::cold]] inline void fail_incomplete(const Snapshot& snapshot, std::string_view path) {
  const Repository& model = snapshot.repository();
  if (!snapshot.can_download() && !snapshot.missing(path))
    fail(ErrorCode::not_found, snapshot.folder().native(), ": expected ", path, " of the model ", model.id,
         ", the cache has only a part of it, and ", snapshot.why_not());
  fail(ErrorCode::not_found, "expected ", path, " in the repository ", model.id, ", it has none at commit ",
       model.revision, "; it is no model that save_pretrained() wrote");
}

/// Throws unless the weights of the model are there: in one file, or in the shards of an index.
inline void fetch_weights(const Snapshot& snapshot) {
  if (snapshot.file(weights_file)) return;
  if (const auto index = snapshot.file(weights_index)) {
    for (const std::string& shard : shards_of(*index))
      if (!snapshot.file(shard)) fail_incomplete(snapshot, shard);
    return;
  }
  if ((snapshot.can_download() || snapshot.missing(weights_file)) && snapshot.has("pytorch_model.bin"))
    fail(
        ErrorCode::format, "expected model.safetensors in the repository ", snapshot.repository().id,
        ", it has pytorch_model.bin only, which is a pickle; save the model with safe_serialization in Python, or set ",
        "the revision to one that has model.safetensors");
  fail_incomplete(snapshot, weights_file);
}

/// The snapshot's folder with the files that are wanted.
inline std::filesystem::path model_snapshot(const Repository& repository, const Options& options, ModelFiles wanted) {
  const Snapshot snapshot(repository, options);
  if (!snapshot.file("config.json") && wanted != ModelFiles::tokenizer) fail_incomplete(snapshot, "config.json");
  if (wanted != ModelFiles::configuration) {
    bool found = false;
    for (const char* name : tokenizer_files) found |= snapshot.file(name).has_value();
    if (!found && wanted == ModelFiles::tokenizer) fail_incomplete(snapshot, "tokenizer.json or vocab.txt");
  }
  if (wanted == ModelFiles::all) {
    fetch_weights(snapshot);
    (void)snapshot.file("calibration.json");
  }
  return snapshot.folder();
}

}  // namespace detail

/// The folder of a model that is given by its path or its name: the path itself if something is there or if it cannot
/// be a name, else the snapshot of the repository, in which the wanted files are; with the hub those that are missing
/// are downloaded. Throws not_found with the places that were looked at, and what the client throws.
inline std::filesystem::path model_folder(const std::filesystem::path& name_or_path, const Options& options = {},
                                          ModelFiles wanted = ModelFiles::all) {
  std::error_code error;
  const bool there = std::filesystem::exists(name_or_path, error);
  if (there || error || !is_repository_id(name_or_path.native())) return name_or_path;
  return detail::model_snapshot({RepositoryKind::model, name_or_path.native(), options.revision}, options, wanted);
}

}  // namespace tl::hub
