// The client that tl::hub registers.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/hub/client.hpp>

#include "blob.hpp"

namespace tl::hub::detail {

/// Downloads over HTTP, one request at a time.
class HttpClient final : public Client {
 public:
  /// What the environment does not say is taken from `defaults`; its endpoint and token are not used.
  explicit HttpClient(Settings defaults = {}) : defaults_(std::move(defaults)) {}

  std::string commit(const Repository& repository, const Options& options) override;
  std::vector<std::string> list_files(const Repository& repository, const Options& options) override;
  std::optional<std::filesystem::path> file(const Repository& repository, std::string_view path,
                                            const Options& options) override;

 private:
  Session session(const Options& options);
  std::optional<FileInfo> info(Session& session, const Repository& repository, std::string_view path,
                               const Options& options);

  Settings defaults_;
  std::mutex mutex_;
  Http http_;
};

}  // namespace tl::hub::detail
