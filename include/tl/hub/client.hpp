// The door for what downloads: tl::hub registers itself here when a program is linked with it. Everything else of this
// layer reads the cache only.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/hub/options.hpp>
#include <tl/hub/repository.hpp>

namespace tl::hub {

/// What a client throws if the hub does not answer, or says that it cannot now: then the cache is used as it is. Its
/// sentence says what was tried.
class [[gnu::visibility("default")]] Unreachable
    : public Error{public : explicit Unreachable(const std::string& sentence) : Error(ErrorCode::io, sentence){}};

/// Downloads what the cache lacks. Of the options it reads all but the revision, which is that of the repository.
/// All functions may be called from several threads and processes; all throw Unreachable, io, format for an answer that
/// is malformed, and not_found if the hub says that there is no such repository or revision, or that the token does not
/// open it. With a commit as revision, what the cache has or knows to be absent is answered without the network.
class [[gnu::visibility("default")]] Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  /// The commit, 40 hexadecimal digits, that the revision names now. Writes it to refs/ of the cache.
  virtual std::string commit(const Repository& repository, const Options& options) = 0;

  /// The paths of the repository's files at that revision, sorted.
  virtual std::vector<std::string> list_files(const Repository& repository, const Options& options) = 0;

  /// The file in the cache's snapshot, downloaded if it is missing; nothing if the repository has no such file, which
  /// the cache then knows.
  virtual std::optional<std::filesystem::path> file(const Repository& repository, std::string_view path,
                                                    const Options& options) = 0;
};

namespace detail {

struct ClientSlot {
  std::mutex mutex;
  std::shared_ptr<Client> client;
};

/// One for the process, also if its parts are compiled with hidden names.
[[gnu::visibility("default")]] inline ClientSlot& client_slot() {
  static ClientSlot slot;
  return slot;
}

}  // namespace detail

/// Makes `client` the one of the process; null: there is none.
inline void set_client(std::shared_ptr<Client> client) {
  auto& slot = detail::client_slot();
  const std::scoped_lock lock(slot.mutex);
  slot.client.swap(client);
}

/// The client of the process; null in a program that is not linked with tl::hub.
inline std::shared_ptr<Client> client() {
  auto& slot = detail::client_slot();
  const std::scoped_lock lock(slot.mutex);
  return slot.client;
}

}  // namespace tl::hub
