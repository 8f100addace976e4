// What a call may say about the hub. What it leaves open is taken from the environment, see environment.hpp.
#pragma once

#include <filesystem>
#include <string>

namespace tl::hub {

/// Which state of a repository, and where from.
struct Options {
  std::string revision = "main";      ///< a branch, a tag, or a commit of 40 hexadecimal digits
  std::filesystem::path cache_dir{};  ///< default: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub
  std::string token{};                ///< default: HF_TOKEN, else the file that Python's login wrote
  bool local_files_only = false;      ///< do not ask the hub, as HF_HUB_OFFLINE=1 does for all calls
  bool force_download = false;        ///< download also what the cache has, in place of it
};

}  // namespace tl::hub
