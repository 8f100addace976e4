// What the tests of the client share: one with short pauses, and the files that a download leaves.
#pragma once

#include <string>
#include <vector>

#include "hub/client.hpp"
#include "support/catch.hpp"
#include "support/local_hub.hpp"

namespace tl::test {

/// The settings of a test: no second is lost.
inline hub::detail::Settings impatient() {
  hub::detail::Settings settings;
  settings.first_pause = std::chrono::milliseconds(5);
  settings.longest_pause = std::chrono::milliseconds(20);
  settings.longest_wait = std::chrono::seconds(2);
  settings.attempts = 4;
  return settings;
}

inline const hub::Repository model{hub::RepositoryKind::model, "org/tiny"};

/// Files of the cache whose names end with ".incomplete" or begin as those that are being written do.
inline std::vector<std::string> unfinished(const LocalHub& hub) {
  std::vector<std::string> found;
  for (const std::string& path : tree_of(hub.cache()))
    if (path.ends_with(".incomplete") || path.find(".tl-") != std::string::npos) found.push_back(path);
  return found;
}

/// Files in folders of blobs, but those that are unfinished.
inline std::size_t blobs(const LocalHub& hub) {
  std::size_t count = 0;
  for (const std::string& path : tree_of(hub.cache()))
    count += path.find("/blobs/") != std::string::npos && !path.ends_with(".incomplete");
  return count;
}

}  // namespace tl::test
