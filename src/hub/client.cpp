// The client that programs get with tl::hub: what the cache lacks is downloaded into it, by the layout that
// <tl/hub/cache.hpp> writes down and huggingface_hub shares.
#include "client.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <tl/hub/cache.hpp>
#include <tl/hub/environment.hpp>
#include <tl/io/atomic_file.hpp>
#include <tl/io/json.hpp>
#include <tl/io/mapped_file.hpp>

#include "blob.hpp"

namespace tl::hub::detail {

namespace fs = std::filesystem;

namespace {

constexpr int most_pages = 10000;  // of a list of files

/// A time limit of the environment in seconds.
std::chrono::seconds time_limit(const char* name, const std::string& text, std::chrono::seconds otherwise) {
  if (text.empty()) return otherwise;
  const auto seconds = whole_number(text);
  check(seconds && *seconds > 0 && *seconds < 1000000, ErrorCode::invalid_argument, name,
        ": expected a number of seconds, got \"", text, "\"");
  return std::chrono::seconds(*seconds);
}

/// "the model org/name".
std::string named(const Repository& repository) {
  return str_cat("the ", repository.kind == RepositoryKind::model ? "model " : "data set ", repository.id);
}

std::string prefix(const Repository& repository) {
  return repository.kind == RepositoryKind::dataset ? "datasets/" : "";
}

/// Throws what the hub said with an answer that is not a good one.
[[noreturn]] void refuse(const Repository& repository, const Settings& settings, const Reply& reply) {
  const Answer& answer = reply.answer;
  const std::string_view code = answer.headers["x-error-code"];
  const std::string said = server_message(answer);
  const std::string where = str_cat(" on ", shown_url(settings.endpoint));
  const bool with_token = !settings.token.empty();
  if (code == "GatedRepo")
    fail(ErrorCode::not_found, named(repository), where,
         " is gated: its owner grants access on request; ask for it on ", shown_url(settings.endpoint), '/',
         prefix(repository), repository.id,
         with_token ? ", with the account of the token that was sent, which has no access yet"
                    : ", then set HF_TOKEN or --token to a token of that account");
  if (code == "RevisionNotFound")
    fail(ErrorCode::not_found, "expected a branch, a tag or a commit of ", named(repository), where, ", got \"",
         repository.revision, "\", which it does not have");
  if (answer.status == 401 && with_token && code != "RepoNotFound")
    fail(ErrorCode::not_found, "the token was refused", where, " (", said.empty() ? "status 401" : said,
         "); look at HF_TOKEN, the token file and --token");
  if (code == "RepoNotFound" || answer.status == 401 || (answer.status == 404 && code.empty()))
    fail(ErrorCode::not_found, "there is no ", named(repository).substr(4), where,
         with_token ? ", or the account of the token may not see it; check the name"
                    : "; check the name, or, if it is a private one, set HF_TOKEN or --token");
  fail(answer.status == 403 ? ErrorCode::not_found : ErrorCode::io, "expected ", named(repository), " from ",
       shown_url(reply.url), ", got the status ", answer.status, said.empty() ? "" : " (" + said + ")");
}

/// Throws if an answer does not come from a hub: what is between may answer in its place.
[[noreturn]] void fail_not_a_hub(const Reply& reply, std::string_view missing) {
  fail(ErrorCode::format, "expected an answer of a hub from ", shown_url(reply.url), ", with ", missing,
       ", got one of the type \"", reply.answer.headers["content-type"].substr(0, 60),
       "\" without; is HF_ENDPOINT a hub, and is there a proxy or a page for signing in on the way?");
}

void write_if_other(const fs::path& path, std::string_view text) {
  std::error_code none;
  if (fs::is_regular_file(path, none) && read_file(path) == text) return;
  make_folder(path.parent_path());
  remove_leftovers(path.parent_path());
  write_file(path, text);
}

/// The same where it only saves a question: a cache that cannot be written can still be read.
void note(const fs::path& path, std::string_view text) {
  try {
    write_if_other(path, text);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::io) throw;
  }
}

/// Marks the cache for programs that make backups, as the convention for such folders asks.
void write_cache_tag(const fs::path& cache) {
  const fs::path tag = cache / "CACHEDIR.TAG";
  std::error_code none;
  if (fs::exists(tag, none)) return;
  remove_leftovers(cache);
  write_file(tag,
             "Signature: 8a477f597d28d172789f06886806bc55\n"
             "# Files of the Hugging Face hub; they can be downloaded again.\n");
}

void copy_blob(const fs::path& blob, const fs::path& file) {
  const MappedFile content(blob);
  AtomicFile copy(file, content.bytes().size());
  copy.write(content.bytes());
  copy.commit();
}

/// Puts the blob into a snapshot, atomically: as a relative link, or as a copy where there are no links.
void link_blob(const fs::path& blob, const fs::path& file) {
  std::error_code error;
  const fs::path target = blob.lexically_relative(file.parent_path());
  const bool there = fs::symlink_status(file, error).type() != fs::file_type::not_found;
  if (there && fs::is_symlink(file, error) && fs::read_symlink(file, error) == target) return;
  const fs::path made =
      there ? file.parent_path() / tl::detail::OwnName::make(file.filename(), tl::detail::OwnName::file) : file;
  int failure = is_true("HF_HUB_DISABLE_SYMLINKS") ? EPERM : 0;
  if (failure == 0 && ::symlink(target.c_str(), made.c_str()) != 0) failure = errno;
  if (failure == EPERM || failure == ENOTSUP || failure == ENOSYS) return copy_blob(blob, file);
  if (failure == 0 && there && ::rename(made.c_str(), file.c_str()) != 0) {
    failure = errno;
    ::unlink(made.c_str());
  }
  if (failure != 0) tl::detail::fail_errno("create", file, failure);
}

}  // namespace

