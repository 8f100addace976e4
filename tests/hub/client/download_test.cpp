// Tests of downloads that go well: what is asked, what is in the cache, and what is not asked again.
#include <tl/hub/cache.hpp>
#include <tl/hub/download.hpp>

#include "support.hpp"

using namespace tl;
using namespace tl::test;
namespace fs = std::filesystem;

namespace {

void add_tiny(const LocalHub& hub) {
  hub.add("models/org/tiny", "config.json", "{\"a\": 1}");
  hub.add("models/org/tiny", "model.safetensors", noise(300000));
  hub.add("models/org/tiny", "sub/deep/x.txt", "hi");
}

}  // namespace

TEST_CASE("hub: a program with tl::hub has a client") { CHECK(hub::client() != nullptr); }

TEST_CASE("hub: files are downloaded into the layout of the cache") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  add_tiny(hub);
  hub::detail::HttpClient client(impatient());
  const std::string commit = client.commit(model, {});
  CHECK(hub::is_commit(commit));
  const auto names = client.list_files(model, {});
  CHECK(names == std::vector<std::string>{"config.json", "model.safetensors", "sub/deep/x.txt"});
  for (const std::string& name : names) {
    const auto file = client.file(model, name, {});
    REQUIRE(file);
    CHECK(*file == hub.cache() / "models--org--tiny" / "snapshots" / commit / name);
    CHECK(read_text(*file) == read_text(hub.root() / "models/org/tiny" / name));
    CHECK(fs::is_symlink(*file));
  }
  CHECK(fs::read_symlink(*client.file(model, "sub/deep/x.txt", {})).native().starts_with("../../../../blobs/"));
  CHECK(read_text(hub.cache() / "models--org--tiny/refs/main") == commit);
  CHECK(read_text(hub.cache() / "CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
  CHECK(blobs(hub) == 3);
  CHECK(unfinished(hub).empty());
  const auto asked = hub.requests("config.json");
  REQUIRE_FALSE(asked.empty());
  CHECK(asked[0]["user_agent"].get<std::string>().starts_with("tl/"));
}

TEST_CASE("hub: what is there is not downloaded again, and a commit is not even asked for") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  add_tiny(hub);
  hub::detail::HttpClient client(impatient());
  client.file(model, "model.safetensors", {});
  const std::size_t before = hub.requests().size();
  client.file(model, "model.safetensors", {});
  const auto after = hub.requests();
  CHECK(after.size() == before + 1);
  CHECK(after.back()["method"] == "HEAD");
  hub::Repository fixed = model;
  fixed.revision = client.commit(model, {});
  const std::size_t asked = hub.requests().size();
  CHECK(client.file(fixed, "model.safetensors", {}));
  CHECK_FALSE(client.file(fixed, "nothing.txt", {}));
  CHECK_FALSE(client.file(fixed, "nothing.txt", {}));
  CHECK(hub.requests().size() == asked + 1);  // the first question about nothing.txt
  CHECK(fs::exists(hub.cache() / "models--org--tiny/.no_exist" / fixed.revision / "nothing.txt"));
}

TEST_CASE("hub: a new commit shares the blobs that did not change") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  add_tiny(hub);
  hub::detail::HttpClient client(impatient());
  const auto first = client.file(model, "model.safetensors", {});
  hub.add("models/org/tiny", "config.json", "{\"a\": 2}");
  const auto second = client.file(model, "model.safetensors", {});
  CHECK(*first != *second);
  CHECK(fs::equivalent(*first, *second));
  CHECK(hub.requests("models/org/tiny/model.safetensors").size() == 1);  // that of the store
  CHECK(read_text(hub.cache() / "models--org--tiny/refs/main") == second->parent_path().filename());
}

