#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "support/database.hpp"
#include "support/endpoint.hpp"
#include "support/image.hpp"
#include "support/plain.hpp"
#include "support/port.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

constexpr const char* client_id = "11111111-2222-3333-4444-555555555555";
constexpr const char* untouched = "  state  the database was not changed; the program was not started\n";
constexpr const char* not_contacted = "  state  the database was not contacted; the program was not started\n";

/// As long as Entra's grow with a user's groups.
std::string long_token(char letter) { return "eyJ0eXAi." + std::string(6000, letter); }

/// An image whose role logs in with a token, in plain text over TLS, as to Azure Database for PostgreSQL.
struct Azure {
  Image image;
  std::string role = image.database.role("app", "IN ROLE token");
  Endpoint endpoint;

  explicit Azure(std::vector<std::string> answers, std::chrono::milliseconds per_byte = {})
      : endpoint{std::move(answers), per_byte} {
    image.database.query("GRANT ALL ON SCHEMA public TO " + role);
  }

  void expect(const std::string& token) const {
    image.database.query("ALTER ROLE " + role + " PASSWORD '" + token + "'");
  }
  [[nodiscard]] std::string url(const std::string& port = server().at("SERVER_PORT")) const {
    return "postgresql://" + role + "@127.0.0.1:" + port + "/" + image.database.name();
  }
  [[nodiscard]] std::string place(const std::string& port = server().at("SERVER_PORT")) const {
    return role + "@127.0.0.1:" + port + "/" + image.database.name();
  }
  [[nodiscard]] Variables variables(const std::string& identity) const {
    return {{"SCHEMAGATE_DATABASE_URL", url()},
            {"SCHEMAGATE_AZURE_IDENTITY", identity},
            {"IDENTITY_ENDPOINT", endpoint.url()},
            {"IDENTITY_HEADER", "hdr-17"}};
  }
  [[nodiscard]] Ran apply(const Variables& more = {}, const std::vector<std::string>& options = {}) const {
    Variables all = more;
    all.merge(variables("system"));
    std::vector<std::string> words{"apply", "--migrations", image.folder.path()};
    words.insert(words.end(), options.begin(), options.end());
    Ran ran = support::schemagate(words, all);
    CHECK_FALSE(contains(ran.err, "eyJ0"));
    return ran;
  }
};

/// The first line of a request, and its own header.
std::string asked(const std::string& client = "") {
  return "GET /msi/token?resource=https%3A%2F%2Fossrdbms-aad.database.windows.net&api-version=2019-08-01" + client +
         " HTTP/1.1\r\n";
}

/// Applies with an endpoint that says `first` until it gives the right token.
Ran after(const std::vector<std::string>& first) {
  std::vector<std::string> answers = first;
  answers.push_back(Endpoint::token(long_token('a')));
  Azure azure{answers};
  azure.expect(long_token('a'));
  azure.endpoint.open();
  azure.image.migration("1_a", "CREATE TABLE a (id int)");
  Ran ran = azure.apply();
  CHECK(ran.code == 0);
  CHECK(azure.endpoint.requests().size() == answers.size());
  return ran;
}

