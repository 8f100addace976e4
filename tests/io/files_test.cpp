// Mapped files, atomic files and folders: content, what is left after a failure, and the errors.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <stdexcept>

#include <tl/io/atomic_file.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/mapped_file.hpp>

#include "support/catch.hpp"
#include "support/reference.hpp"

using namespace tl;
using tl::test::names_in;
using tl::test::read_text;
using tl::test::TemporaryFolder;
using tl::test::write_text;

TEST_CASE("mapped file: content, empty files, moving, errors") {
  const TemporaryFolder folder;
  write_text(folder / "a.txt", "hello");
  write_text(folder / "empty", "");
  MappedFile a(folder / "a.txt");
  CHECK(a.text() == "hello");
  CHECK(a.bytes().size() == 5);
  CHECK(MappedFile(folder / "empty").text().empty());
  MappedFile b = std::move(a);
  CHECK(b.text() == "hello");
  CHECK(b.path() == folder / "a.txt");
  b = MappedFile(folder / "empty");
  CHECK(b.bytes().empty());
  TL_REQUIRE_ERROR(MappedFile(folder / "none"),
                   "cannot open " + (folder / "none").string() + ": No such file or directory");
  TL_REQUIRE_ERROR(MappedFile(folder.path()), ": expected a regular file, got a folder");
  TL_REQUIRE_ERROR(MappedFile("/dev/null"), "cannot read /dev/null: expected a regular file, got a device or pipe");
}

TEST_CASE("a file is read as it is now; a folder, a device or a pipe is none") {
  const TemporaryFolder folder;
  write_text(folder / "a", std::string(100000, 'x') + '\0');
  write_text(folder / "empty", "");
  CHECK(read_file(folder / "a") == std::string(100000, 'x') + '\0');
  CHECK(read_file(folder / "empty").empty());
  CHECK(read_file("/proc/self/status").find("Name:") == 0);  // the system says that it has 0 bytes
  TL_REQUIRE_ERROR(read_file(folder / "none"),
                   "cannot open " + (folder / "none").string() + ": No such file or directory");
  TL_REQUIRE_ERROR(read_file(folder.path()), ": expected a regular file, got a folder");
  TL_REQUIRE_ERROR(read_file("/dev/zero"), "cannot read /dev/zero: expected a regular file, got a device or pipe");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  TL_REQUIRE_ERROR(read_file(folder / "pipe"), "/pipe: expected a regular file, got a device or pipe");
  TL_REQUIRE_ERROR(MappedFile(folder / "pipe"), "/pipe: expected a regular file, got a device or pipe");
  TL_REQUIRE_ERROR(read_json(folder / "pipe"), "/pipe: expected a regular file, got a device or pipe");
}

TEST_CASE("a mapped file that was cut off says so when it is read") {
  const TemporaryFolder folder;
  write_text(folder / "a", std::string(10000, 'x'));
  const MappedFile file(folder / "a");
  std::vector<std::byte> bytes(100);
  file.read(bytes, 9900);
  CHECK(bytes.back() == std::byte{'x'});
  std::filesystem::resize_file(folder / "a", 9950);
  TL_REQUIRE_ERROR(
      file.read(bytes, 9900),
      "cannot read " + (folder / "a").string() +
          ": expected 10000 bytes, as many as it had when it was opened, got a file that ends at byte 9950");
}

TEST_CASE("a Git LFS pointer has a sentence of its own wherever a file is opened") {
  const TemporaryFolder folder;
  const std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 267832558\n";
  const auto sentence =
      (folder / "a").string() + " is a Git LFS pointer, not the file itself; fetch it with git lfs pull";
  write_text(folder / "a", pointer);
  TL_REQUIRE_ERROR(read_file(folder / "a"), sentence);
  TL_REQUIRE_ERROR(read_json(folder / "a"), sentence);
  TL_REQUIRE_ERROR(MappedFile(folder / "a"), sentence);
  for (const auto& text : {pointer + std::string(1024, ' '),
                           std::string("version https://git-lfs.github.com/spec/v1\n"), "# " + pointer}) {
    write_text(folder / "a", text);
    CHECK(read_file(folder / "a") == text);
  }
}

