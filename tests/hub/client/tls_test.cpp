// Tests of encrypted connections, with an authority that the test makes.
#include "support.hpp"

using namespace tl;
using namespace tl::test;

namespace {

/// Runs a command of openssl in `folder`.
void openssl(const std::filesystem::path& folder, const std::string& words) {
  const std::string command = "cd " + folder.string() + " && openssl " + words + " > openssl.log 2>&1";
  if (std::system(command.c_str()) != 0) fail(ErrorCode::state, command, ": ", read_text(folder / "openssl.log"));
}

/// An authority (ca.pem) and a server's certificate (server.pem, server.key) for the names of the two servers.
void make_certificates(const std::filesystem::path& folder) {
  const std::string curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ";
  openssl(folder, "req -x509 " + curve + "-keyout ca.key -out ca.pem -subj /CN=tl-test-authority");
  openssl(folder, "req -new " + curve + "-keyout server.key -out server.csr -subj /CN=localhost");
  write_text(folder / "names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  openssl(folder,
          "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem");
}

}  // namespace

TEST_CASE("hub: certificates are checked, by the authority that the environment names") {
  TL_NEED_LOCAL_HUB();
  if (!has_program("openssl")) TL_SKIP("the certificates of the test need openssl");
  const TemporaryFolder folder;
  make_certificates(folder.path());
  LocalHub hub(folder / "server.pem", folder / "server.key");
  hub.add("models/org/tiny", "config.json", "{\"a\": 1}");
  hub.add("models/org/tiny", "model.safetensors", noise(300000));
  for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
    hub.environment.set(name, std::nullopt);
  {
    hub::detail::HttpClient client(impatient());
    TL_REQUIRE_ERROR(client.file(model, "config.json", {}), "certificate");
    TL_REQUIRE_ERROR(client.file(model, "config.json", {}), "an authority of your own is named by SSL_CERT_FILE");
    CHECK(hub.requests().empty());
  }
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
    std::filesystem::remove_all(hub.cache());
    hub.environment.set(name, (folder / "ca.pem").string());
    hub::detail::HttpClient client(impatient());
    CHECK(read_text(*client.file(model, "model.safetensors", {})) == noise(300000));
    hub.environment.set(name, std::nullopt);
  }
  hub.environment.set("SSL_CERT_FILE", (folder / "ca.pem").string());
  hub::detail::HttpClient client(impatient());
  const Json faults = Json::array({{{"path", "config.json"}, {"redirect", "http://localhost:1/config.json"}}});
  hub.faults(dump_json(faults));
  TL_REQUIRE_ERROR(
      client.file(model, "config.json", {}),
      "redirects from https to an address without encryption, http://localhost:1/config.json; it is not followed");
}
