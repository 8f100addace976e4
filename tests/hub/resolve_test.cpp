// From a name to a folder: what wins, what is downloaded and what is not, and the sentences for what leads nowhere. The
// client is one of the test: it writes into the cache what a table says that the hub has.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include <tl/hub/resolve.hpp>

#include "support/catch.hpp"
#include "support/hub_cache.hpp"

using namespace tl;
using tl::test::EnvironmentVariable;
using tl::test::HubCache;
using tl::test::TemporaryFolder;
using tl::test::write_text;
namespace fs = std::filesystem;

namespace {

const std::string first(40, 'a'), second(40, 'b');
using Files = std::map<std::string, std::string>;
const Files whole = {{"config.json", "{}"}, {"model.safetensors", "w"}, {"tokenizer.json", "t"}, {"vocab.txt", "v"}};

/// A hub of one model, owner/name.
class TableClient : public hub::Client {
 public:
  explicit TableClient(const HubCache& cache) : cache_(cache) {}

  std::string commit(const hub::Repository& repository, const hub::Options& options) override {
    ++commits;
    if (!reachable) throw hub::Unreachable("no answer from nowhere");
    check(repository.id == "owner/name", ErrorCode::not_found, "the hub has no ", repository.id);
    check(!gated || options.token == "good", ErrorCode::not_found, "the model is gated");
    return state;
  }
  std::vector<std::string> list_files(const hub::Repository&, const hub::Options&) override {
    if (!reachable) throw hub::Unreachable("no answer from nowhere");
    std::vector<std::string> paths;
    for (const auto& [path, content] : files) paths.push_back(path);
    return paths;
  }
  std::optional<fs::path> file(const hub::Repository& repository, std::string_view path,
                               const hub::Options& options) override {
    if (!reachable) throw hub::Unreachable("no answer from nowhere");
    check(repository.revision == state, ErrorCode::state, "expected the commit, got ", repository.revision);
    asked.emplace_back(path);
    const auto found = files.find(std::string(path));
    if (found == files.end()) {
      const auto marker = hub::no_exist_file(repository, state, path, options);
      fs::create_directories(marker.parent_path());
      write_text(marker, "");
      return std::nullopt;
    }
    cache_.add("models--owner--name", state, {*found});
    return hub::cached_file(repository, path, options);
  }

  Files files = whole;
  std::string state = first;
  bool reachable = true, gated = false;
  int commits = 0;
  std::vector<std::string> asked;

 private:
  const HubCache& cache_;
};

/// Registers a client of the test for as long as this lives.
struct Linked {
  explicit Linked(const HubCache& cache) : client(std::make_shared<TableClient>(cache)) { hub::set_client(client); }
  ~Linked() { hub::set_client(nullptr); }
  TableClient* operator->() const { return client.get(); }
  std::shared_ptr<TableClient> client;
};

/// Makes a folder the working directory for as long as this lives.
struct Directory {
  explicit Directory(const fs::path& to) : before(fs::current_path()) { fs::current_path(to); }
  ~Directory() { fs::current_path(before); }
  fs::path before;
};

}  // namespace

TEST_CASE("resolve: paths stay paths, and a folder of the name wins") {
  const HubCache cache;
  const TemporaryFolder folder;
  const Directory here(folder.path());
  cache.add("models--distilbert-base-uncased", first, whole);
  for (const char* path : {"/no/such", "./no/such", "../x", "a/b/c", "a/", "", "."})
    CHECK(hub::model_folder(path) == path);
  CHECK(hub::model_folder("distilbert-base-uncased") ==
        cache.folder("models--distilbert-base-uncased") / "snapshots" / first);
  fs::create_directory("distilbert-base-uncased");
  CHECK(hub::model_folder("distilbert-base-uncased") == "distilbert-base-uncased");
  write_text("README.md", "");
  CHECK(hub::model_folder("README.md") == "README.md");
}

