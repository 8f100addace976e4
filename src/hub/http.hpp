// One request over HTTP by libcurl: no redirects, no retries, no token. What comes back is an answer with its headers,
// or a TransportError if there was none or not all of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "http_headers.hpp"

namespace tl::hub::detail {

/// There was no whole answer. what() is what libcurl says.
class TransportError : public std::runtime_error {
 public:
  /// What the same request may be a little later: the same, with little hope another one, or another one.
  enum class Hope { none, little, some };

  TransportError(const std::string& what, Hope hope) : std::runtime_error(what), hope_(hope) {}
  Hope hope() const noexcept { return hope_; }

 private:
  Hope hope_;
};

struct Answer {
  long status = 0;
  Headers headers;
  std::string body;                          // empty if it went to the request's sink
  std::optional<std::uint64_t> retry_after;  // seconds

  bool redirects() const {
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) &&
           !headers["location"].empty();
  }
};

struct Request {
  std::string url;
  bool head = false;
  std::vector<std::string> headers;  // "Name: value"
  /// Gets the body of an answer with status 200 or 206 in pieces, after its headers; what it throws ends the request.
  std::function<void(const Answer&, std::span<const std::byte>)> sink;
  std::chrono::milliseconds connect_time{10000};
  std::chrono::milliseconds whole_time{0};  // for all of it; 0: without a limit
  std::chrono::seconds idle_time{10};       // without a single byte
};

/// A connection that is kept between requests. Not for several threads at a time.
class Http {
 public:
  Http() = default;
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Throws TransportError; what the request's sink throws.
  Answer send(const Request& request);

 private:
  void* start();  // at the first request: most programs make none

  void* handle_ = nullptr;
};

/// Scheme, host and port: what a token belongs to. Throws tl::Error (invalid_argument) unless it is http or https.
struct Origin {
  std::string scheme, host, port;
  bool operator==(const Origin&) const = default;
};
Origin origin_of(const std::string& url);

/// What `reference` means on the page `url`.
std::string resolved_url(const std::string& url, const std::string& reference);

/// Percent-encoded as one part of a path; `keep` is left as it is.
std::string percent_encoded(std::string_view text, std::string_view keep = "");

/// A URL as a sentence may show it: without what follows the path, where the keys of signed addresses stand, and
/// without a user's name and password.
std::string shown_url(const std::string& url);

}  // namespace tl::hub::detail
