#include "database/http.hpp"

#include <doctest/doctest.h>

#include "database/identity.hpp"

namespace schemagate {
namespace {

std::string refusal(const std::string& text) {
  try {
    (void)parse_http(text);
    return "none";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST_SUITE("http") {
  TEST_CASE("an address has host, port and path, each as it is written") {
    CHECK(parse_http("http://localhost:42356/msi/token") ==
          HttpAddress{"localhost:42356", "localhost", "42356", "/msi/token"});
    CHECK(parse_http("http://169.254.169.254/metadata?a=b") ==
          HttpAddress{"169.254.169.254", "169.254.169.254", "80", "/metadata?a=b"});
    CHECK(parse_http("http://[fd40::1]:8081/msi/token") ==
          HttpAddress{"[fd40::1]:8081", "fd40::1", "8081", "/msi/token"});
    CHECK(parse_http("http://[::1]") == HttpAddress{"[::1]", "::1", "80", "/"});
    CHECK(parse_http("http://host?a=b") == HttpAddress{"host", "host", "80", "/?a=b"});
  }

  TEST_CASE("what is no plain http address is refused") {
    CHECK(refusal("https://localhost/msi/token") == "it does not begin with http://");
    CHECK(refusal("localhost:42356") == "it does not begin with http://");
    CHECK(refusal("http://") == "it has no host");
    CHECK(refusal("http:///msi/token") == "it has no host");
    CHECK(refusal("http://user@host/") == "it has no host");
    CHECK(refusal("http://[::1/") == "it has no host");
    CHECK(refusal("http://:80/") == "it has no host or a wrong port");
    CHECK(refusal("http://host:http/") == "it has no host or a wrong port");
  }

  TEST_CASE("an identity endpoint's complaint is found wherever it stands, in one line, and cut") {
    CHECK(complaint("") == "");
    CHECK(complaint("no\nJSON \x1b[31m") == ": no JSON ");
    CHECK(complaint(R"({"statusCode":400,"message":"No managed identity found"})") == ": No managed identity found");
    CHECK(complaint(R"({"error":"invalid_request","error_description":"Identity not found"})") ==
          ": Identity not found");
    CHECK(complaint(R"({"error":{"code":"x","message":"Identity not found"}})") == ": Identity not found");
    CHECK(complaint(std::string(1000, 'x')).size() == 302);
  }
}

}  // namespace
}  // namespace schemagate