TEST_CASE("mapped file: replacing the file leaves the mapping as it was") {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  const MappedFile old(folder / "a");
  write_file(folder / "a", "newer");
  CHECK(old.text() == "old");
  CHECK(MappedFile(folder / "a").text() == "newer");
}

TEST_CASE("atomic file: nothing is seen before commit, nothing is left without it") {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    file.write("new");
    CHECK(read_text(folder / "a") == "old");
  }
  CHECK(read_text(folder / "a") == "old");
  CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
  try {
    AtomicFile file(folder / "b");
    file.write("half");
    throw std::runtime_error("stop");
  } catch (const std::runtime_error&) {
  }
  CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
  AtomicFile file(folder / "a");
  file.write("new ");
  file.write("content");
  CHECK(file.size() == 11);
  file.commit();
  CHECK(read_text(folder / "a") == "new content");
  CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
  TL_REQUIRE_ERROR(file.write("x"), "it is already committed");
  TL_REQUIRE_ERROR(file.commit(), "cannot commit " + (folder / "a").string() + " twice");
}

TEST_CASE("atomic file: errors name the target") {
  const TemporaryFolder folder;
  TL_REQUIRE_ERROR(write_file(folder / "none/a", "x"),
                   "cannot create " + (folder / "none/a").string() + ": No such file");
  std::filesystem::create_directory(folder / "dir");
  TL_REQUIRE_ERROR(write_file(folder / "dir", "x"), "cannot replace " + (folder / "dir").string() + ": Is a directory");
  CHECK(names_in(folder.path()) == std::set<std::string>{"dir"});
  std::filesystem::create_symlink("a", folder / "link");
  write_text(folder / "a", "pointed to");
  write_file(folder / "link", "own");
  CHECK(read_text(folder / "a") == "pointed to");
  CHECK(read_text(folder / "link") == "own");
}

TEST_CASE("atomic file: a full disk is reported with wanted and written bytes and leaves the target as it was") {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit former{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &former) == 0);
  rlimit small = former;
  small.rlim_cur = 1000;  // stands for the disk: writing beyond fails in the same call
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto sentence = test::error_of([&] { write_file(folder / "a", std::string(3000, 'x')); });
  const auto streamed = test::error_of([&] {
    AtomicFile file(folder / "a", 5000);
    file.write(std::string(900, 'x'));
    file.write(std::string(900, 'x'));
  });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &former) == 0);
  std::signal(SIGXFSZ, SIG_DFL);
  CHECK(sentence == "cannot write " + (folder / "a").string() + ": File too large; wanted 3000 bytes, wrote 1000");
  CHECK(streamed == "cannot write " + (folder / "a").string() + ": File too large; wanted 5000 bytes, wrote 1000");
  CHECK(read_text(folder / "a") == "old");
  CHECK(names_in(folder.path()) == std::set<std::string>{"a"});
}

TEST_CASE("atomic folder: appears whole, replaces whole, vanishes without commit") {
  const TemporaryFolder folder;
  const auto target = folder / "checkpoint-1";
  const auto build = [&](const std::string& text, bool commit) {
    AtomicFolder next(target / "", IfExists::replace);
    std::filesystem::create_directory(next.path() / "deep");
    write_file(next.path() / "deep/state.json", text);
    write_text(next.path() / text, "");
    if (commit) {
      next.commit();
      TL_REQUIRE_ERROR(next.commit(), "cannot commit " + target.string() + " twice");
    }
  };
  build("first", false);
  CHECK(names_in(folder.path()).empty());
  build("first", true);
  CHECK(names_in(folder.path()) == std::set<std::string>{"checkpoint-1"});
  build("second", false);
  CHECK(read_text(target / "deep/state.json") == "first");
  build("second", true);
  CHECK(read_text(target / "deep/state.json") == "second");
  CHECK(names_in(target) == std::set<std::string>{"deep", "second"});
  CHECK(names_in(folder.path()) == std::set<std::string>{"checkpoint-1"});
}