/// What the first failure was told as.
std::string told(const std::string& err) {
  const std::size_t begin = err.find("/msi/token: ");
  return begin == std::string::npos ? err : err.substr(begin + 12, err.find('\n') - begin - 12);
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a managed identity's token of 6 kB is the password, over TLS, and the program finds its variables") {
    Azure azure{{Endpoint::token(long_token('a'))}};
    azure.expect(long_token('a'));
    azure.endpoint.open();
    azure.image.migration("1_a", "CREATE TABLE a AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");

    const Ran ran = support::schemagate(
        {"--migrations", azure.image.folder.path(), "--", "printenv", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"},
        azure.variables("system"));

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) ==
          "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied; starting printenv\n");
    CHECK(ran.out == azure.endpoint.url() + "\nhdr-17\n");
    CHECK(azure.image.database.value("SELECT ssl FROM a") == "t");
    REQUIRE(azure.endpoint.requests().size() == 1);
    CHECK(azure.endpoint.requests()[0] == asked() + "Host: " + azure.endpoint.authority() +
                                              "\r\nConnection: close\r\nX-IDENTITY-HEADER: hdr-17\r\n\r\n");
  }

  TEST_CASE("a user-assigned identity is asked for by its client id") {
    Azure azure{{Endpoint::token("short")}};
    azure.expect("short");
    azure.endpoint.open();
    azure.image.migration("1_a", "CREATE TABLE a (id int)");

    // By name, which may be two addresses, and nobody listens on the first.
    const std::string port = azure.endpoint.authority().substr(10);
    const Ran ran = azure.apply(
        {{"SCHEMAGATE_AZURE_IDENTITY", client_id}, {"IDENTITY_ENDPOINT", "http://localhost:" + port + "/msi/token"}});

    CHECK(ran.code == 0);
    REQUIRE(azure.endpoint.requests().size() == 1);
    CHECK(azure.endpoint.requests()[0].starts_with(asked("&client_id=" + std::string{client_id})));
  }

  TEST_CASE("an endpoint that does not listen yet is waited for") {
    Azure azure{{Endpoint::token("short")}};
    azure.expect("short");
    azure.image.migration("1_a", "CREATE TABLE a (id int)");
    Running running{{binary(), "apply", "--migrations", azure.image.folder.path()}, azure.variables("system")};
    REQUIRE(running.wait_for("waiting for"));

    azure.endpoint.open();
    const Ran ran = running.finish();

    keep(ran);
    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == "schemagate: waiting for " + azure.place() + " (up to T more): no token from " +
                                azure.endpoint.url() + ": Connection refused\n" +
                                "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n");
  }

  TEST_CASE("an endpoint that is throttled, broken, cut off or says nothing of use is asked again") {
    CHECK(told(after({Endpoint::answer("429 Too Many Requests", R"({"message":"slow down"})")}).err) ==
          "it answered 429: slow down");
    CHECK(told(after({Endpoint::answer("500 Internal Server Error", "")}).err) == "it answered 500");
    CHECK(told(after({Endpoint::answer("503 Service Unavailable", "<html>\nbusy</html>")}).err) ==
          "it answered 503: <html> busy</html>");
    CHECK(told(after({Endpoint::answer("503 Service Unavailable", "no: X-IDENTITY-HEADER: hdr-17, hdr-17")}).err) ==
          "it answered 503: no: X-IDENTITY-HEADER: ***, ***");
    CHECK(told(after({Endpoint::answer("200 OK", "eyJ0 is no JSON")}).err) ==
          "its answer is not JSON with an access_token");
    CHECK(told(after({Endpoint::answer("200 OK", R"({"access_token":17})")}).err) ==
          "its answer is not JSON with an access_token");
    CHECK(told(after({""}).err) == "hung up without an answer");
    CHECK(told(after({"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"}).err) ==
          "not an answer in HTTP: partial message");
    CHECK(told(after({"SSH-2.0-OpenSSH\r\n\r\n"}).err) == "not an answer in HTTP: bad version");
    CHECK(told(after({Endpoint::answer("200 OK", std::string(99999, 'x'))}).err) ==
          "not an answer in HTTP: body limit exceeded");
  }

  TEST_CASE("an answer that comes slowly is waited for") {
    Azure azure{{Endpoint::token("short")}, std::chrono::milliseconds{2}};
    azure.expect("short");
    azure.endpoint.open();
    azure.image.migration("1_a", "CREATE TABLE a (id int)");

    CHECK(azure.apply().code == 0);
    CHECK(azure.endpoint.requests().size() == 1);
  }

  TEST_CASE("an answer in chunks is read") {
    Azure azure{
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"access_token\":\r\n8\r\n\"short\"}\r\n"
         "0\r\n\r\n"}};
    azure.expect("short");
    azure.endpoint.open();
    azure.image.migration("1_a", "CREATE TABLE a (id int)");

    CHECK(azure.apply().code == 0);
  }

  TEST_CASE("an endpoint that never answers is given up after --wait or --deadline") {
    Azure azure{{Endpoint::silence}};
    azure.endpoint.open();
    const std::string state = "\n  where  " + azure.place() + "\n" + untouched +
                              "  next   the platform gives the managed identity no token: see its status; to wait "
                              "longer, raise ";

    const Ran waited = azure.apply({}, {"--wait", "500ms", "--allow-empty"});
    const Ran limited = azure.apply({}, {"--deadline", "500ms", "--allow-empty"});

    CHECK(waited.code == 69);
    CHECK(contains(waited.err, "schemagate: no connection within 500 ms; last error: no token from " +
                                   azure.endpoint.url() + ": no answer in time" + state +
                                   "--wait (SCHEMAGATE_WAIT)\n"));
    CHECK(limited.code == 69);
    CHECK(contains(limited.err,
                   "schemagate: no connection before --deadline; last error: none, the first try was under "
                   "way\n  where  " +
                       azure.place() + "\n"));
  }

  TEST_CASE("a signal ends the wait for an endpoint that never answers") {
    Azure azure{{Endpoint::silence}};
    azure.endpoint.open();
    Running running{{binary(), "apply", "--allow-empty", "--migrations", azure.image.folder.path()},
                    azure.variables("system")};
    REQUIRE(eventually([&] { return azure.endpoint.requests().size() == 1; }));

    running.signal(SIGTERM);
    const Ran ran = running.finish();

    keep(ran);
    CHECK(ran.code == 143);
    CHECK(ran.err ==
          "schemagate: stopped by SIGTERM\n  state  no migration was running; the program was not started\n"
          "  next   start again\n");
  }

  TEST_CASE("what the endpoint refuses is refused at once, in its own words") {
    for (const std::string status :
         {"400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "302 Found"}) {
      Azure azure{{Endpoint::answer(status, R"({"statusCode":400,"message":"No managed identity found"})")}};
      azure.endpoint.open();

      const Ran ran = azure.apply({{"SCHEMAGATE_AZURE_IDENTITY", client_id}}, {"--allow-empty"});

      CHECK(ran.code == 69);
      CHECK(ran.err == "schemagate: the managed identity \"" + std::string{client_id} +
                           "\" gets no token: the endpoint answered " + status.substr(0, 3) +
                           ": No managed identity found\n  where  " + azure.endpoint.url() + "\n" + untouched +
                           "  next   see which identities are assigned, and name one of them in "
                           "SCHEMAGATE_AZURE_IDENTITY: system, or a client id\n"
                           "           az containerapp identity show --name APP --resource-group GROUP\n");
      CHECK(azure.endpoint.requests().size() == 1);
    }
  }

  TEST_CASE("a token that the server does not take is refused at once, with the statement that makes the role") {
    Azure azure{{Endpoint::token(long_token('b'))}};
    azure.expect(long_token('a'));
    azure.endpoint.open();

    const Ran ran = azure.apply({}, {"--allow-empty"});

    CHECK(ran.code == 69);
    CHECK(contains(ran.err, "password authentication failed for user \"" + azure.role + "\" (28P01)\n  where  " +
                                azure.place() + "\n" + untouched +
                                "  next   the role must be named as the identity is; as the server's Entra "
                                "administrator, in the database postgres:\n"
                                "           SELECT * FROM pgaadauth_create_principal('" +
                                azure.role + "', false, false)\n"));
  }

  TEST_CASE("without a managed identity nothing is contacted") {
    const Azure azure{{""}};

    for (const std::string name : {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"}) {
      const Ran ran = azure.apply({{name, ""}}, {"--allow-empty"});

      CHECK(ran.code == 78);
      CHECK(ran.err == "schemagate: no managed identity is assigned: " + name + " is not set\n" +
                           "  where  SCHEMAGATE_AZURE_IDENTITY\n" + not_contacted +
                           "  next   assign one, and give it a role in the database:\n"
                           "           az containerapp identity assign --system-assigned --name APP --resource-group "
                           "GROUP\n"
                           "         an init container has none in a Consumption-only environment; without an "
                           "identity, leave SCHEMAGATE_AZURE_IDENTITY out\n");
    }
  }

  TEST_CASE("an endpoint that is not plain http is refused") {
    const Azure azure{{""}};

    const Ran ran = azure.apply({{"IDENTITY_ENDPOINT", "https://localhost/msi/token"}}, {"--allow-empty"});

    CHECK(ran.code == 78);
    CHECK(ran.err ==
          std::string{"schemagate: IDENTITY_ENDPOINT is no address of an identity endpoint: it does not begin with "
                      "http://\n  where  IDENTITY_ENDPOINT\n"} +
              not_contacted + "  next   leave IDENTITY_ENDPOINT as the platform sets it\n");
  }

  TEST_CASE("a password beside the identity is refused") {
    const Azure azure{{""}};
    const auto check = [&](const Variables& variables, const std::string& what, const std::string& next) {
      const Ran ran = azure.apply(variables, {"--allow-empty"});
      CHECK(ran.code == 78);
      CHECK(ran.err == "schemagate: SCHEMAGATE_AZURE_IDENTITY is set and " + what +
                           ", and only one can be meant\n  where  SCHEMAGATE_AZURE_IDENTITY\n" + not_contacted +
                           "  next   " + next + "\n");
    };

    check({{"SCHEMAGATE_DATABASE_URL", azure.image.database.url()}}, "the database URL has a password",
          "take the password out of the URL: postgresql://ROLE@HOST:5432/DATABASE");
    check({{"PGPASSWORD", "word"}}, "so is PGPASSWORD", "remove PGPASSWORD, or SCHEMAGATE_AZURE_IDENTITY");
  }

  TEST_CASE("each try to connect asks for a token of its own") {
    Azure azure{{Endpoint::token("short")}};
    azure.endpoint.open();
    const Port closed;

    const Ran ran =
        azure.apply({{"SCHEMAGATE_DATABASE_URL", azure.url(closed.text())}}, {"--allow-empty", "--wait", "1s"});

    CHECK(ran.code == 69);
    CHECK(azure.endpoint.requests().size() > 2);
    CHECK(contains(ran.err, "port " + closed.text() + " failed: Connection refused\n"));
  }

  TEST_CASE("after a lost connection another token is asked for") {
    Azure azure{{Endpoint::token("first"), Endpoint::token("second")}};
    azure.expect("first");
    azure.endpoint.open();
    azure.image.migration("1_a", "ALTER ROLE CURRENT_USER PASSWORD 'second'; CREATE SEQUENCE tries")
        .migration("2_b", "SELECT pg_terminate_backend(pg_backend_pid()) WHERE nextval('tries') = 1");

    const Ran ran = azure.apply();

    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(contains(ran.err, "connecting again"));
    CHECK(azure.endpoint.requests().size() == 2);
  }

  TEST_CASE("the session that looks who is in the way has a token of its own") {
    Azure azure{{Endpoint::token("first"), Endpoint::token("second")}};
    azure.expect("first");
    azure.endpoint.open();
    azure.image.migration("1_a", "ALTER ROLE CURRENT_USER PASSWORD 'second'; CREATE TABLE a (id int)");
    REQUIRE(azure.apply().code == 0);
    azure.expect("first");
    azure.image.migration("2_b", "ALTER ROLE CURRENT_USER PASSWORD 'second'")
        .migration("3_c", "ALTER TABLE a ADD COLUMN b int");
    Endpoint again{{Endpoint::token("first"), Endpoint::token("second")}};
    again.open();
    Session session{azure.image.database.name()};
    session.value("BEGIN; SELECT FROM a");

    const Ran ran =
        azure.apply({{"IDENTITY_ENDPOINT", again.url()}}, {"--ddl-lock-timeout", "400ms", "--lock-wait", "600ms"});

    INFO(ran.err);
    CHECK(ran.code == 75);
    CHECK(contains(plain(ran.err), "waiting for a lock held by pid N, somebody (postgres)"));
    CHECK(again.requests().size() >= 2);
  }
}
