// Requests to one hub: redirects are followed here, so that the token goes to the hub and to no other host; failures
// that pass are tried again with growing pauses.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <tl/core/error.hpp>
#include <tl/hub/client.hpp>

#include "http.hpp"

namespace tl::hub::detail {

struct Settings {
  std::string endpoint;                    // without a slash at the end
  std::string token;                       // empty: none
  std::chrono::seconds metadata_time{10};  // HF_HUB_ETAG_TIMEOUT: for an answer without a body
  std::chrono::seconds idle_time{10};      // HF_HUB_DOWNLOAD_TIMEOUT: without a byte of a body
  int attempts = 6;                        // of a request, before it is given up
  std::chrono::milliseconds first_pause{1000}, longest_pause{8000};
  std::chrono::seconds longest_wait{120};  // that a server may ask for with Retry-After
};

/// An answer and where it came from.
struct Reply {
  Answer answer;
  std::string url;
  /// Of the answers on the way to this one: headers that the hub gives with its redirects.
  std::vector<Headers> before;

  /// The header of the first of all answers that has it.
  std::string_view first(std::string_view name) const;
};

class Session {
 public:
  Session(Http& http, Settings settings);

  const Settings& settings() const noexcept { return settings_; }

  /// HEAD, through redirects that stay on the hub; one that leads elsewhere is the answer. Throws Unreachable.
  Reply head(const std::string& url, int attempts);

  /// GET of a text, through redirects. Throws Unreachable.
  Reply get(const std::string& url, int attempts);

  /// One GET, through redirects, whose body goes to `sink` from byte `begin` on. Throws TransportError.
  Reply fetch(const std::string& url, std::uint64_t begin,
              const std::function<void(const Answer&, std::span<const std::byte>)>& sink);

  /// How long to wait before the next of several attempts; nothing if the server asks for too long a time.
  std::optional<std::chrono::milliseconds> pause(int attempt, const std::optional<std::uint64_t>& retry_after) const;

  /// What to add to the sentence of a request that had no answer.
  std::string advice() const;

 private:
  Reply follow(Request request, bool leaves_the_hub);
  template <class Send> Reply repeat(const std::string& url, int attempts, const Send& send);
  std::string authorization(const std::string& url) const;

  Http& http_;
  Settings settings_;
  Origin origin_;
};

/// Whether an answer with this status may be another one a moment later.
bool is_temporary(long status);

/// What a server says about its own problem, in a few words on one line.
std::string server_message(const Answer& answer);

}  // namespace tl::hub::detail
