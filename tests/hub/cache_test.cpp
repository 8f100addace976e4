// The layout of the cache: folders, revisions, links, and what is damaged in it.
#include <filesystem>

#include <tl/hub/cache.hpp>

#include "support/catch.hpp"
#include "support/hub_cache.hpp"

using namespace tl;
using tl::test::HubCache;
using tl::test::write_text;
namespace fs = std::filesystem;

namespace {

const std::string first(40, 'a'), second(40, 'b');
const hub::Repository model{.id = "owner/name"};

}  // namespace

TEST_CASE("cache: names of folders") {
  CHECK(hub::repository_folder_name({.id = "owner/na-me"}) == "models--owner--na-me");
  CHECK(hub::repository_folder_name({hub::RepositoryKind::dataset, "ag_news"}) == "datasets--ag_news");
  const hub::Options options{.cache_dir = "/c"};
  CHECK(hub::snapshot_folder(model, first, options) == fs::path("/c/models--owner--name/snapshots") / first);
  CHECK(hub::ref_file({.id = "a", .revision = "refs/pr/1"}, options) == "/c/models--a/refs/refs/pr/1");
  CHECK(hub::no_exist_file(model, first, "x/y", options) ==
        fs::path("/c/models--owner--name/.no_exist") / first / "x/y");
  TL_REQUIRE_ERROR(hub::snapshot_folder(model, "main", options),
                   "owner/name: expected a commit of 40 hexadecimal digits, got \"main\"");
  TL_REQUIRE_ERROR(hub::repository_folder({.id = "../x"}, options), "expected the name of a model on a hub");
}

TEST_CASE("cache: revisions and files") {
  const HubCache cache;
  CHECK_FALSE(hub::cached_commit(model));
  CHECK_FALSE(hub::cached_file(model, "config.json"));
  cache.add("models--owner--name", first, {{"config.json", "1"}, {"sub/deep/x.txt", "x"}}, "v1");
  cache.add("models--owner--name", second, {{"config.json", "2"}});
  CHECK(hub::cached_commit(model) == second);
  CHECK(hub::cached_commit({.id = "owner/name", .revision = "v1"}) == first);
  CHECK(hub::cached_commit({.id = "owner/name", .revision = first}) == first);
  CHECK_FALSE(hub::cached_commit({.id = "owner/name", .revision = "v2"}));
  CHECK(test::read_text(*hub::cached_file(model, "config.json")) == "2");
  CHECK(test::read_text(*hub::cached_file({.id = "owner/name", .revision = "v1"}, "sub/deep/x.txt")) == "x");
  CHECK_FALSE(hub::cached_file(model, "sub/deep/x.txt"));
  CHECK_FALSE(hub::cached_file({.id = "owner/name", .revision = "v1"}, "sub"));
  CHECK(hub::cached_listing({.id = "owner/name", .revision = "v1"}) ==
        std::vector<std::string>{"config.json", "sub/deep/x.txt"});
  CHECK(hub::cached_listing({.id = "owner/other"}).empty());
  TL_REQUIRE_ERROR(hub::cached_file(model, "../../refs/main"), "expected the path of a file inside of the repository");
  CHECK_FALSE(hub::known_missing(model, "vocab.txt"));
  const auto marker = hub::no_exist_file(model, second, "vocab.txt");
  fs::create_directories(marker.parent_path());
  write_text(marker, "");
  CHECK(hub::known_missing(model, "vocab.txt"));
  CHECK_FALSE(hub::known_missing({.id = "owner/name", .revision = "v1"}, "vocab.txt"));
}

TEST_CASE("cache: a link without its blob is no file, a text in refs that is no commit is an error") {
  const HubCache cache;
  cache.add("models--owner--name", first, {{"config.json", "1"}, {"vocab.txt", "2"}});
  fs::remove(fs::canonical(*hub::cached_file(model, "config.json")));
  CHECK_FALSE(hub::cached_file(model, "config.json"));
  CHECK(hub::cached_listing(model) == std::vector<std::string>{"vocab.txt"});
  const auto ref = cache.folder("models--owner--name") / "refs" / "main";
  write_text(ref, first + "\n");
  CHECK(hub::cached_commit(model) == first);
  write_text(ref, "../../../etc");
  TL_REQUIRE_ERROR(hub::cached_commit(model),
                   ref.string() +
                       ": expected a commit of 40 hexadecimal digits, got \"../../../etc\"; remove the file, and "
                       "the next download writes it again");
  write_text(ref, "");
  TL_REQUIRE_ERROR(hub::cached_file(model, "config.json"), "expected a commit of 40 hexadecimal digits, got \"\"");
}

TEST_CASE("cache: what cannot be looked at is an error, and not a file that is missing") {
  const HubCache cache;
  cache.add("models--owner--name", first, {{"config.json", "1"}});
  const auto link = cache.folder("models--owner--name") / "snapshots" / first / "config.json";
  fs::remove(link);
  fs::create_symlink("config.json", link);
  TL_REQUIRE_ERROR(hub::cached_file(model, "config.json"),
                   "cannot read " + link.string() + ": Too many levels of symbolic");
  TL_REQUIRE_ERROR(hub::cached_commit({.id = "owner/name", .revision = std::string(300, 'x')}), ": File name too long");
}

TEST_CASE("cache: the repository of a snapshot") {
  const auto of = [](const std::string& name) {
    return hub::repository_of(fs::path("/c") / name / "snapshots" / first);
  };
  REQUIRE(of("models--owner--name"));
  CHECK(of("models--owner--name")->id == "owner/name");
  CHECK(of("models--owner--name")->revision == first);
  CHECK(of("datasets--ag_news")->kind == hub::RepositoryKind::dataset);
  CHECK_FALSE(of("owner--name"));
  CHECK_FALSE(of("models--"));
  CHECK_FALSE(hub::repository_of("/c/models--owner--name/snapshots/main"));
  CHECK_FALSE(hub::repository_of("/c/models--owner--name/blobs/" + first));
  CHECK_FALSE(hub::repository_of("model"));
}
