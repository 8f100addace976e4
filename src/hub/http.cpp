// Requests by libcurl.
#include "http.hpp"

#include <curl/curl.h>

#include <exception>
#include <memory>
#include <mutex>

#include <tl/core/error.hpp>
#include <tl/hub/environment.hpp>
#include <tl/version.hpp>

namespace tl::hub::detail {

namespace {

constexpr std::size_t most_text = std::size_t{64} << 20;  // of an answer that is kept in memory

/// What the functions that libcurl calls need.
struct Exchange {
  const Request& request;
  CURL* handle;
  Answer answer;
  std::exception_ptr thrown;
  curl_off_t received = -1;
  std::chrono::steady_clock::time_point last{};  // when something was received
};

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
  static_cast<Exchange*>(user)->answer.headers.add_line({data, size});
  return size;
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  Exchange& exchange = *static_cast<Exchange*>(user);
  Answer& answer = exchange.answer;
  try {
    ::curl_easy_getinfo(exchange.handle, CURLINFO_RESPONSE_CODE, &answer.status);
    if (exchange.request.sink && (answer.status == 200 || answer.status == 206)) {
      exchange.request.sink(answer, std::as_bytes(std::span(data, size)));
    } else {
      if (answer.body.size() + size > most_text)
        throw TransportError(str_cat("the answer is longer than ", most_text, " bytes"), TransportError::Hope::none);
      answer.body.append(data, size);
    }
    return size;
  } catch (...) {  // no exception may pass through the C code
    exchange.thrown = std::current_exception();
    return size + 1;
  }
}

/// Ends a request during which nothing came for too long. libcurl's own limit looks at a mean of five seconds.
int look_at_clock(void* user, curl_off_t, curl_off_t received, curl_off_t, curl_off_t) {
  Exchange& exchange = *static_cast<Exchange*>(user);
  const auto now = std::chrono::steady_clock::now();
  if (received != exchange.received) {
    exchange.received = received;
    exchange.last = now;
  }
  return now - exchange.last > exchange.request.idle_time ? 1 : 0;
}

/// A name or a certificate that is wrong stays wrong; without any connection there may be no network at all.
TransportError::Hope hope_after(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return TransportError::Hope::little;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_SSL_CONNECT_ERROR: return TransportError::Hope::some;
    default: return TransportError::Hope::none;
  }
}

/// The file and the folder of certificates of the environment; other programs of the same user read these variables.
void set_certificates(CURL* handle) {
  for (const std::string& file :
       {variable("REQUESTS_CA_BUNDLE"), variable("CURL_CA_BUNDLE"), variable("SSL_CERT_FILE")})
    if (!file.empty()) ::curl_easy_setopt(handle, CURLOPT_CAINFO, file.c_str());
  if (const std::string folder = variable("SSL_CERT_DIR"); !folder.empty())
    ::curl_easy_setopt(handle, CURLOPT_CAPATH, folder.c_str());
}

using Url = std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)>;

Url parsed_url(const std::string& url) {
  Url parsed(::curl_url(), &::curl_url_cleanup);
  check(parsed != nullptr && ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK,
        ErrorCode::invalid_argument, "expected an address as https://HOST/..., got ", url);
  return parsed;
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return "";
  const std::string copy = text;
  ::curl_free(text);
  return copy;
}

}  // namespace

void* Http::start() {
  if (handle_ != nullptr) return handle_;
  static std::once_flag once;
  std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_ = ::curl_easy_init();
  check(handle_ != nullptr, ErrorCode::state, "libcurl cannot be started");
  return handle_;
}

Http::~Http() { ::curl_easy_cleanup(handle_); }

Answer Http::send(const Request& request) {
  CURL* const handle = start();
  ::curl_easy_reset(handle);  // keeps the connections
  Exchange exchange{request, handle, {}, nullptr, -1, std::chrono::steady_clock::now()};
  char problem[CURL_ERROR_SIZE] = "";
  curl_slist* lines = nullptr;
  for (const std::string& header : request.headers) lines = ::curl_slist_append(lines, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> headers(lines, &::curl_slist_free_all);
  const std::string agent = str_cat("tl/", tl::version);

  ::curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  ::curl_easy_setopt(handle, CURLOPT_NOBODY, request.head ? 1L : 0L);
  ::curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  ::curl_easy_setopt(handle, CURLOPT_USERAGENT, agent.c_str());
  ::curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  ::curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // signals belong to the program
  ::curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
#if LIBCURL_VERSION_NUM >= 0x075500
  ::curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  ::curl_easy_setopt(handle, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  ::curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, problem);
  ::curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_time.count()));
  ::curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.whole_time.count()));
  ::curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  ::curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &look_at_clock);
  ::curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);
  ::curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
  ::curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &take_header);
  ::curl_easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
  ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take_body);
  ::curl_easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  set_certificates(handle);

  const CURLcode code = ::curl_easy_perform(handle);
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  if (code != CURLE_OK) {
    std::string what = *problem != '\0' ? problem : ::curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK) what = str_cat("nothing came for ", request.idle_time.count(), " s");
    if (code == CURLE_PEER_FAILED_VERIFICATION) what += "; an authority of your own is named by SSL_CERT_FILE";
    throw TransportError(what, hope_after(code));
  }
  ::curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &exchange.answer.status);
  curl_off_t seconds = 0;  // a number or a date in the header
  if (::curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
    exchange.answer.retry_after = static_cast<std::uint64_t>(seconds);
  if (!exchange.answer.retry_after)
    exchange.answer.retry_after = rate_limit_reset(exchange.answer.headers["ratelimit"]);
  return std::move(exchange.answer);
}

Origin origin_of(const std::string& url) {
  const Url parsed = parsed_url(url);
  Origin origin{lower_case(part_of(parsed.get(), CURLUPART_SCHEME)), lower_case(part_of(parsed.get(), CURLUPART_HOST)),
                part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  check(origin.scheme == "http" || origin.scheme == "https", ErrorCode::invalid_argument,
        "expected an address that begins with https:// or http://, got ", shown_url(url));
  return origin;
}

std::string resolved_url(const std::string& url, const std::string& reference) {
  const Url parsed = parsed_url(url);
  check(::curl_url_set(parsed.get(), CURLUPART_URL, reference.c_str(), 0) == CURLUE_OK, ErrorCode::format,
        shown_url(url), " redirects to something that is no address: ", reference.substr(0, 200));
  return part_of(parsed.get(), CURLUPART_URL);
}

std::string percent_encoded(std::string_view text, std::string_view keep) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos || keep.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

std::string shown_url(const std::string& url) {
  std::string shown = url.substr(0, url.find_first_of("?#"));
  const std::size_t begin = shown.find("://");
  if (begin != std::string::npos) {
    const std::size_t at = shown.substr(0, shown.find('/', begin + 3)).rfind('@');
    if (at != std::string::npos) shown.erase(begin + 3, at - begin - 2);
  }
  return shown;
}

}  // namespace tl::hub::detail