Session HttpClient::session(const Options& options) {
  if (offline() || options.local_files_only)
    throw Unreachable("the hub is not asked, because HF_HUB_OFFLINE or local_files_only says so");
  Settings settings = defaults_;
  settings.endpoint = endpoint();
  settings.token = options.token.empty() ? token() : options.token;
  settings.metadata_time = time_limit("HF_HUB_ETAG_TIMEOUT", variable("HF_HUB_ETAG_TIMEOUT"), settings.metadata_time);
  settings.idle_time = time_limit("HF_HUB_DOWNLOAD_TIMEOUT", variable("HF_HUB_DOWNLOAD_TIMEOUT"), settings.idle_time);
  return Session(http_, std::move(settings));
}

std::string HttpClient::commit(const Repository& repository, const Options& options) {
  check_repository(repository);
  if (is_commit(repository.revision)) return repository.revision;
  const std::scoped_lock lock(mutex_);
  Session session = this->session(options);
  const int attempts = cached_commit(repository, options) ? 1 : session.settings().attempts;
  const Reply reply =
      session.get(str_cat(session.settings().endpoint, "/api/", to_string(repository.kind), "s/",
                          percent_encoded(repository.id, "/"), "/revision/", percent_encoded(repository.revision)),
                  attempts);
  if (reply.answer.status != 200) refuse(repository, session.settings(), reply);
  if (!reply.answer.body.starts_with('{')) fail_not_a_hub(reply, "a JSON object");
  const Json about = parse_json(reply.answer.body, shown_url(reply.url));
  const auto sha = about.find("sha");
  const std::string commit = sha == about.end() || !sha->is_string() ? "" : sha->get<std::string>();
  if (!is_commit(commit)) fail_not_a_hub(reply, "a commit of 40 hexadecimal digits as \"sha\"");
  write_if_other(ref_file(repository, options), commit);
  return commit;
}

