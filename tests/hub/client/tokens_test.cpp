// Tests of the token: who gets it, who does not, and what is said without one.
#include "support.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// The Authorization headers that a server got, in order.
std::vector<std::string> tokens(const LocalHub& hub, const std::string& server) {
  std::vector<std::string> found;
  for (const Json& request : hub.requests())
    if (request["server"] == server)
      found.push_back(request["authorization"].is_null() ? "" : request["authorization"].get<std::string>());
  return found;
}

void add_private(const LocalHub& hub, const std::string& about = R"({"private": true})") {
  hub.add("models/org/tiny", "config.json", "{\"a\": 1}");
  hub.add("models/org/tiny", "model.safetensors", noise(1000));
  hub.about("models/org/tiny", about);
}

}  // namespace

TEST_CASE("hub: the token goes to the hub and not to the store") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_private(hub);
  hub.environment.set("HF_TOKEN", " hf_good\n");
  hub::detail::HttpClient client(impatient());
  client.commit(model, {});
  client.file(model, "config.json", {});
  client.file(model, "model.safetensors", {});
  for (const std::string& token : tokens(hub, "hub")) CHECK(token == "Bearer hf_good");
  CHECK(tokens(hub, "store") == std::vector<std::string>{""});
}

TEST_CASE("hub: a redirect to another host, also in the middle, does not take the token along") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_private(hub);
  hub::detail::HttpClient client(impatient());
  const Json faults =
      Json::array({{{"path", "/org/tiny/resolve/"},
                    {"redirect", hub.store() + "/models/org/tiny/config.json"},
                    {"headers", {{"X-Repo-Commit", std::string(40, 'a')}, {"X-Linked-Etag", "\"abc\""}}}},
                   {{"path", "/api/"}, {"redirect", hub.store() + "/models/org/tiny/config.json"}}});
  hub.faults(dump_json(faults));
  client.file(model, "config.json", {.token = "hf_good"});
  TL_REQUIRE_ERROR(client.commit(model, {.token = "hf_good"}), "expected an answer of a hub from " + hub.store());
  CHECK(tokens(hub, "hub") == std::vector<std::string>(2, "Bearer hf_good"));
  CHECK(tokens(hub, "store") == std::vector<std::string>(2, ""));
}

TEST_CASE("hub: where the token is found") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_private(hub);
  hub::detail::HttpClient client(impatient());
  std::filesystem::create_directories(hub.home());
  write_text(hub.home() / "token", "hf_good\n");
  CHECK(client.file(model, "config.json", {}));
  hub.environment.set("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
  TL_REQUIRE_ERROR(client.commit(model, {}), "there is no model org/tiny on ");
  CHECK(hub::is_commit(client.commit(model, {.token = "hf_good"})));
  TL_REQUIRE_ERROR(client.commit(model, {.token = "hf_other"}),
                   "or the account of the token may not see it; check the name");
  TL_REQUIRE_ERROR(client.commit(model, {.token = "hf_wrong"}),
                   "the token was refused on " + hub.address() +
                       " (Invalid credentials in Authorization header); look at HF_TOKEN, the token file and --token");
}

TEST_CASE("hub: a gated model") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_private(hub, R"({"gated": true})");
  hub::detail::HttpClient client(impatient());
  TL_REQUIRE_ERROR(client.file(model, "config.json", {}),
                   "the model org/tiny on " + hub.address() +
                       " is gated: its owner grants access on request; ask for it on " + hub.address() +
                       "/org/tiny, then set HF_TOKEN or --token to a token of that account");
  TL_REQUIRE_ERROR(client.file(model, "config.json", {.token = "hf_other"}),
                   "with the account of the token that was sent, which has no access yet");
  CHECK(tree_of(hub.cache()).empty());
  CHECK(client.file(model, "config.json", {.token = "hf_good"}));
}

TEST_CASE("hub: a token with signs that would begin a header is refused and not shown") {
  TL_NEED_LOCAL_HUB();
  LocalHub hub;
  add_private(hub);
  hub::detail::HttpClient client(impatient());
  const std::string sentence = error_of([&] { client.commit(model, {.token = "hf_good\r\nX-Evil: 1"}); });
  CHECK(sentence.find("expected a token of letters, digits and signs without blanks") == 0);
  CHECK(sentence.find("Evil") == std::string::npos);
  CHECK(hub.requests().empty());
}
