// The folder a run writes to: what is checked, and tidied, before any time is spent.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tl/io/atomic_file.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/own_names.hpp>
#include <tl/train/checkpoint.hpp>

namespace tl {

namespace detail {

/// Whether `name` is ".NAME.tmp-PID-N", a file that version 0.1 was writing, and that process is no more.
inline bool is_abandoned_file(std::string_view name) {
  const std::size_t at = name.rfind(".tmp-");
  if (!name.starts_with('.') || at == std::string_view::npos || at < 2) return false;
  std::int64_t process = 0, number = 0;
  const char* const end = name.data() + name.size();
  const auto first = std::from_chars(name.data() + at + 5, end, process);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-' || process < 1) return false;
  const auto second = std::from_chars(first.ptr + 1, end, number);
  if (second.ec != std::errc{} || second.ptr != end || number < 0) return false;
  // our own id is that of a former process, because this version has other names
  return process == ::getpid() || (::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH);
}

/// Whether an open folder has nothing but files that a Trainer of version 0.1 wrote into its checkpoints.
inline bool has_only_checkpoint_files(int folder) {
  constexpr std::array<std::string_view, 13> known = {"added_tokens.json",  "config.json",
                                                      "model.safetensors",  "optimizer.safetensors",
                                                      "progress.json",      "rng.json",
                                                      "scheduler.json",     "special_tokens_map.json",
                                                      "tokenizer.json",     "tokenizer_config.json",
                                                      "trainer_state.json", "training_args.json",
                                                      "vocab.txt"};
  for (const std::string& name : names_in_folder(folder)) {
    const auto mode = mode_at(folder, name);
    const bool ours = std::find(known.begin(), known.end(), name) != known.end() || is_abandoned_file(name);
    if (!ours || !mode || !S_ISREG(*mode)) return false;
  }
  return true;
}

/// Removes what a killed run of version 0.1 left under `name`: ".NAME.tmp-PID-N", an empty ".probe-XXXXXX", and folders
/// ".checkpoint-N.partial", ".deleted" and ".former" and ".model.partial" that have no files but ours.
inline void remove_former_leftover(int folder, const std::string& name) {
  const auto mode = mode_at(folder, name);
  if (!mode || !name.starts_with('.')) return;
  if (S_ISREG(*mode)) {
    struct stat status {};
    const bool probe = name.starts_with(".probe-") && name.size() == 13 &&
                       ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size <= 1;
    if (probe || is_abandoned_file(name)) ::unlinkat(folder, name.c_str(), 0);
    return;
  }
  const std::size_t dot = name.rfind('.');
  if (!S_ISDIR(*mode) || dot == 0) return;
  const std::string owner = name.substr(1, dot - 1), kind = name.substr(dot + 1);  // ".NAME.kind" belongs to NAME
  const bool checkpoint = checkpoint_number(owner).has_value();
  if (!(checkpoint && (kind == "partial" || kind == "deleted" || kind == "former")) &&
      !(owner == "model" && kind == "partial"))
    return;
  const FileDescriptor tree = open_subfolder(folder, name);
  if (tree.get() < 0 || try_lock(tree.get(), LOCK_EX) != LockResult::taken || !has_only_checkpoint_files(tree.get()))
    return;
  if (kind == "former" && !mode_at(folder, owner)) ::renameat(folder, name.c_str(), folder, owner.c_str());
  else remove_tree(folder, name);
}

/// Empty if a file can be written in `folder`, else the system's reason.
inline std::string why_not_writable(const std::filesystem::path& folder) {
  try {
    AtomicFile(folder / "probe").write("x");  // never takes this name
  } catch (const Error& error) {
    const std::string_view sentence = error.what();
    return std::string(sentence.substr(std::min(sentence.find(": "), sentence.size() - 2) + 2));
  }
  return {};
}

/// Both in one unit, the need rounded up and the room, which is less, rounded down: so the two never read the same.
inline std::pair<std::string, std::string> need_and_room(std::uintmax_t need, std::uintmax_t room) {
  const int shift = need < (10U << 10) ? 0 : need < (10U << 20) ? 10 : 20;
  const char* const unit = shift == 0 ? " bytes" : shift == 10 ? " KiB" : " MiB";
  const bool more = (need & ((std::uintmax_t{1} << shift) - 1)) != 0;
  return {str_cat((need >> shift) + (more ? 1 : 0), unit), str_cat(room >> shift, unit)};
}

/// Removes what runs that were killed left in `output_dir`, those of version 0.1, too. What cannot be removed, and what
/// another writer holds, stays.
inline void tidy_output_dir(const std::filesystem::path& output_dir) {
  remove_leftovers(output_dir);
  const FileDescriptor folder = open_folder(output_dir);
  if (folder.get() < 0) return;
  for (const std::string& name : names_in_folder(folder.get())) remove_former_leftover(folder.get(), name);
}

/// Makes `output_dir`. Throws Error(io).
inline void make_output_dir(const std::string& output_dir) { make_folder(output_dir, "output_dir: "); }

}  // namespace detail

/// Makes and tidies `output_dir`. Throws Error(io) if it cannot be written to, or has less room than the `bytes` that
/// `what` ("a checkpoint") needs.
inline void check_output_dir(const std::string& output_dir, std::uintmax_t bytes, std::string_view what) {
  detail::make_output_dir(output_dir);
  detail::tidy_output_dir(output_dir);
  const std::string reason = detail::why_not_writable(output_dir);
  check(reason.empty(), ErrorCode::io, "output_dir: expected a folder that can be written to, got ", output_dir, ": ",
        reason);
  std::error_code error;
  const std::uintmax_t available = std::filesystem::space(output_dir, error).available;
  if (error || available >= bytes) return;
  const auto [need, room] = detail::need_and_room(bytes, available);
  fail(ErrorCode::io, "output_dir: ", what, " needs about ", need, ", ", output_dir, " has ", room, " left");
}

namespace detail {

/// all_results.json of a folder, or an empty object if it is not there. Throws Error(io), Error(format).
inline Json read_all_results(const std::filesystem::path& folder) {
  const auto path = folder / "all_results.json";
  if (!path_exists(path)) return Json::object();
  Json all = read_json(path);
  check(all.is_object(), ErrorCode::format, path.native(), ": expected a JSON object, got ", all.type_name());
  return all;
}

}  // namespace detail

/// Looks, before any time is spent, at the places of the files that a run writes in the end. Throws Error(io) naming a
/// folder under the name of one, Error(format) for an all_results.json that nothing can be added to.
inline void check_result_places(const std::filesystem::path& output_dir) {
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "tokenizer_config.json",
                           "special_tokens_map.json", "added_tokens.json", "training_args.json", "train_results.json",
                           "eval_results.json", "all_results.json", "trainer_state.json", "README.md"}) {
    std::error_code error;
    check(!std::filesystem::is_directory(std::filesystem::symlink_status(output_dir / name, error)), ErrorCode::io,
          "output_dir: expected a file or nothing at ", (output_dir / name).native(), ", got a folder");
  }
  detail::read_all_results(output_dir);
}

}  // namespace tl
