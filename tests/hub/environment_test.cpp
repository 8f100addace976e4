// The environment variables of the Hugging Face libraries: which one wins, and what their values mean.
#include <tl/hub/cache.hpp>
#include <tl/hub/environment.hpp>

#include "support/catch.hpp"
#include "support/hub_cache.hpp"

using namespace tl;
using tl::test::EnvironmentVariable;
using tl::test::TemporaryFolder;

TEST_CASE("environment: HF_HUB_CACHE, then HF_HOME, then XDG_CACHE_HOME, then ~/.cache") {
  const EnvironmentVariable cache("HF_HUB_CACHE", std::nullopt), older("HUGGINGFACE_HUB_CACHE", std::nullopt);
  const EnvironmentVariable home("HF_HOME", std::nullopt), xdg("XDG_CACHE_HOME", std::nullopt), user("HOME", "/home/u");
  CHECK(hub::cache_dir() == "/home/u/.cache/huggingface/hub");
  const EnvironmentVariable with_xdg("XDG_CACHE_HOME", "/x");
  CHECK(hub::cache_dir() == "/x/huggingface/hub");
  const EnvironmentVariable with_home("HF_HOME", "~/hf");
  CHECK(hub::cache_dir() == "/home/u/hf/hub");
  const EnvironmentVariable with_older("HUGGINGFACE_HUB_CACHE", "/older");
  CHECK(hub::cache_dir() == "/older");
  const EnvironmentVariable with_cache("HF_HUB_CACHE", "$HOME/c/${HOME}/$TL_NOT_SET/${TL_NOT_SET}/$");
  CHECK(hub::cache_dir() == "/home/u/c//home/u/$TL_NOT_SET/${TL_NOT_SET}/$");
  const EnvironmentVariable empty("HF_HUB_CACHE", "");
  CHECK(hub::cache_dir() == "/older");
  CHECK(hub::cache_dir({.cache_dir = "given"}) == "given");
}

TEST_CASE("environment: offline, endpoint") {
  const EnvironmentVariable unset("HF_HUB_OFFLINE", std::nullopt), older("TRANSFORMERS_OFFLINE", std::nullopt);
  CHECK_FALSE(hub::offline());
  for (const char* yes : {"1", "on", "YES", "True"}) {
    const EnvironmentVariable set("HF_HUB_OFFLINE", yes);
    CHECK(hub::offline());
  }
  for (const char* no : {"0", "", "off", "2"}) {
    const EnvironmentVariable set("HF_HUB_OFFLINE", no);
    CHECK_FALSE(hub::offline());
  }
  const EnvironmentVariable transformers("TRANSFORMERS_OFFLINE", "1");
  CHECK(hub::offline());
  const EnvironmentVariable newer("HF_HUB_OFFLINE", "0");
  CHECK_FALSE(hub::offline());
  const EnvironmentVariable endpoint("HF_ENDPOINT", "http://127.0.0.1:8080//");
  CHECK(hub::endpoint() == "http://127.0.0.1:8080");
  const EnvironmentVariable none("HF_ENDPOINT", std::nullopt);
  CHECK(hub::endpoint() == "https://huggingface.co");
}

TEST_CASE("environment: the token") {
  const TemporaryFolder folder;
  const EnvironmentVariable home("HF_HOME", folder.path().string()), path("HF_TOKEN_PATH", std::nullopt);
  const EnvironmentVariable token("HF_TOKEN", std::nullopt), older("HUGGING_FACE_HUB_TOKEN", std::nullopt);
  const EnvironmentVariable implicit("HF_HUB_DISABLE_IMPLICIT_TOKEN", std::nullopt);
  CHECK(hub::token().empty());
  test::write_text(folder / "token", "  hf_file\r\n");
  CHECK(hub::token() == "hf_file");
  test::write_text(folder / "other", "hf_other");
  const EnvironmentVariable other("HF_TOKEN_PATH", (folder / "other").string());
  CHECK(hub::token() == "hf_other");
  const EnvironmentVariable with_older("HUGGING_FACE_HUB_TOKEN", "hf_older");
  CHECK(hub::token() == "hf_older");
  const EnvironmentVariable with_token("HF_TOKEN", "hf_token\n");
  CHECK(hub::token() == "hf_token");
  const EnvironmentVariable without("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  CHECK(hub::token().empty());
}