std::vector<std::string> HttpClient::list_files(const Repository& repository, const Options& options) {
  check_repository(repository);
  const std::scoped_lock lock(mutex_);
  Session session = this->session(options);
  std::vector<std::string> paths;
  std::string url =
      str_cat(session.settings().endpoint, "/api/", to_string(repository.kind), "s/",
              percent_encoded(repository.id, "/"), "/tree/", percent_encoded(repository.revision), "?recursive=true");
  for (int page = 0; !url.empty(); ++page) {
    const Reply reply = session.get(url, session.settings().attempts);
    if (reply.answer.status != 200) refuse(repository, session.settings(), reply);
    if (!reply.answer.body.starts_with('[')) fail_not_a_hub(reply, "a JSON array");
    for (const Json& entry : parse_json(reply.answer.body, shown_url(reply.url))) {
      const auto type = entry.is_object() ? entry.find("type") : entry.end();
      const auto path = entry.is_object() ? entry.find("path") : entry.end();
      if (path == entry.end() || type == entry.end() || !path->is_string())
        fail_not_a_hub(reply, "\"type\" and \"path\" of each file");
      if (*type != "file") continue;
      paths.push_back(path->get<std::string>());
      check_file_path(repository, paths.back());
    }
    const auto next = next_link(reply.answer.headers["link"]);
    url = next ? resolved_url(reply.url, *next) : "";
    check(page < most_pages, ErrorCode::format, "the list of files of ", named(repository), " has more than ",
          most_pages, " pages");
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  return paths;
}

std::optional<FileInfo> HttpClient::info(Session& session, const Repository& repository, std::string_view path,
                                         const Options& options) {
  FileInfo info{repository.id, std::string(path), {}, {}, {}, {}, {}};
  info.url = str_cat(session.settings().endpoint, '/', prefix(repository), percent_encoded(repository.id, "/"),
                     "/resolve/", percent_encoded(repository.revision), '/', percent_encoded(path, "/"));
  const int attempts = cached_file(repository, path, options) ? 1 : session.settings().attempts;
  const Reply reply = session.head(info.url, attempts);
  const Answer& answer = reply.answer;
  info.commit = lower_case(reply.first("x-repo-commit"));
  if (answer.status == 404 && answer.headers["x-error-code"] == "EntryNotFound") {
    if (is_commit(info.commit)) note(no_exist_file(repository, info.commit, path, options), "");
    return std::nullopt;
  }
  if (answer.status != 200 && !answer.redirects()) refuse(repository, session.settings(), reply);
  if (!is_commit(info.commit)) fail_not_a_hub(reply, "a commit in the header X-Repo-Commit");
  const std::string_view linked = reply.first("x-linked-etag");
  const auto etag = blob_name(linked.empty() ? answer.headers["etag"] : linked);
  if (!etag) fail_not_a_hub(reply, "an ETag that can be the name of a file");
  info.etag = *etag;
  info.size = whole_number(reply.first("x-linked-size"));
  if (!info.size && answer.status == 200) info.size = answer.headers.number("content-length");
  info.location = answer.redirects() ? resolved_url(reply.url, std::string(answer.headers["location"])) : reply.url;
  return info;
}

std::optional<fs::path> HttpClient::file(const Repository& repository, std::string_view path, const Options& options) {
  const bool force = options.force_download;
  check_repository(repository);
  check_file_path(repository, path);
  if (is_commit(repository.revision) && !force) {
    if (auto file = cached_file(repository, path, options)) return file;
    if (known_missing(repository, path, options)) return std::nullopt;
  }
  const std::scoped_lock lock(mutex_);
  Session session = this->session(options);
  const auto info = this->info(session, repository, path, options);
  if (!info) return std::nullopt;

  const fs::path folder = repository_folder(repository, options);
  const fs::path blob = folder / "blobs" / info->etag;
  const fs::path file = snapshot_folder(repository, info->commit, options) / path;
  std::error_code none;
  const bool here =
      !force && fs::is_regular_file(file, none) && (!info->size || fs::file_size(file, none) == *info->size);
  if (!here) {
    const fs::path locks = cache_dir(options) / ".locks" / repository_folder_name(repository);
    for (const fs::path& each : {locks, blob.parent_path(), file.parent_path()}) make_folder(each);
    write_cache_tag(cache_dir(options));
    const FileLock held(locks / (info->etag + ".lock"), [&] {
      Progress progress{repository.id, std::string(path), 0, 0, info->size, true, false};
      tell_progress(progress);
    });
    download_blob(session, *info, blob, force);
    link_blob(blob, file);
  }
  if (!is_commit(repository.revision)) note(ref_file(repository, options), info->commit);
  return file;
}

}  // namespace tl::hub::detail

// Nothing in a program calls into this library, so a linker would leave it out; the target makes every program that
// links it ask for this symbol.
extern "C" void tl_link_hub() {}

namespace {

[[maybe_unused]] const bool registered = [] {
  tl::hub::set_client(std::make_shared<tl::hub::detail::HttpClient>());
  return true;
}();

}  // namespace