TEST_CASE("resolve: revisions, and the cache of the call") {
  const HubCache cache;
  cache.add("models--owner--name", first, whole, "v1");
  cache.add("models--owner--name", second, whole);
  const auto snapshots = cache.folder("models--owner--name") / "snapshots";
  CHECK(hub::model_folder("owner/name") == snapshots / second);
  CHECK(hub::model_folder("owner/name", {.revision = "v1"}) == snapshots / first);
  CHECK(hub::model_folder("owner/name", {.revision = first}) == snapshots / first);
  const EnvironmentVariable elsewhere("HF_HUB_CACHE", "/no/such");
  CHECK(hub::model_folder("owner/name", {.cache_dir = cache.path()}) == snapshots / second);
}

TEST_CASE("resolve: the other name of the same repository") {
  const HubCache cache;
  cache.add("models--distilbert--distilbert-base-uncased", first, whole);
  cache.add("models--bert-base-cased", first, whole);
  CHECK(hub::repository_of(hub::model_folder("distilbert-base-uncased"))->id == "distilbert/distilbert-base-uncased");
  CHECK(hub::repository_of(hub::model_folder("google-bert/bert-base-cased"))->id == "bert-base-cased");
  TL_REQUIRE_ERROR(hub::model_folder("other/bert-base-cased"), "has no models--other--bert-base-cased");
}

TEST_CASE("resolve: a name that leads nowhere says where was looked and what to do") {
  const HubCache cache;
  const TemporaryFolder folder;
  const Directory here(folder.path());
  const std::string looked =
      "expected a model folder or the name of a model on a hub, got \"owner/name\"; there is no folder "
      "of that name in " +
      fs::current_path().string() + ", the cache " + cache.path().string() + " has no models--owner--name, and ";
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   looked +
                       "this program cannot download, it is not linked with tl::hub; download it before with \"tl "
                       "download owner/name\" or in Python, or pass the path of a local copy");
  TL_REQUIRE_ERROR(hub::model_folder("owner/name", {.local_files_only = true}),
                   looked + "local_files_only is set, so the hub is not asked; unset it, or download it before with");
  const EnvironmentVariable offline("HF_HUB_OFFLINE", "1");
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   looked + "HF_HUB_OFFLINE is set, so the hub is not asked; unset it, or download it before with");
  TL_REQUIRE_ERROR(hub::Snapshot({hub::RepositoryKind::dataset, "ag_news"}),
                   "expected a folder or the name of a dataset on a hub, got \"ag_news\"; ");
  TL_REQUIRE_ERROR(hub::Snapshot({hub::RepositoryKind::dataset, "ag_news"}),
                   "\"tl download --repo-type dataset ag_news\"");
  cache.add("models--owner--name", first, whole);
  TL_REQUIRE_ERROR(
      hub::model_folder("owner/name", {.revision = "v9"}),
      "the cache has " + cache.folder("models--owner--name").string() + ", but not its revision v9, and HF_HUB");
}

TEST_CASE("resolve: a cache that has a part of the model only") {
  const HubCache cache;
  cache.add("models--owner--name", first, {{"config.json", "{}"}, {"tokenizer.json", "t"}});
  CHECK_NOTHROW(hub::model_folder("owner/name", {}, hub::ModelFiles::tokenizer));
  CHECK_NOTHROW(hub::model_folder("owner/name", {}, hub::ModelFiles::configuration));
  const auto snapshot = cache.folder("models--owner--name") / "snapshots" / first;
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   snapshot.string() +
                       ": expected model.safetensors of the model owner/name, the cache has only a part of "
                       "it, and this program cannot download");
  const std::string index = R"({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})";
  cache.add("models--owner--name", first, {{"model.safetensors.index.json", index}, {"model-1.safetensors", "w"}});
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   ": expected model-2.safetensors of the model owner/name, the cache");
  cache.add("models--owner--name", first, {{"model-2.safetensors", "w"}});
  CHECK(hub::model_folder("owner/name") == snapshot);
  cache.add("models--owner--name", second, {{"tokenizer.json", "t"}});
  TL_REQUIRE_ERROR(hub::model_folder("owner/name", {}, hub::ModelFiles::configuration),
                   ": expected config.json of the");
}

