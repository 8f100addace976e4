// The settings that decide which batches a run sees. A resumed run sees those of the uninterrupted one only if they are
// as they were, so a checkpoint keeps them. This is their one list: what is written, read and compared follows from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <type_traits>

#include <tl/data/sampler.hpp>
#include <tl/io/json_file.hpp>

namespace tl {

/// The settings as a checkpoint keeps them.
struct BatchSettings {
  std::int64_t rows = 0, batch_size = 0, accumulation = 0, seed = 0, data_seed = 0;
  bool group_by_length = false, drop_last = false;
  std::string sampler{};          ///< name of a user's sampler; empty: one of the library
  std::int64_t sampler_rows = 0;  ///< rows of an epoch under a user's sampler
  std::uint64_t fingerprint = 0;  ///< of the training rows; 0: not known, as in checkpoints of earlier versions
  bool sequential = false;        ///< rows in the order of the data set
  bool stream = false;            ///< rows of a stream, whose number is not known: `rows` is more than any run takes

  static constexpr std::int64_t rows_of_stream = 1'000'000'000'000'000;

  /// Rows that an epoch visits.
  std::int64_t epoch_rows() const { return sampler.empty() ? rows : sampler_rows; }
  /// Micro-batches of an epoch.
  std::int64_t batches() const { return batch_count(epoch_rows(), batch_size, drop_last); }

  friend bool operator==(const BatchSettings&, const BatchSettings&) = default;
};

namespace detail {

/// Calls `visit(key, member, optional)` for each setting in the order of progress.json; a file need not have the
/// optional ones, and has them only if they are not as in a BatchSettings{}.
template <class Visit> void each_batch_setting(Visit&& visit) {
  visit("train_rows", &BatchSettings::rows, false);
  visit("per_device_train_batch_size", &BatchSettings::batch_size, false);
  visit("gradient_accumulation_steps", &BatchSettings::accumulation, false);
  visit("seed", &BatchSettings::seed, false);
  visit("data_seed", &BatchSettings::data_seed, false);
  visit("group_by_length", &BatchSettings::group_by_length, false);
  visit("dataloader_drop_last", &BatchSettings::drop_last, false);
  visit("sampler", &BatchSettings::sampler, true);
  visit("sampler_rows", &BatchSettings::sampler_rows, true);
  visit("train_fingerprint", &BatchSettings::fingerprint, true);
  visit("sequential", &BatchSettings::sequential, true);
  visit("stream", &BatchSettings::stream, true);
}

inline void write_batch_settings(Json& json, const BatchSettings& settings) {
  each_batch_setting([&](const char* key, auto member, bool optional) {
    if (!optional || settings.*member != BatchSettings{}.*member) json[key] = settings.*member;
  });
}

/// Throws Error(format) naming `path` and the key.
inline BatchSettings read_batch_settings(const Json& json, const std::filesystem::path& path) {
  BatchSettings settings;
  each_batch_setting([&](const char* key, auto member, bool optional) {
    if (!optional || json.contains(key)) read_member(json, key, settings.*member, path);
  });
  return settings;
}

}  // namespace detail

/// What is not as it was, e.g. "seed was 42 and is 43"; empty if the batches will be the same.
inline std::string batch_differences(const BatchSettings& then, const BatchSettings& now) {
  std::string text;
  const auto add = [&text](const std::string& difference) { text += str_cat(text.empty() ? "" : ", ", difference); };
  detail::each_batch_setting([&](const char* key, auto member, bool) {
    if constexpr (std::is_same_v<decltype(member), std::uint64_t BatchSettings::*>) {
      const bool known = then.*member != 0 && then.rows == now.rows;
      if (known && then.*member != now.*member)
        add("the tokens or labels of train_dataset, or their order, were others");
    } else if (then.*member != now.*member) {
      add(str_cat(key, " was ", dump_json(Json(then.*member)), " and is ", dump_json(Json(now.*member))));
    }
  });
  return text;
}

}  // namespace tl
