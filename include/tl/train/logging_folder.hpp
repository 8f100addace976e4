// Where the reporters of a run write: logging_dir, else what TENSORBOARD_LOGGING_DIR names, else a folder of the run's
// own, runs/<date>_<host> in output_dir, as in the Python stack. A run that is resumed goes on in its folder.
#pragma once

#include <ctime>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <tl/hub/environment.hpp>
#include <tl/io/event_file.hpp>
#include <tl/train/trainer_callback.hpp>

namespace tl {

namespace detail {

/// "Dec01_09-30-00_host": the time here and the name of this machine.
inline std::string run_name_now() {
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  char rest[32];
  std::snprintf(rest, sizeof rest, "%02d_%02d-%02d-%02d_", local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
  return str_cat(months.at(static_cast<std::size_t>(local.tm_mon)), rest, host_name());
}

/// The folder of runs that no other folder was named for.
inline std::filesystem::path runs_folder(const TrainingArguments& args) {
  return std::filesystem::path(args.output_dir) / "runs";
}

/// The folder in which a fresh run with these arguments reports.
inline std::filesystem::path logging_folder(const TrainingArguments& args) {
  if (!args.logging_dir.empty()) return args.logging_dir;
  if (const std::string named = hub::detail::variable("TENSORBOARD_LOGGING_DIR"); !named.empty())
    return hub::detail::expand(named);
  return runs_folder(args) / run_name_now();
}

/// The folder of one reporter: the one it was made for, else the Trainer's; of a run that is resumed, and whose folder
/// was not named, that of its earlier part, which checkpoints know by its name.
class ReporterFolder {
 public:
  explicit ReporterFolder(std::filesystem::path given = {}) : given_(std::move(given)) {}

  /// Makes the folder if it is not there. Throws Error(io) with a sentence that begins with "logging_dir: ".
  const std::filesystem::path& make(const TrainerEvent& event) {
    folder_ = given_.empty() ? std::filesystem::path(event.logging_dir) : given_;
    const bool of_run = folder_.parent_path() == runs_folder(event.args);
    if (of_run && !run_.empty()) folder_ = folder_.parent_path() / run_;
    run_ = of_run ? folder_.filename().string() : std::string();
    make_folder(folder_, "logging_dir: ");
    return folder_;
  }

  /// The name for checkpoints; empty if it need not be remembered.
  const std::string& run() const { return run_; }
  /// Takes a name from a checkpoint; what is not the name of a folder is no name.
  void restore(const Json& attributes) {
    run_ = {};
    if (const Json* const found = find_member(attributes, "run"); found != nullptr && found->is_string())
      if (const auto name = found->get<std::string>(); is_file_name(name)) run_ = name;
  }

  /// A name within a folder, and not a way out of it.
  static bool is_file_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos && name.find('\0') == name.npos;
  }

 private:
  std::filesystem::path given_, folder_;
  std::string run_;
};

}  // namespace detail

}  // namespace tl
