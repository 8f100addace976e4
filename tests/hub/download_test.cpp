// Tests of files by name, from what the cache has; with the hub they are in client/.
#include <tl/hub/download.hpp>

#include "support/catch.hpp"
#include "support/hub_cache.hpp"

using namespace tl;
using tl::test::HubCache;

namespace {

const std::string download_commit(40, 'a');
const hub::Repository reviews{hub::RepositoryKind::dataset, "owner/reviews"};

}  // namespace

TEST_CASE("hub: files by name from the cache") {
  const HubCache cache;
  cache.add("datasets--owner--reviews", download_commit,
            {{"README.md", "r"}, {"data/a.csv", "a"}, {"data/b.csv", "b"}});
  const auto folder = cache.folder("datasets--owner--reviews") / "snapshots" / download_commit;
  CHECK(hub::hf_hub_download(reviews, "data/a.csv") == folder / "data/a.csv");
  TL_REQUIRE_ERROR(hub::hf_hub_download(reviews, "c.csv"),
                   "expected c.csv, the cache has only a part of owner/reviews, and ");
  CHECK(hub::snapshot_download(reviews) == folder);
  CHECK(hub::snapshot_download(reviews, {}, {"*.csv"}, {"data/b*"}) == folder);
  TL_REQUIRE_ERROR(hub::snapshot_download(reviews, {}, {"*.json"}),
                   "expected files of the repository owner/reviews that fit the patterns, it has none at commit " +
                       download_commit + ", as far as the cache knows; ");
  TL_REQUIRE_ERROR(hub::hf_hub_download({.id = "owner/none"}, "a"), "got \"owner/none\"");
}

TEST_CASE("hub: patterns are those of Python") {
  using hub::detail::matches_any;
  CHECK(matches_any("data/train.csv", {"*.csv"}));
  CHECK(matches_any("data/train.csv", {"x", "data/"}));
  CHECK(matches_any("a1", {"a[0-9]"}));
  CHECK_FALSE(matches_any("data/train.csv", {"train.csv", "*.json"}));
  CHECK_FALSE(matches_any("a", {}));
}
