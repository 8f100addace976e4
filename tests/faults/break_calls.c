// Preloaded into a program, breaks one of its file system calls: the process is killed there, the call fails, or only
// half of what is to be written is. Calls are numbered from 1 and count if they concern something below a folder.
//   FAULT_DIR   the folder
//   FAULT_LOG   a file that gets a line "NUMBER CLASS CALL PATH" for each call; CLASS is w if it may change something
//   FAULT_AT    the number of the call to break
//   FAULT_WITH  kill: SIGKILL before the call; torn: a write is done by half, then SIGKILL; short: a read or a write is
//               done by half; else the number of the error
//   FAULT_ON    full: later calls that need room fail as well; all: later calls that may change something do
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum with { nothing, killed, torn, shortened, failing };
// What is to happen to a call that was counted.
enum verdict { go_on, fail, half };

static struct {
  int read;
  const char* folder;
  size_t length;
  int log;
  long at;
  enum with with;
  int error;
  const char* on;
} plan;
static atomic_long calls;

static void read_plan(void) {
  if (plan.read) return;
  plan.read = 1;
  plan.log = -1;
  plan.folder = getenv("FAULT_DIR");
  if (!plan.folder) return;
  plan.length = strlen(plan.folder);
  const char* const log = getenv("FAULT_LOG");
  if (log) plan.log = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const char *const at = getenv("FAULT_AT"), *const with = getenv("FAULT_WITH");
  if (!at || !with) return;
  plan.at = atol(at);
  plan.on = getenv("FAULT_ON");
  plan.error = atoi(with);
  plan.with = !strcmp(with, "kill")    ? killed
              : !strcmp(with, "torn")  ? torn
              : !strcmp(with, "short") ? shortened
                                       : failing;
}

// The path of a descriptor, or "" if it has none.
static const char* path_of(int descriptor, char* buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const long length = syscall(SYS_readlinkat, AT_FDCWD, link, buffer, PATH_MAX - 1);
  buffer[length < 0 ? 0 : length] = 0;
  return buffer;
}

// `path` as it begins at the root, for a call relative to `folder`.
static const char* whole_path(int folder, const char* path, char* buffer) {
  if (path[0] == '/') return path;
  if (folder == AT_FDCWD) {
    if (syscall(SYS_getcwd, buffer, PATH_MAX) < 0) buffer[0] = 0;
  } else {
    path_of(folder, buffer);
  }
  const size_t length = strlen(buffer);
  snprintf(buffer + length, PATH_MAX - length, "/%s", path);
  return buffer;
}

// Whether the later call `call` is broken as well.
static int stays_broken(const char* call, int changes) {
  if (!plan.on || !plan.on[0] || !changes) return 0;
  if (strcmp(plan.on, "all") == 0) return strcmp(call, "close") != 0;
  return !strcmp(call, "write") || !strcmp(call, "pwrite") || !strcmp(call, "symlink") || !strncmp(call, "open", 4) ||
         !strncmp(call, "mk", 2);
}

