// Redirects, tokens, attempts.
#include "session.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace tl::hub::detail {

namespace {

constexpr int most_redirects = 10;
constexpr int few_attempts = 3;  // to make a connection

/// A token is one word of visible ASCII: a line end would begin a header of its own. The sentence does not show it.
void check_token(const std::string& token) {
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  check(plain, ErrorCode::invalid_argument,
        "expected a token of letters, digits and signs without blanks, as \"hf_...\", got one with other characters; "
        "look at HF_TOKEN, the token file and --token");
}

}  // namespace

bool is_temporary(long status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

std::string server_message(const Answer& answer) {
  std::string_view message = answer.headers["x-error-message"];
  if (message.empty() && answer.body.size() < 300 && answer.body.find('<') == std::string::npos) message = answer.body;
  std::string text;
  for (const char c : message.substr(0, 200)) text += c >= ' ' && c < '\x7f' ? c : ' ';
  return std::string(without_blanks(text));
}

std::string_view Reply::first(std::string_view name) const {
  for (const Headers& headers : before)
    if (const std::string_view value = headers[name]; !value.empty()) return value;
  return answer.headers[name];
}

Session::Session(Http& http, Settings settings)
    : http_(http), settings_(std::move(settings)), origin_(origin_of(settings_.endpoint)) {
  check_token(settings_.token);
}

std::string Session::authorization(const std::string& url) const {
  return settings_.token.empty() || origin_of(url) != origin_ ? "" : "Authorization: Bearer " + settings_.token;
}

Reply Session::follow(Request request, bool leaves_the_hub) {
  const std::vector<std::string> headers = request.headers;
  Reply reply{{}, request.url, {}};
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    request.url = reply.url;
    request.headers = headers;
    if (const std::string token = authorization(reply.url); !token.empty()) request.headers.push_back(token);
    reply.answer = http_.send(request);
    if (!reply.answer.redirects()) return reply;
    const std::string next = resolved_url(reply.url, std::string(reply.answer.headers["location"]));
    const Origin from = origin_of(reply.url), to = origin_of(next);
    check(from.scheme != "https" || to.scheme == "https", ErrorCode::io, shown_url(reply.url),
          " redirects from https to an address without encryption, ", shown_url(next), "; it is not followed");
    if (!leaves_the_hub && to != origin_) return reply;
    reply.before.push_back(reply.answer.headers);
    reply.url = next;
  }
  fail(ErrorCode::io, "expected an answer from ", shown_url(request.url), ", got more than ", most_redirects,
       " redirects");
}

std::optional<std::chrono::milliseconds> Session::pause(int attempt,
                                                        const std::optional<std::uint64_t>& retry_after) const {
  if (retry_after) {
    if (*retry_after > static_cast<std::uint64_t>(settings_.longest_wait.count())) return std::nullopt;
    return std::chrono::seconds(*retry_after);
  }
  return std::min(settings_.first_pause * (1 << std::min(attempt, 10)), settings_.longest_pause);
}

std::string Session::advice() const {
  return "; check the network, the proxy (HTTPS_PROXY) and HF_ENDPOINT, or set HF_HUB_OFFLINE=1 to use only what the "
         "cache has";
}

template <class Send> Reply Session::repeat(const std::string& url, int attempts, const Send& send) {
  for (int attempt = 0;; ++attempt) {
    const bool last = attempt + 1 >= attempts;
    std::optional<std::chrono::milliseconds> wait;
    try {
      Reply reply = send();
      if (!is_temporary(reply.answer.status)) return reply;
      wait = pause(attempt, reply.answer.retry_after);
      if (last || !wait) {
        const std::string said = server_message(reply.answer);
        throw Unreachable(
            str_cat(shown_url(url), " answered with status ", reply.answer.status,
                    said.empty() ? "" : " (" + said + ")", attempt > 0 ? str_cat(" ", attempt + 1, " times") : "", "; ",
                    reply.answer.retry_after ? str_cat("it asks to try again in ", *reply.answer.retry_after, " s")
                                             : "try again later"));
      }
    } catch (const TransportError& error) {
      const bool little = error.hope() == TransportError::Hope::little && attempt + 1 >= few_attempts;
      if (last || little || error.hope() == TransportError::Hope::none)
        throw Unreachable(str_cat("cannot reach ", shown_url(url), ": ", error.what(), advice()));
      wait = pause(attempt, std::nullopt);
    }
    std::this_thread::sleep_for(*wait);
  }
}

Reply Session::head(const std::string& url, int attempts) {
  Request request;
  request.url = url;
  request.head = true;
  request.headers = {"Accept-Encoding: identity"};  // the size of the file, not of what is sent
  request.whole_time = request.connect_time = settings_.metadata_time;
  request.idle_time = settings_.metadata_time;
  return repeat(url, attempts, [&] { return follow(request, false); });
}

Reply Session::get(const std::string& url, int attempts) {
  Request request;
  request.url = url;
  request.connect_time = settings_.metadata_time;
  request.idle_time = settings_.idle_time;
  return repeat(url, attempts, [&] { return follow(request, true); });
}

Reply Session::fetch(const std::string& url, std::uint64_t begin,
                     const std::function<void(const Answer&, std::span<const std::byte>)>& sink) {
  Request request;
  request.url = url;
  request.headers = {"Accept-Encoding: identity"};
  if (begin > 0) request.headers.push_back(str_cat("Range: bytes=", begin, '-'));
  request.connect_time = settings_.metadata_time;
  request.idle_time = settings_.idle_time;
  request.sink = sink;
  return follow(request, true);
}

}  // namespace tl::hub::detail