TEST_CASE("atomic folder: a killed writer leaves the old folder, and the next writer starts clean") {
  const TemporaryFolder folder;
  const auto target = folder / "model";
  std::filesystem::create_directory(target);
  write_text(target / "weights", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFolder next(target, IfExists::replace);
    write_text(next.path() / "half", "written");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(names_in(target) == std::set<std::string>{"weights"});
  const auto names = names_in(folder.path());
  REQUIRE(names.size() == 2);
  const auto own = detail::OwnName::parse(*names.begin());
  REQUIRE(own.has_value());
  CHECK(own->belongs_to("model"));
  CHECK(own->kind == "partial");
  AtomicFolder next(target, IfExists::replace);
  CHECK(names_in(next.path()).empty());
  write_text(next.path() / "new", "");
  next.commit();
  CHECK(names_in(target) == std::set<std::string>{"new"});
  CHECK(names_in(folder.path()) == std::set<std::string>{"model"});
}

TEST_CASE("atomic folder: content is replaced only if the caller says so") {
  const TemporaryFolder folder;
  const auto target = folder / "results";
  std::filesystem::create_directory(target);
  const auto commit_new = [&](const std::filesystem::path& path) {
    AtomicFolder next(path);
    write_text(next.path() / "new", "");
    next.commit();
  };
  CHECK_NOTHROW(commit_new(target));  // it was empty
  const std::string sentence =
      "expected a new or empty folder to write to, got " + target.string() + ", where there is something already";
  TL_REQUIRE_ERROR(AtomicFolder(target), sentence);
  TL_REQUIRE_ERROR(AtomicFolder(target / "absent" / ".."), sentence);
  {
    AtomicFolder next(folder / "late");
    std::filesystem::create_directory(folder / "late");
    write_text(folder / "late/of another", "");
    TL_REQUIRE_ERROR(next.commit(), "where there is something already");
  }
  CHECK(names_in(target) == std::set<std::string>{"new"});
  CHECK(names_in(folder / "late") == std::set<std::string>{"of another"});
  CHECK(names_in(folder.path()) == std::set<std::string>{"late", "results"});
}

TEST_CASE("atomic folder: its files can join those of a folder, all or none") {
  const TemporaryFolder folder;
  write_text(folder / "kept", "kept");
  write_text(folder / "state", "old");
  {
    AtomicFolder next(folder / "model", IfExists::replace);
    write_text(next.path() / "state", "new");
    CHECK(names_in(folder.path()).size() == 3);
  }
  CHECK(read_text(folder / "state") == "old");
  AtomicFolder next(folder / "model", IfExists::replace);
  write_text(next.path() / "state", "new");
  std::filesystem::create_directory(next.path() / "deep");
  write_text(next.path() / "deep/file", "deep");
  next.commit_files(folder.path());
  TL_REQUIRE_ERROR(next.commit_files(folder.path()), "twice");
  CHECK(read_text(folder / "state") == "new");
  CHECK(read_text(folder / "deep/file") == "deep");
  CHECK(names_in(folder.path()) == std::set<std::string>{"deep", "kept", "state"});
}

TEST_CASE("atomic folder: errors") {
  const TemporaryFolder folder;
  {
    const AtomicFolder first(folder / "x");
    TL_REQUIRE_ERROR(AtomicFolder(folder / "x"),
                     "cannot write " + (folder / "x").string() + ": another writer is filling");
    CHECK(std::filesystem::exists(first.path()));
  }
  TL_REQUIRE_ERROR(AtomicFolder(folder / "none/x"), "cannot create " + (folder / "none/x").string() + ": No such file");
  TL_REQUIRE_ERROR(AtomicFolder("/"), "expected the path of a folder with a name, got \"/\"");
  TL_REQUIRE_ERROR(AtomicFolder(""), "expected the path of a folder with a name, got \"\"");
  TL_REQUIRE_ERROR(AtomicFolder("."), "expected the path of a folder with a name, got \".\"");
  write_text(folder / "file", "stays");
  {
    AtomicFolder next(folder / "file");
    TL_REQUIRE_ERROR(next.commit(),
                     "cannot replace " + (folder / "file").string() + ": expected a folder or nothing, got a file");
  }
  CHECK(names_in(folder.path()) == std::set<std::string>{"file"});
}

TEST_CASE("own names: what is ours, and what is a user's") {
  const std::string name = detail::OwnName::make("model.safetensors", "tmp");
  CHECK(name != detail::OwnName::make("model.safetensors", "tmp"));
  const auto own = detail::OwnName::parse(name);
  REQUIRE(own.has_value());
  CHECK(own->owner == "model.safetensors");
  CHECK(own->kind == "tmp");
  const std::string is_long(255, 'n');
  CHECK(detail::OwnName::make(is_long, "partial").size() <= 255);
  CHECK(detail::OwnName::parse(detail::OwnName::make(is_long, "partial"))->belongs_to(is_long));
  std::string changed = name;
  changed[changed.size() - 5] = changed[changed.size() - 5] == '0' ? '1' : '0';  // the last digit of the mark
  for (const std::string& other :
       {changed, name.substr(1), name.substr(0, name.size() - 4), std::string(".a.tl-0123456789abcdef.tmp"),
        std::string(".a.tl-0123.tmp"), std::string(".tl-"), std::string(".a.tl-0123456789ABCDEF.tmp"),
        std::string(".a.tmp-1-2"), std::string()})
    CHECK_FALSE(detail::OwnName::parse(other));
}

TEST_CASE("left-overs: those of writers that are no more are removed, and nothing else") {
  const TemporaryFolder folder;
  const auto make = [](const char* kind) { return detail::OwnName::make("state", kind); };
  write_text(folder / make("tmp"), "half");
  for (const char* kind : {"partial", "deleted"}) {
    const auto tree = folder / make(kind);
    std::filesystem::create_directories(tree / "deep");
    write_text(tree / "deep/file", "");
  }
  std::filesystem::create_directory(folder / "victim");
  write_text(folder / "victim/precious", "precious");
  std::set<std::string> kept = {"victim",        ".state.partial", ".state.tmp-1-2",
                                make("unknown"), make("tmp"),      make("partial")};
  std::filesystem::create_directory(folder / ".state.partial");
  write_text(folder / ".state.tmp-1-2", "");
  for (const std::string& name : kept)
    if (!std::filesystem::exists(folder / name)) std::filesystem::create_symlink("victim", folder / name);
  const AtomicFile file(folder / "living");
  const AtomicFolder partial(folder / "living folder");
  write_text(partial.path() / "x", "");
  remove_leftovers(folder.path());
  remove_leftovers(folder / "none");
  auto names = names_in(folder.path());
  for (const std::string& name : kept) {
    INFO(name);
    CHECK(names.erase(name) == 1);
  }
  CHECK(names.size() == 2);
  CHECK(read_text(folder / "victim/precious") == "precious");
  CHECK(read_text(partial.path() / "x").empty());
}

TEST_CASE("left-overs: a former folder whose place is empty is put back") {
  const TemporaryFolder folder;
  const auto former = [&](const std::string& text) {
    const auto name = folder / detail::OwnName::make("model", "former");
    std::filesystem::create_directory(name);
    write_text(name / "weights", text);
  };
  former("old");
  remove_leftovers(folder.path());
  CHECK(read_text(folder / "model/weights") == "old");
  former("older");
  remove_leftovers(folder.path());
  CHECK(read_text(folder / "model/weights") == "old");
  CHECK(names_in(folder.path()) == std::set<std::string>{"model"});
}

TEST_CASE("atomic folder: a link in the tree that is removed is removed itself") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "victim/sub");
  write_text(folder / "victim/precious", "precious");
  const auto build = [&] {
    AtomicFolder next(folder / "out", IfExists::replace);
    std::filesystem::create_directory_symlink(folder / "victim", next.path() / "link");
    std::filesystem::create_directory(next.path() / "deep");
    std::filesystem::create_directory_symlink(folder / "victim", next.path() / "deep/link");
    return next.commit();
  };
  build();
  build();
  { const AtomicFolder next(folder / "out", IfExists::replace); }
  CHECK(names_in(folder.path()) == std::set<std::string>{"out", "victim"});
  CHECK(names_in(folder / "victim") == std::set<std::string>{"precious", "sub"});
}