static enum verdict count(const char* call, const char* path, int changes, int descriptor, const void* data,
                          size_t size) {
  const int former = errno;
  read_plan();
  if (!plan.folder || strncmp(path, plan.folder, plan.length) != 0) return go_on;
  const long number = atomic_fetch_add(&calls, 1) + 1;
  if (plan.log >= 0) {
    char line[PATH_MAX + 64];
    const int length = snprintf(line, sizeof line, "%ld %c %s %s\n", number, changes ? 'w' : 'r', call, path);
    syscall(SYS_write, plan.log, line, (size_t)length);
  }
  errno = former;
  if (plan.with == nothing || number < plan.at || (number > plan.at && !stays_broken(call, changes))) return go_on;
  if (plan.with == killed || plan.with == torn) {
    if (plan.with == torn && data) syscall(SYS_write, descriptor, data, size / 2);
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  if (plan.with == shortened) return half;
  errno = plan.error;
  return fail;
}

#define NEXT(name)               \
  static __typeof__(&name) next; \
  if (!next) *(void**)&next = dlsym(RTLD_NEXT, #name)

// A call `name(parameters)` with the path `path` relative to `folder`, which gives `failed` when it fails.
#define AT_PATH(type, name, parameters, arguments, folder, path, changes, failed)                                  \
  type name parameters {                                                                                           \
    NEXT(name);                                                                                                    \
    char buffer[PATH_MAX];                                                                                         \
    return count(#name, whole_path(folder, path, buffer), changes, -1, NULL, 0) == fail ? failed : next arguments; \
  }

// The same for a call on the descriptor `descriptor`.
#define ON_DESCRIPTOR(type, name, parameters, arguments, descriptor, changes, failed)                         \
  type name parameters {                                                                                      \
    NEXT(name);                                                                                               \
    char buffer[PATH_MAX];                                                                                    \
    return count(#name, path_of(descriptor, buffer), changes, -1, NULL, 0) == fail ? failed : next arguments; \
  }

#define MODE_OF(flags)                   \
  mode_t mode = 0;                       \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list list;                        \
    va_start(list, flags);               \
    mode = va_arg(list, mode_t);         \
    va_end(list);                        \
  }

static int opens_to_change(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)); }

#define OPEN(name)                                                                                                    \
  int name(const char* path, int flags, ...) {                                                                        \
    NEXT(name);                                                                                                       \
    MODE_OF(flags)                                                                                                    \
    char buffer[PATH_MAX];                                                                                            \
    const enum verdict found = count(#name, whole_path(AT_FDCWD, path, buffer), opens_to_change(flags), -1, NULL, 0); \
    return found == fail ? -1 : next(path, flags, mode);                                                              \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                                \
  int name(int folder, const char* path, int flags, ...) {                                                          \
    NEXT(name);                                                                                                     \
    MODE_OF(flags)                                                                                                  \
    char buffer[PATH_MAX];                                                                                          \
    const enum verdict found = count(#name, whole_path(folder, path, buffer), opens_to_change(flags), -1, NULL, 0); \
    return found == fail ? -1 : next(folder, path, flags, mode);                                                    \
  }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int descriptor, const void* data, size_t size) {
  NEXT(write);
  char buffer[PATH_MAX];
  if (descriptor <= 2) return next(descriptor, data, size);
  const enum verdict found = count("write", path_of(descriptor, buffer), 1, descriptor, data, size);
  return found == fail ? -1 : next(descriptor, data, found == half ? (size + 1) / 2 : size);
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
  NEXT(pwrite);
  char buffer[PATH_MAX];
  if (plan.with == torn) syscall(SYS_lseek, descriptor, offset, SEEK_SET);  // where half of it is written
  const enum verdict found = count("pwrite", path_of(descriptor, buffer), 1, descriptor, data, size);
  return found == fail ? -1 : next(descriptor, data, found == half ? (size + 1) / 2 : size, offset);
}

ssize_t read(int descriptor, void* data, size_t size) {
  NEXT(read);
  char buffer[PATH_MAX];
  if (descriptor <= 2) return next(descriptor, data, size);
  const enum verdict found = count("read", path_of(descriptor, buffer), 0, -1, NULL, 0);
  return found == fail ? -1 : next(descriptor, data, found == half ? (size + 1) / 2 : size);
}

int close(int descriptor) {
  NEXT(close);
  char buffer[PATH_MAX];
  if (descriptor <= 2) return next(descriptor);
  const int failed = count("close", path_of(descriptor, buffer), 1, -1, NULL, 0) == fail;
  const int error = errno, result = next(descriptor);  // it is closed all the same, as Linux does it
  if (!failed) return result;
  errno = error;
  return -1;
}

FILE* fopen(const char* path, const char* mode) {
  NEXT(fopen);
  char buffer[PATH_MAX];
  return count("fopen", whole_path(AT_FDCWD, path, buffer), mode[0] != 'r', -1, NULL, 0) == fail ? NULL
                                                                                                 : next(path, mode);
}

void* mmap(void* address, size_t length, int protection, int flags, int descriptor, off_t offset) {
  NEXT(mmap);
  char buffer[PATH_MAX];
  if (descriptor >= 0 && count("mmap", path_of(descriptor, buffer), 0, -1, NULL, 0) == fail) return MAP_FAILED;
  return next(address, length, protection, flags, descriptor, offset);
}

struct dirent* readdir(DIR* folder) {
  NEXT(readdir);
  char buffer[PATH_MAX];
  return count("readdir", path_of(dirfd(folder), buffer), 0, -1, NULL, 0) == fail ? NULL : next(folder);
}

AT_PATH(int, mkstemp, (char* path), (path), AT_FDCWD, path, 1, -1)
AT_PATH(int, mkostemp, (char* path, int flags), (path, flags), AT_FDCWD, path, 1, -1)
AT_PATH(char*, mkdtemp, (char* path), (path), AT_FDCWD, path, 1, NULL)
AT_PATH(int, rename, (const char* from, const char* to), (from, to), AT_FDCWD, to, 1, -1)
AT_PATH(int, renameat, (int in, const char* from, int out, const char* to), (in, from, out, to), out, to, 1, -1)
AT_PATH(int, renameat2, (int in, const char* from, int out, const char* to, unsigned flags), (in, from, out, to, flags),
        out, to, 1, -1)
AT_PATH(int, link, (const char* from, const char* to), (from, to), AT_FDCWD, to, 1, -1)
AT_PATH(int, linkat, (int in, const char* from, int out, const char* to, int flags), (in, from, out, to, flags), out,
        to, 1, -1)
AT_PATH(int, symlink, (const char* target, const char* path), (target, path), AT_FDCWD, path, 1, -1)
AT_PATH(int, unlink, (const char* path), (path), AT_FDCWD, path, 1, -1)
AT_PATH(int, unlinkat, (int folder, const char* path, int flags), (folder, path, flags), folder, path, 1, -1)
AT_PATH(int, remove, (const char* path), (path), AT_FDCWD, path, 1, -1)
AT_PATH(int, rmdir, (const char* path), (path), AT_FDCWD, path, 1, -1)
AT_PATH(int, mkdir, (const char* path, mode_t mode), (path, mode), AT_FDCWD, path, 1, -1)
AT_PATH(int, mkdirat, (int folder, const char* path, mode_t mode), (folder, path, mode), folder, path, 1, -1)
AT_PATH(int, chmod, (const char* path, mode_t mode), (path, mode), AT_FDCWD, path, 1, -1)
AT_PATH(int, fchmodat, (int folder, const char* path, mode_t mode, int flags), (folder, path, mode, flags), folder,
        path, 1, -1)
AT_PATH(int, stat, (const char* path, struct stat* status), (path, status), AT_FDCWD, path, 0, -1)
AT_PATH(int, lstat, (const char* path, struct stat* status), (path, status), AT_FDCWD, path, 0, -1)
AT_PATH(int, fstatat, (int folder, const char* path, struct stat* status, int flags), (folder, path, status, flags),
        folder, path, 0, -1)
AT_PATH(int, statvfs, (const char* path, struct statvfs* status), (path, status), AT_FDCWD, path, 0, -1)
AT_PATH(int, access, (const char* path, int mode), (path, mode), AT_FDCWD, path, 0, -1)
AT_PATH(DIR*, opendir, (const char* path), (path), AT_FDCWD, path, 0, NULL)

ON_DESCRIPTOR(DIR*, fdopendir, (int descriptor), (descriptor), descriptor, 0, NULL)
ON_DESCRIPTOR(int, fstat, (int descriptor, struct stat* status), (descriptor, status), descriptor, 0, -1)
ON_DESCRIPTOR(int, fsync, (int descriptor), (descriptor), descriptor, 1, -1)
ON_DESCRIPTOR(int, fdatasync, (int descriptor), (descriptor), descriptor, 1, -1)
ON_DESCRIPTOR(int, ftruncate, (int descriptor, off_t size), (descriptor, size), descriptor, 1, -1)
ON_DESCRIPTOR(int, fchmod, (int descriptor, mode_t mode), (descriptor, mode), descriptor, 1, -1)
ON_DESCRIPTOR(int, flock, (int descriptor, int operation), (descriptor, operation), descriptor, 0, -1)
