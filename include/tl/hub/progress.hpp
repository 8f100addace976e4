// How far a download is. The library shows nothing by itself: a program says who is told.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace tl::hub {

/// The state of one file that is being downloaded.
struct Progress {
  std::string repository;              ///< its name on the hub
  std::string file;                    ///< its path in the repository
  std::uint64_t received = 0;          ///< bytes that are here, those of an earlier download included
  std::uint64_t resumed = 0;           ///< those of an earlier download
  std::optional<std::uint64_t> total;  ///< bytes of the whole file, if the hub said so
  bool waiting = false;                ///< another process is downloading the same file
  bool done = false;                   ///< the file is complete and checked
};

using OnProgress = std::function<void(const Progress&)>;

namespace detail {

struct ProgressListener {
  std::mutex mutex;
  OnProgress listener;
};

inline ProgressListener& progress_listener() {
  static ProgressListener one;
  return one;
}

}  // namespace detail

/// Calls `listener` while files are downloaded, some times a second and when one is complete; an empty one ends that.
inline void set_progress(OnProgress listener) {
  auto& one = detail::progress_listener();
  const std::lock_guard lock(one.mutex);
  one.listener = std::move(listener);
}

namespace detail {

inline void tell_progress(const Progress& progress) {
  auto& one = progress_listener();
  const std::lock_guard lock(one.mutex);
  if (one.listener) one.listener(progress);
}

}  // namespace detail

}  // namespace tl::hub