TEST_CASE("atomic folder: links under names that earlier versions used are not followed") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "victim");
  write_text(folder / "victim/precious", "precious");
  for (const char* name : {".out.partial", ".out.former", ".out.deleted"})
    std::filesystem::create_directory_symlink("victim", folder / name);
  AtomicFolder next(folder / "out", IfExists::replace);
  write_text(next.path() / "state", "new");
  next.commit();
  CHECK(names_in(folder / "victim") == std::set<std::string>{"precious"});
  CHECK(std::filesystem::is_directory(std::filesystem::symlink_status(folder / "out")));
  std::filesystem::create_directory_symlink("victim", folder / "link");
  AtomicFolder over_link(folder / "link", IfExists::replace);
  TL_REQUIRE_ERROR(over_link.commit(),
                   "cannot replace " + (folder / "link").string() + ": expected a folder or nothing");
}

TEST_CASE("atomic folder: files whose place a folder has stay together under a name that is said") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "out/config.json");
  write_text(folder / "out/weights", "old");
  const auto build = [&](const std::string& kept) {
    AtomicFolder next(folder / "out/model", IfExists::replace);
    write_text(next.path() / "config.json", "{}");
    write_text(next.path() / "weights", "new");
    TL_REQUIRE_ERROR(next.commit_files(folder / "out"),
                     "cannot write " + (folder / "out/config.json").string() +
                         ": a folder of that name exists; what was to be written is in " + (folder / kept).string());
  };
  build("out/model-unsaved");
  build("out/model-unsaved-2");
  CHECK(read_text(folder / "out/weights") == "old");
  CHECK(names_in(folder / "out/model-unsaved") == std::set<std::string>{"config.json", "weights"});
  CHECK(read_text(folder / "out/model-unsaved/weights") == "new");
  CHECK(names_in(folder / "out") ==
        std::set<std::string>{"config.json", "model-unsaved", "model-unsaved-2", "weights"});
  std::filesystem::create_directory(folder / "deep");
  write_text(folder / "deep/below", "a file");
  AtomicFolder next(folder / "model", IfExists::replace);
  std::filesystem::create_directory(next.path() / "below");
  write_text(next.path() / "below/file", "");
  TL_REQUIRE_ERROR(next.commit_files(folder / "deep"),
                   (folder / "deep/below").string() + ": a file of that name exists");
}

