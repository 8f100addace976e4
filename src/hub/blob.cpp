// Downloads of blobs. What is received goes to "ETAG.incomplete" beside the blob, the name that huggingface_hub knows,
// and stays there if the process ends or the network fails; the next download, after a look at its hash, goes on from
// there. An ETag that is no hash could not be checked after that, so such a file is downloaded anew each time.
#include "blob.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <tl/io/atomic_file.hpp>

#include "hash.hpp"

namespace tl::hub::detail {

namespace {

using Clock = std::chrono::steady_clock;
using tl::detail::FileDescriptor;
using tl::detail::LockResult;

constexpr std::size_t sha1_digits = 40, sha256_digits = 64;

bool is_checkable(const std::string& etag) { return is_hash(etag, sha1_digits) || is_hash(etag, sha256_digits); }

/// The file that is being received. If it does not become a blob it stays for the next download, unless discard() was
/// called or the next one could not check it.
class Partial {
 public:
  Partial(const std::filesystem::path& blob, const FileInfo& file)
      : size_(file.size), checkable_(is_checkable(file.etag)), path_(blob.native() + ".incomplete") {
    if (checkable_ && open(O_CREAT)) return;
    checkable_ = false;
    do {
      char digits[9];
      std::snprintf(digits, sizeof digits, "%08x", std::random_device()());
      path_ = blob.native() + '.' + digits + ".incomplete";
    } while (!open(O_CREAT | O_EXCL));
  }
  ~Partial() {
    if (!done_ && !stays()) ::unlink(path_.c_str());
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  std::uint64_t size() const { return written_; }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(written_));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail_write(count < 0 ? errno : ENOSPC);
      written_ += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  void clear() {
    if (::ftruncate(file_.get(), 0) != 0) tl::detail::fail_errno("cut", path_, errno);
    written_ = 0;
  }

  /// Calls `take` with all bytes in pieces.
  template <class Take> void read(const Take& take) const {
    std::vector<std::byte> piece(std::size_t{1} << 20);
    for (std::uint64_t at = 0; at < written_;) {
      const std::size_t count = tl::detail::read_at(file_.get(), path_, piece.data(), piece.size(), at);
      check(count > 0, ErrorCode::io, "cannot read ", path_.native(), ": it became shorter while it was read");
      take(std::span(piece).first(count));
      at += count;
    }
  }

  /// Whether the next download finds it.
  bool stays() const { return checkable_ && !discarded_ && written_ > 0; }

  /// Nothing of it is of use for the next download.
  void discard() { discarded_ = true; }

  void become(const std::filesystem::path& blob) {
    if (::fsync(file_.get()) != 0) fail_write(errno);
    if (::rename(path_.c_str(), blob.c_str()) != 0) tl::detail::fail_errno("replace", blob, errno);
    done_ = true;
    const std::filesystem::path folder = blob.parent_path();
    if (const auto open = tl::detail::open_folder(folder); open.get() >= 0)
      tl::detail::sync_descriptor(open.get(), folder);
  }

 private:
  /// False if another process has the file, which happens only where locks between processes do not work.
  bool open(int flags) {
    file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0666));
    if (file_.get() < 0 && errno == EEXIST) return false;
    if (file_.get() < 0) tl::detail::fail_errno("create", path_, errno);
    struct stat status {};
    const LockResult lock = tl::detail::try_lock(file_.get(), LOCK_EX);
    if (::fstat(file_.get(), &status) != 0) {
      const int error = errno;
      if (lock == LockResult::taken) ::unlink(path_.c_str());
      tl::detail::fail_errno("inspect", path_, error);
    }
    if (status.st_nlink == 0 || !S_ISREG(status.st_mode)) return false;
    if (lock == LockResult::impossible && status.st_size == 0 && !(flags & O_EXCL)) ::unlink(path_.c_str());
    if (lock != LockResult::taken && !(flags & O_EXCL)) return false;
    written_ = static_cast<std::uint64_t>(status.st_size);
    return true;
  }

  /// A disk that is full is not left full.
  [[noreturn]] void fail_write(int error) {
    discard();
    fail(ErrorCode::io, "cannot write ", path_.native(), ": ", std::generic_category().message(error), "; wanted ",
         size_ ? str_cat(*size_) : "an unknown number of", " bytes, wrote ", written_, "; free some space, or set ",
         "HF_HUB_CACHE to a folder on another disk");
  }

