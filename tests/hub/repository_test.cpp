// Names of repositories, revisions and files: what the rules of the hub allow, and that none leads out of its folder.
#include <tl/hub/other_names.hpp>
#include <tl/hub/repository.hpp>

#include "support/catch.hpp"

using namespace tl;

TEST_CASE("repository: names by the rules of the hub") {
  for (const char* good : {"a", "distilbert-base-uncased", "owner/name", "_x/y_", "A.b/c-d", "ag_news", "7/7"}) {
    INFO(good);
    CHECK(hub::is_repository_id(good));
  }
  for (const char* bad : {"", "/a", "a/", "a/b/c", "../a", "a--b", "a..b", "-a", "a-", "a/.b", "a.git", "a b",
                          "caf\xc3\xa9", "a\\b", "~", "a\n"}) {
    INFO(bad);
    CHECK_FALSE(hub::is_repository_id(bad));
  }
  CHECK_FALSE(hub::is_repository_id(std::string(97, 'a')));
  CHECK_FALSE(hub::is_repository_id("a/" + std::string(97, 'b')));
}

TEST_CASE("repository: the sentence says which rule was broken") {
  const auto checked = [](const char* id, const char* revision = "main") {
    hub::check_repository({hub::RepositoryKind::dataset, id, revision});
    return 0;
  };
  CHECK(checked("owner/name", "refs/pr/1") == 0);
  TL_REQUIRE_ERROR(checked("a/b/c"),
                   "expected the name of a dataset on a hub, \"name\" or \"owner/name\" with one slash at "
                   "most, got \"a/b/c\"");
  TL_REQUIRE_ERROR(checked("a--b"), "with no \"--\" and no \"..\", got \"a--b\"");
  TL_REQUIRE_ERROR(checked("a.git"), "with no \".git\" at the end, got");
  TL_REQUIRE_ERROR(checked("a b"), "with letters, digits, \"-\", \"_\" and \".\" only, got");
  TL_REQUIRE_ERROR(checked("-a"), "with no \"-\" or \".\" at the beginning or the end, got");
  TL_REQUIRE_ERROR(checked(""), "with 1 to 96 characters before and after the slash, got \"\"");
  for (const char* revision : {"", "..", "../main", "/main", "a//b", "a/./b", "a/", "a\\b", "C:x", "a\nb"})
    TL_REQUIRE_ERROR(checked("a", revision), "a: expected a branch, a tag or a commit as revision, got \"");
}

TEST_CASE("repository: file names stay inside") {
  const hub::Repository repository{.id = "a/b"};
  for (const char* good :
       {"config.json", "data/train-00000-of-00001.parquet", "..a", "a..", ".gitattributes", "\xc3\xa9 x"})
    CHECK_NOTHROW(hub::check_file_path(repository, good));
  for (const char* bad :
       {"", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", "a\\..\\b", "c:\\x", "a\x01", "\x7f"})
    TL_REQUIRE_ERROR((hub::check_file_path(repository, bad), 0),
                     "a/b: expected the path of a file inside of the repository, got \"");
}

TEST_CASE("repository: a commit is 40 hexadecimal digits in lower case") {
  CHECK(hub::is_commit("0123456789abcdef0123456789abcdef01234567"));
  CHECK_FALSE(hub::is_commit("0123456789ABCDEF0123456789abcdef01234567"));
  CHECK_FALSE(hub::is_commit("0123456789abcdef0123456789abcdef0123456"));
  CHECK_FALSE(hub::is_commit("main"));
}

TEST_CASE("repository: names with and without the later owner") {
  using Names = std::vector<std::string>;
  const auto names = [](const char* id, hub::RepositoryKind kind = hub::RepositoryKind::model) {
    return hub::detail::all_names({kind, id});
  };
  CHECK(names("distilbert-base-uncased") == Names{"distilbert-base-uncased", "distilbert/distilbert-base-uncased"});
  CHECK(names("distilbert/distilbert-base-uncased") ==
        Names{"distilbert/distilbert-base-uncased", "distilbert-base-uncased"});
  CHECK(names("bert-base-cased") == Names{"bert-base-cased", "google-bert/bert-base-cased"});
  CHECK(names("other/distilbert-base-uncased") == Names{"other/distilbert-base-uncased"});
  CHECK(names("rotten_tomatoes") == Names{"rotten_tomatoes"});
  CHECK(names("rotten_tomatoes", hub::RepositoryKind::dataset) ==
        Names{"rotten_tomatoes", "cornell-movie-review-data/rotten_tomatoes"});
  CHECK(names("dair-ai/emotion", hub::RepositoryKind::dataset) == Names{"dair-ai/emotion", "emotion"});
}