TEST_CASE("atomic files and folders: what takes the place of another has its permissions") {
  const TemporaryFolder folder;
  const auto mode = [&](const std::string& name) {
    return static_cast<unsigned>(std::filesystem::status(folder / name).permissions()) & 0777U;
  };
  const mode_t mask = ::umask(0027);
  write_file(folder / "new", "");
  CHECK(mode("new") == 0640);
  for (const unsigned given : {0600U, 0444U, 0666U}) {
    std::filesystem::permissions(folder / "new", static_cast<std::filesystem::perms>(given));
    write_file(folder / "new", "again");
    CHECK(mode("new") == given);
  }
  const auto build = [&](IfExists former) {
    AtomicFolder next(folder / "out", former);
    CHECK((static_cast<unsigned>(std::filesystem::status(next.path()).permissions()) & 0077U) == 0);
    std::filesystem::create_directory(next.path() / "deep");
    write_text(next.path() / "deep/a", "");
    write_text(next.path() / "b", "");
    next.commit();
  };
  build(IfExists::fail);
  CHECK(mode("out") == 0750);
  CHECK(mode("out/b") == 0640);
  std::filesystem::permissions(folder / "out", std::filesystem::perms::owner_all);
  std::filesystem::permissions(folder / "out/deep/a", std::filesystem::perms::owner_read);
  build(IfExists::replace);
  CHECK(mode("out") == 0700);
  CHECK(mode("out/deep/a") == 0400);
  CHECK(mode("out/b") == 0640);
  std::filesystem::permissions(folder / "out/b", std::filesystem::perms::owner_read);
  AtomicFolder files(folder / "model", IfExists::replace);
  write_text(files.path() / "b", "new");
  files.commit_files(folder / "out");
  CHECK(mode("out/b") == 0400);
  CHECK(read_text(folder / "out/b") == "new");
  ::umask(mask);
}