  std::optional<std::uint64_t> size_;
  bool checkable_;
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t written_ = 0;
  bool done_ = false, discarded_ = false;
};

/// Whether the bytes are those of the hash: the SHA-256 of a file in large-file storage, or the SHA-1 by which git
/// names other files (some mirrors give the plain SHA-1 instead).
class Checker {
 public:
  Checker(const std::string& etag, const std::optional<std::uint64_t>& size) : etag_(etag) {
    if (is_hash(etag, sha256_digits)) hashes_.push_back(Hash::sha256());
    if (!is_hash(etag, sha1_digits)) return;
    hashes_.push_back(Hash::sha1());
    if (!size) return;
    hashes_.push_back(Hash::sha1());
    std::string begin = str_cat("blob ", *size);
    begin += '\0';
    hashes_.back().update(std::as_bytes(std::span(begin)));
  }

  void update(std::span<const std::byte> bytes) {
    for (Hash& hash : hashes_) hash.update(bytes);
  }

  /// Nothing if they fit, else the hash that the bytes have.
  std::optional<std::string> other() {
    std::string digits;
    for (Hash& hash : hashes_)
      if ((digits = hash.digits()) == etag_) return std::nullopt;
    return hashes_.empty() ? std::nullopt : std::optional(digits);
  }

 private:
  std::string etag_;
  std::vector<Hash> hashes_;
};

void check_space(const FileInfo& file, const std::filesystem::path& folder, std::uint64_t have) {
  struct statvfs disk {};
  if (!file.size || ::statvfs(folder.c_str(), &disk) != 0) return;
  const std::uint64_t free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  check(*file.size - have <= free, ErrorCode::io, "cannot download ", file.path, " of ", file.repository, ": it needs ",
        *file.size - have, " more bytes and the disk of ", folder.native(), " has ", free,
        "; free some space, or set HF_HUB_CACHE to a folder on another disk");
}

/// One download of one file.
class Download {
 public:
  Download(Session& session, const FileInfo& file, const std::filesystem::path& blob)
      : session_(session), file_(file), blob_(blob), partial_(blob, file), checker_(file.etag, file.size) {
    progress_ = {file.repository, file.path, 0, 0, file.size};
  }

  void run() {
    if (file_.size && partial_.size() > *file_.size) partial_.clear();
    bool resumed = partial_.size() > 0;
    partial_.read([&](std::span<const std::byte> bytes) { checker_.update(bytes); });
    check_space(file_, blob_.parent_path(), partial_.size());
    progress_.resumed = most_ = partial_.size();
    while (true) {
      receive();
      const auto got = checker_.other();
      if (!got) break;
      const std::uint64_t size = partial_.size();
      start_again();
      if (!resumed)
        reject("expected bytes with the hash ", file_.etag, ", got ", size, " bytes with ", *got,
               "; try again, and if it stays so ask those who run the server or the proxy");
      resumed = false;  // what the earlier download left was wrong, which is no fault of this one
    }
    check_content();
    partial_.become(blob_);
    progress_.done = true;
    tell(true);
  }

 private:
  void start_again() {
    partial_.clear();
    checker_ = Checker(file_.etag, file_.size);
    progress_.resumed = 0;
  }

  /// Receives the rest, in as many attempts as it takes while something comes.
  void receive() {
    const Settings& settings = session_.settings();
    for (int failures = 0; !file_.size || partial_.size() < *file_.size;) {
      begin_ = partial_.size();
      began_ = false;
      std::string problem;
      std::optional<std::uint64_t> retry_after;
      try {
        // the address of the bytes is signed for a while only; the hub gives a new one
        const Reply reply =
            session_.fetch(failures == 0 ? file_.location : file_.url, begin_,
                           [&](const Answer& answer, std::span<const std::byte> bytes) { take(answer, bytes); });
        problem = problem_of(reply);
        retry_after = reply.answer.retry_after;
        if (problem.empty()) return;
      } catch (const TransportError& error) {
        problem = error.what();
        if (error.hope() == TransportError::Hope::none) give_up(problem);
      }
      failures = partial_.size() > most_ ? 1 : failures + 1;
      most_ = std::max(most_, partial_.size());
      const auto wait = session_.pause(failures - 1, retry_after);
      if (failures >= settings.attempts || !wait) give_up(problem);
      std::this_thread::sleep_for(*wait);
    }
  }