TEST_CASE("resolve: with a client, only what is missing and what is needed is downloaded") {
  const HubCache cache;
  const Linked hub_client(cache);
  hub_client->files["training_args.bin"] = "x";
  hub_client->files["pytorch_model.bin"] = "x";
  const auto snapshot = hub::model_folder("owner/name", {}, hub::ModelFiles::tokenizer);
  CHECK(test::names_in(snapshot) == std::set<std::string>{"config.json", "tokenizer.json", "vocab.txt"});
  hub_client->asked.clear();
  CHECK(hub::model_folder("owner/name") == snapshot);
  CHECK(hub_client->asked == std::vector<std::string>{"model.safetensors", "calibration.json"});
  CHECK(hub_client->commits == 2);
  hub_client->asked.clear();
  CHECK(hub::model_folder("owner/name", {.revision = first}) == snapshot);
  CHECK(hub_client->commits == 2);
  CHECK(hub_client->asked.empty());
  // A new state of the repository is a new snapshot.
  hub_client->state = second;
  CHECK(hub::model_folder("owner/name").filename() == second);
  const EnvironmentVariable offline("HF_HUB_OFFLINE", "1");
  CHECK(hub::model_folder("owner/name").filename() == second);
  CHECK(hub_client->commits == 3);
}

TEST_CASE("resolve: shards by their index") {
  const HubCache cache;
  const Linked hub_client(cache);
  hub_client->files.erase("model.safetensors");
  hub_client->files["model.safetensors.index.json"] =
      R"({"weight_map": {"a": "s-1.safetensors", "b": "s-2.safetensors"}})";
  hub_client->files["s-1.safetensors"] = "w";
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   "expected s-2.safetensors in the repository owner/name, it has none at commit " + first);
  hub_client->files["s-2.safetensors"] = "w";
  fs::remove_all(cache.folder("models--owner--name") / ".no_exist");
  CHECK(test::names_in(hub::model_folder("owner/name")).contains("s-2.safetensors"));
  hub_client->state = second;
  hub_client->files["model.safetensors.index.json"] = R"({"weight_map": {"a": "../../x"}})";
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   "expected the path of a file inside of the repository, got \"../../x\"");
}

TEST_CASE("resolve: a hub that does not answer, or does not show the model, leaves the cache") {
  const HubCache cache;
  const Linked hub_client(cache);
  hub_client->reachable = false;
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"), "and the hub gave nothing: no answer from nowhere");
  cache.add("models--owner--name", first, whole);
  CHECK(hub::model_folder("owner/name").filename() == first);
  CHECK(hub::Snapshot({.id = "owner/name"}).list_files().size() == 4);
  hub_client->reachable = true;
  hub_client->gated = true;
  CHECK(hub::model_folder("owner/name").filename() == first);
  CHECK(hub::model_folder("owner/name", {.token = "good"}).filename() == first);
  TL_REQUIRE_ERROR(hub::model_folder("owner/other"), "and the hub gave nothing: the hub has no owner/other");
}

TEST_CASE("resolve: repositories that are no models") {
  const HubCache cache;
  const Linked hub_client(cache);
  hub_client->files = {{"config.json", "{}"}, {"pytorch_model.bin", "p"}, {"vocab.txt", "v"}};
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   "expected model.safetensors in the repository owner/name, it has "
                   "pytorch_model.bin only, which is a pickle; save the model with");
  hub_client->files = {{"config.json", "{}"}};
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"),
                   "expected model.safetensors in the repository owner/name, it has none at commit " + first +
                       "; it is no model that save_pretrained() wrote");
  hub_client->files = {{"README.md", ""}};
  hub_client->state = second;
  TL_REQUIRE_ERROR(hub::model_folder("owner/name", {}, hub::ModelFiles::tokenizer),
                   "expected tokenizer.json or vocab.txt in the repository owner/name, it has none");
  TL_REQUIRE_ERROR(hub::model_folder("owner/name"), "expected config.json in the repository owner/name, it has none");
}
