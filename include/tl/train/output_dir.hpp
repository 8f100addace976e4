// The folder a run writes to: what is checked, and tidied, before any time is spent.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/io/atomic_file.hpp>
#include <tl/train/checkpoint.hpp>

namespace tl {

namespace detail {

/// Whether `name` is ".NAME.tmp-PID-N", an AtomicFile's, and the process that wrote it is no more.
inline bool is_abandoned_file(std::string_view name) {
  const std::size_t at = name.rfind(".tmp-");
  if (!name.starts_with('.') || at == std::string_view::npos || at < 2) return false;
  std::int64_t process = 0, number = 0;
  const char* const end = name.data() + name.size();
  const auto first = std::from_chars(name.data() + at + 5, end, process);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-' || process < 1) return false;
  const auto second = std::from_chars(first.ptr + 1, end, number);
  if (second.ec != std::errc{} || second.ptr != end || number < 0) return false;
  return ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

/// Empty if a file can be written in `folder`, else the system's reason.
inline std::string why_not_writable(const std::filesystem::path& folder) {
  std::string path = (folder / ".probe-XXXXXX").native();
  const FileDescriptor file(::mkstemp(path.data()));
  if (file.get() < 0) return std::generic_category().message(errno);
  ::unlink(path.c_str());  // at once, so that nothing stays whatever happens
  const char byte = 0;
  return ::write(file.get(), &byte, 1) == 1 ? "" : std::generic_category().message(errno);
}

/// Both in one unit, the need rounded up and the room, which is less, rounded down: so the two never read the same.
inline std::pair<std::string, std::string> need_and_room(std::uintmax_t need, std::uintmax_t room) {
  const int shift = need < (10U << 10) ? 0 : need < (10U << 20) ? 10 : 20;
  const char* const unit = shift == 0 ? " bytes" : shift == 10 ? " KiB" : " MiB";
  const bool more = (need & ((std::uintmax_t{1} << shift) - 1)) != 0;
  return {join((need >> shift) + (more ? 1 : 0), unit), join(room >> shift, unit)};
}

}  // namespace detail

/// Removes what runs that were killed left in `output_dir`: ".NAME.tmp-PID-N" of a process that is no more,
/// ".checkpoint-N.deleted", and ".checkpoint-N.partial" and ".model.partial" that nobody is filling. What cannot be
/// removed stays.
inline void remove_leftovers(const std::filesystem::path& output_dir) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(output_dir, error)) found.push_back(entry.path());
  for (const fs::path& path : found) {
    const std::string name = path.filename().native();
    const auto status = fs::symlink_status(path, error);
    if (fs::is_regular_file(status) && detail::is_abandoned_file(name)) fs::remove(path, error);
    const std::size_t dot = name.rfind('.');
    if (!fs::is_directory(status) || !name.starts_with('.') || dot == 0) continue;
    const std::string owner = name.substr(1, dot - 1);  // ".NAME.suffix" belongs to NAME
    const bool checkpoint = checkpoint_number(owner).has_value();
    if (name.ends_with(".deleted") && checkpoint) fs::remove_all(path, error);
    if (!name.ends_with(".partial") || !(checkpoint || owner == "model")) continue;
    try {
      const AtomicFolder taken(output_dir / owner, FormerFolder::replace);  // goes away again with what it took
    } catch (const Error&) {                                                // another run is filling it
    }
  }
}

/// Makes `output_dir`. Throws Error(io).
inline void make_output_dir(const std::string& output_dir) {
  std::error_code error;
  std::filesystem::create_directories(output_dir, error);
  check(!error && std::filesystem::is_directory(output_dir, error), ErrorCode::io,
        "output_dir: cannot make the folder ", output_dir, ": ",
        error ? error.message() : "a file of that name exists");
}

/// Makes and tidies `output_dir`. Throws Error(io) if it cannot be written to, or has less room than the `bytes` that
/// `what` ("a checkpoint") needs.
inline void check_output_dir(const std::string& output_dir, std::uintmax_t bytes, std::string_view what) {
  make_output_dir(output_dir);
  remove_leftovers(output_dir);
  const std::string reason = detail::why_not_writable(output_dir);
  check(reason.empty(), ErrorCode::io, "output_dir: expected a folder that can be written to, got ", output_dir, ": ",
        reason);
  std::error_code error;
  const std::uintmax_t available = std::filesystem::space(output_dir, error).available;
  if (error || available >= bytes) return;
  const auto [need, room] = detail::need_and_room(bytes, available);
  fail(ErrorCode::io, "output_dir: ", what, " needs about ", need, ", ", output_dir, " has ", room, " left");
}

}  // namespace tl