TEST_CASE("hub: revisions, renamed repositories, data sets and long lists") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  add_tiny(hub);
  hub.add("models/org/tiny@v1", "config.json", "{\"a\": 0}");
  hub.about("models/tiny", R"({"renamed": "org/tiny"})");
  hub.add("datasets/org/reviews", "data/train-00000-of-00001.parquet", noise(1000, 7));
  hub.add("datasets/org/reviews@refs__convert__parquet", "default/train/0000.parquet", noise(1000, 8));
  hub.about("datasets/org/reviews", R"({"page": 1, "listed": ["b.csv", "a.csv"]})");
  hub::detail::HttpClient client(impatient());
  hub::Repository old = model;
  old.revision = "v1";
  CHECK(read_text(*client.file(old, "config.json", {})) == "{\"a\": 0}");
  CHECK(read_text(hub.cache() / "models--org--tiny/refs/v1") == client.commit(old, {}));
  const auto renamed = client.file({.id = "tiny"}, "config.json", {});
  CHECK(renamed->native().find("models--tiny/snapshots/") != std::string::npos);  // as it was asked for
  hub::Repository reviews{hub::RepositoryKind::dataset, "org/reviews"};
  CHECK(client.list_files(reviews, {}) ==
        std::vector<std::string>{"a.csv", "b.csv", "data/train-00000-of-00001.parquet"});
  reviews.revision = "refs/convert/parquet";
  CHECK(read_text(*client.file(reviews, "default/train/0000.parquet", {})) == noise(1000, 8));
  CHECK(fs::exists(hub.cache() / "datasets--org--reviews/refs/refs/convert/parquet"));
}

TEST_CASE("hub: an empty file, a name with signs, and a cache of one's own") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  hub.add("models/org/tiny", "empty.txt", "");
  hub.add("models/org/tiny", "a b%20+#?\xc3\xa4.txt", "signs");
  hub::detail::HttpClient client(impatient());
  const hub::Options options{.cache_dir = hub.home() / "other"};
  CHECK(read_text(*client.file(model, "empty.txt", options)).empty());
  CHECK(read_text(*client.file(model, "a b%20+#?\xc3\xa4.txt", options)) == "signs");
  CHECK_FALSE(fs::exists(hub.cache()));
}

TEST_CASE("hub: a listener hears how far a download is") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  hub.add("models/org/tiny", "model.safetensors", noise(3000000));
  hub.faults(R"([{"server": "store", "slow": 500000}])");
  std::vector<hub::Progress> heard;
  hub::set_progress([&](const hub::Progress& progress) { heard.push_back(progress); });
  hub::detail::HttpClient client(impatient());
  client.file(model, "model.safetensors", {});
  hub::set_progress({});
  REQUIRE(heard.size() > 2);
  CHECK(heard.back().done);
  CHECK(heard.back().received == 3000000);
  CHECK(heard.back().file == "model.safetensors");
  CHECK(heard.front().total == 3000000);
  for (std::size_t i = 1; i < heard.size(); ++i) CHECK(heard[i].received >= heard[i - 1].received);
}

TEST_CASE("hub: without links the snapshot holds copies") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_tiny(hub);
  hub.environment.set("HF_HUB_DISABLE_SYMLINKS", "1");
  hub::detail::HttpClient client(impatient());
  const auto file = client.file(model, "model.safetensors", {});
  CHECK_FALSE(fs::is_symlink(*file));
  CHECK(read_text(*file) == noise(300000));
  const std::size_t before = hub.requests("model.safetensors").size();
  client.file(model, "model.safetensors", {});
  CHECK(hub.requests("model.safetensors").size() == before + 1);
}

TEST_CASE("hub: files and snapshots through the client that is linked") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  add_tiny(hub);
  const fs::path folder = hub::snapshot_download(model, {}, {"*.json", "sub/"}, {"model*"});
  CHECK(tree_of(folder) == std::vector<std::string>{"config.json", "sub/deep/x.txt"});
  CHECK(hub::hf_hub_download(model, "model.safetensors") == folder / "model.safetensors");
  TL_REQUIRE_ERROR(hub::hf_hub_download(model, "none.txt"),
                   "expected none.txt in the repository org/tiny, it has none at commit");
  TL_REQUIRE_ERROR(hub::snapshot_download(model, {}, {"*.none"}), "that fit the patterns, it has none at commit");
}

TEST_CASE("hub: a download by force replaces what the cache has") {
  TL_NEED_LOCAL_HUB();
  const LocalHub hub;
  add_tiny(hub);
  const fs::path file = hub::hf_hub_download(model, "model.safetensors");
  write_text(fs::canonical(file), noise(300000, 5));  // damage that the size does not show
  CHECK(read_text(hub::hf_hub_download(model, "model.safetensors")) == noise(300000, 5));
  const hub::Repository fixed{hub::RepositoryKind::model, "org/tiny", file.parent_path().filename().string()};
  CHECK(read_text(hub::hf_hub_download(fixed, "model.safetensors", {.force_download = true})) == noise(300000));
  CHECK(unfinished(hub).empty());
}