TEST_CASE("atomic file: the same process id after a kill is no obstacle, and what was left is removed") {
  const TemporaryFolder folder;
  for (int number = 0; number < 4; ++number)
    write_text(folder / (".a.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(number)), "of 0.1");
  for (int kill = 0; kill < 3; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      AtomicFile file(folder / "a");
      file.write("half");
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
  }
  CHECK(names_in(folder.path()).size() == 7);
  write_file(folder / "a", "whole");
  remove_leftovers(folder.path());
  CHECK(names_in(folder.path()).size() == 5);
  CHECK(read_text(folder / "a") == "whole");
}

TEST_CASE("write_files: all or none") {
  const TemporaryFolder folder;
  write_text(folder / "a", "old");
  std::filesystem::create_directory(folder / "b");
  const std::vector<NamedText> files = {{"a", "new"}, {"b", "new"}};
  TL_REQUIRE_ERROR(write_files(folder.path(), files), "cannot replace " + (folder / "b").string() + ": Is a directory");
  CHECK(read_text(folder / "a") == "old");
  CHECK(names_in(folder.path()) == std::set<std::string>{"a", "b"});
  std::filesystem::remove(folder / "b");
  write_files(folder.path(), files);
  CHECK(read_text(folder / "a") == "new");
  CHECK(read_text(folder / "b") == "new");
  TL_REQUIRE_ERROR(AtomicFile(folder.path() / ""), "Is a directory");
}

TEST_CASE("make_folder: with those above it, and what is in the way") {
  const TemporaryFolder folder;
  make_folder(folder / "a/b/c/");
  make_folder(folder / "a/b/c");
  CHECK(std::filesystem::is_directory(folder / "a/b/c"));
  write_text(folder / "file", "");
  TL_REQUIRE_ERROR(make_folder(folder / "file"),
                   "cannot make the folder " + (folder / "file").string() + ": a file of that name exists");
  TL_REQUIRE_ERROR(make_folder(folder / "file/below", "output_dir: "), "output_dir: cannot make the folder ");
  TL_REQUIRE_ERROR(make_folder("/proc/none"), "cannot make the folder /proc/none: No such file or directory");
}

TEST_CASE("path_exists: what cannot be seen is an error, not absent") {
  const TemporaryFolder folder;
  write_text(folder / "file", "");
  CHECK(detail::path_exists(folder / "file"));
  CHECK_FALSE(detail::path_exists(folder / "none"));
  CHECK_FALSE(detail::path_exists(folder / "file/below"));
  std::filesystem::create_symlink("loop", folder / "loop");  // stands for a folder that may not be read
  TL_REQUIRE_ERROR(detail::path_exists(folder / "loop/below"), "cannot read " + (folder / "loop").string() + ": ");
}

TEST_CASE("json file: round trip and errors with the path") {
  const TemporaryFolder folder;
  const Json value = {{"b", 2e-5}, {"a", Json::array({1, 2})}, {"e", "é"}};
  write_json(folder / "config.json", value);
  CHECK(read_text(folder / "config.json") ==
        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": 2e-05,\n  \"e\": \"\\u00e9\"\n}\n");
  CHECK(read_json(folder / "config.json").at("b") == 2e-5);
  write_text(folder / "bad.json", "{\"a\": }");
  TL_REQUIRE_ERROR(read_json(folder / "bad.json"),
                   (folder / "bad.json").string() + ", byte 6: expected '[', '{', or a literal, got '}'");
  write_text(folder / "empty.json", "");
  TL_REQUIRE_ERROR(read_json(folder / "empty.json"), "byte 0: expected '[', '{', or a literal, got end of input");
  TL_REQUIRE_ERROR(read_json(folder / "none.json"), "cannot open " + (folder / "none.json").string());
}