  /// Takes a piece of an answer to the request for the bytes from begin_ on.
  void take(const Answer& answer, std::span<const std::byte> bytes) {
    if (!std::exchange(began_, true)) {
      if (answer.status == 206) {
        const auto range = content_range(answer.headers["content-range"]);
        if (!range || range->begin != begin_)
          reject("expected bytes from ", begin_, " on, got the range \"", answer.headers["content-range"], '"');
      } else if (begin_ > 0) {
        start_again();  // the server sends all of it; some do not know parts
      }
    }
    if (file_.size && bytes.size() > *file_.size - partial_.size())
      reject("expected ", *file_.size, " bytes, as the hub announced, got more");
    partial_.write(bytes);
    checker_.update(bytes);
    tell(false);
  }

  /// Empty if the answer was a good one with all that was missing.
  std::string problem_of(const Reply& reply) {
    const long status = reply.answer.status;
    if (status == 200 || status == 206) {
      if (!file_.size || partial_.size() == *file_.size) return "";
      return str_cat("expected ", *file_.size, " bytes, as the hub announced, got ", partial_.size());
    }
    const std::string said = server_message(reply.answer);
    const std::string problem =
        str_cat(shown_url(reply.url), " answered with status ", status, said.empty() ? "" : " (" + said + ")");
    if (status == 416) start_again();  // what was here is no beginning of that file
    if (status == 416 && file_.size)
      return str_cat("expected ", *file_.size, " bytes, as the hub announced, got a file that ends at byte ", begin_);
    // an address whose signature is too old is forbidden
    const bool again = is_temporary(status) || status == 416 || (status == 403 && reply.url != file_.url);
    if (!again) give_up(problem);
    return problem;
  }

  template <class... Parts> [[noreturn]] void reject(const Parts&... parts) {
    partial_.discard();
    fail(ErrorCode::format, "cannot use ", file_.path, " of ", file_.repository, " from ", shown_url(file_.url), ": ",
         parts..., "; nothing of it was kept");
  }

  [[noreturn]] void give_up(const std::string& problem) {
    throw Unreachable(str_cat("cannot download ", file_.path, " of ", file_.repository, ": ", problem,
                              partial_.stays() ? str_cat("; ", partial_.size(),
                                                         " bytes of it are kept and the next "
                                                         "download goes on from there")
                                               : "",
                              session_.advice()));
  }

  /// A pointer in place of the file comes from servers that keep the repository but not its large files.
  void check_content() {
    if (partial_.size() >= 1024) return;
    std::string text;
    partial_.read([&](std::span<const std::byte> bytes) {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    if (tl::detail::is_lfs_pointer(text, text.size())) reject("the server sent a Git LFS pointer in place of the file");
  }

  void tell(bool always) {
    const auto now = Clock::now();
    if (!always && now - told_ < std::chrono::milliseconds(100)) return;
    told_ = now;
    progress_.received = partial_.size();
    tell_progress(progress_);
  }

  Session& session_;
  const FileInfo& file_;
  const std::filesystem::path& blob_;
  Partial partial_;
  Checker checker_;
  Progress progress_;
  std::uint64_t begin_ = 0;  // the first byte that the present request asked for
  std::uint64_t most_ = 0;   // bytes that were here at a time; with more of them there is hope
  bool began_ = false;       // bytes of its answer are here
  Clock::time_point told_{};
};

}  // namespace

void download_blob(Session& session, const FileInfo& file, const std::filesystem::path& blob, bool force) {
  std::error_code none;
  if (!force && std::filesystem::is_regular_file(blob, none) &&
      (!file.size || std::filesystem::file_size(blob, none) == *file.size))
    return;
  Download(session, file, blob).run();
}

FileLock::FileLock(const std::filesystem::path& path, const std::function<void()>& waiting) {
  while (true) {
    file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664));
    if (file_.get() < 0 && errno == EACCES)  // that of another user, who shares the cache
      file_ = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file_.get() < 0) tl::detail::fail_errno("create", path, errno);
    while (tl::detail::try_lock(file_.get(), LOCK_EX) == LockResult::held) {
      waiting();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    struct stat mine {
    }, there{};
    if (::fstat(file_.get(), &mine) != 0 || mine.st_nlink > 0) return;
    if (::stat(path.c_str(), &there) == 0 && there.st_ino == mine.st_ino) return;  // no links are counted here
  }
}

}  // namespace tl::hub::detail
