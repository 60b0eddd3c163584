#include <doctest/doctest.h>

#include <filesystem>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/process.hpp"

using namespace support;

namespace {

const std::string bundle = "/etc/ssl/certs/ca-certificates.crt";
const std::string not_contacted = "  state  the database was not contacted; the program was not started\n";
const std::string untouched = "  state  the database was not changed; the program was not started\n";
const std::string what_to_mount =
    "  next   put the certificate of the server's authority into the image and name it:\n"
    "           COPY --from=debian:bookworm-slim /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"
    "         or mount a file and add to the URL:  sslrootcert=/path/to/ca.pem\n";

std::string authority() { return server().at("SERVER_CA"); }
std::string port() { return server().at("SERVER_PORT"); }

/// The name in the certificate; its address given, so that nobody has to resolve it.
std::string url(const Database& database, const std::string& parameters) {
  return "postgresql://postgres:" + server().at("SERVER_PASSWORD") + "@localhost:" + port() + "/" + database.name() +
         "?hostaddr=127.0.0.1&application_name=tls&" + parameters;
}

std::string place(const Database& database) { return "postgres@localhost:" + port() + "/" + database.name(); }

Ran start(const Folder& folder, const std::string& url, const Variables& more = {}) {
  Variables variables = more;
  variables["SCHEMAGATE_DATABASE_URL"] = url;
  return support::schemagate({"apply", "--migrations", folder.path() + "/migrations"}, variables);
}

/// Where /etc holds nothing but what `setup` puts there.
Ran start_in_image(const std::string& setup, const Folder& folder, const std::string& url) {
  Ran ran = run(with_own_etc(setup, {binary(), "apply", "--migrations", folder.path() + "/migrations"}),
                {{"SCHEMAGATE_DATABASE_URL", url}});
  keep(ran);
  return ran;
}

std::string install(const std::string& certificate, const std::string& file) {
  return "mkdir -p $(dirname " + file + "); cp " + certificate + " " + file;
}

Folder& one_migration(Folder& folder) {
  return folder.migration("migrations/1_a",
                          "CREATE TABLE a AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
}

bool was_encrypted(const Database& database) { return database.value("SELECT ssl FROM a") == "t"; }

/// An authority that signed nothing here.
std::string other_authority(const Folder& folder) {
  std::string file = folder.path() + "/other.crt";
  const Ran ran = run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody else",
                       "-days", "2", "-keyout", folder.path() + "/other.key", "-out", file});
  REQUIRE(ran.code == 0);
  return file;
}

}  // namespace

TEST_SUITE("tls") {
  TEST_CASE("verify-full with the server's authority connects, encrypted") {
    const Database database;
    Folder folder;

    const Ran ran = start(one_migration(folder), url(database, "sslmode=verify-full&sslrootcert=" + authority()));

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(was_encrypted(database));
  }

  TEST_CASE("without any parameter the connection is encrypted where the server can") {
    const Database database;
    Folder folder;

    CHECK(start(one_migration(folder), database.url()).code == 0);
    CHECK(was_encrypted(database));
  }

  TEST_CASE("a certificate of another authority is refused at once") {
    const Database database;
    Folder folder;
    const std::string other = other_authority(one_migration(folder));

    const Ran ran = start(folder, url(database, "sslmode=verify-full&sslrootcert=" + other));

    CHECK(ran.code == 69);
    CHECK(ran.err ==
          "schemagate: the server refuses the connection: connection to server at \"127.0.0.1\", port " + port() +
              " failed: SSL error: certificate verify failed\n  where  " + place(database) + "\n" + untouched +
              "  next   name the authority that signed the server's certificate: sslrootcert=/path/to/ca.pem\n");
  }

  TEST_CASE("a host that the certificate does not name is refused at once") {
    const Database database;
    Folder folder;

    const Ran ran = start(one_migration(folder), database.url("?sslmode=verify-full&sslrootcert=" + authority()));

    CHECK(ran.code == 69);
    CHECK(
        ran.err ==
        "schemagate: the server refuses the connection: connection to server at \"127.0.0.1\", port " + port() +
            " failed: server certificate for \"localhost\" (and 1 other name) does not match host name \"127.0.0.1\"\n"
            "  where  " +
            database.place() + "\n" + untouched +
            "  next   write the host as the server's certificate names it; sslmode=verify-ca leaves out this "
            "comparison\n");
  }

  TEST_CASE("verify-ca does not compare the host") {
    const Database database;
    Folder folder;

    CHECK(start(one_migration(folder), database.url("?sslmode=verify-ca&sslrootcert=" + authority())).code == 0);
  }

  TEST_CASE("Prisma's sslaccept=strict with sslcert verifies by the authority beside the schema") {
    const Database database;
    Folder folder;
    one_migration(folder);
    std::filesystem::copy_file(authority(), folder.path() + "/ca.crt");

    const Ran right = start(folder, url(database, "sslaccept=strict&sslcert=ca.crt"));
    const Ran wrong = start(folder, database.url("?sslaccept=strict&sslcert=ca.crt"));

    CHECK_MESSAGE(right.code == 0, right.err);
    CHECK(was_encrypted(database));
    CHECK(wrong.code == 69);
    CHECK(wrong.err.find("does not match host name \"127.0.0.1\"") != std::string::npos);
  }

  TEST_CASE("the authority can be named by libpq's variables") {
    const Database database;
    Folder folder;
    const std::string other = other_authority(one_migration(folder));

    CHECK(start(folder, url(database, ""), {{"PGSSLMODE", "verify-full"}, {"PGSSLROOTCERT", other}}).code == 69);
    CHECK(start(folder, url(database, ""), {{"PGSSLMODE", "verify-full"}, {"PGSSLROOTCERT", authority()}}).code == 0);
  }

  TEST_CASE("sslrootcert that names a missing file is refused before connecting, also where libpq would not mind") {
    const Database database;
    Folder folder;
    one_migration(folder);
    const std::string missing = folder.path() + "/missing.crt";

    const std::string expected =
        "schemagate: the file of certificate authorities that sslrootcert names cannot be read\n  where  " + missing +
        "\n" + not_contacted + what_to_mount;

    for (const char* mode : {"verify-full", "require", "prefer"}) {
      const Ran ran = start(folder, url(database, "sslrootcert=" + missing + "&sslmode=" + mode));
      CHECK(ran.code == 78);
      CHECK(ran.err == expected);
    }
    CHECK(database.statements("tls").empty());
  }

  TEST_CASE("an image without certificate authorities is told what to mount") {
    const Database database;
    Folder folder;
    one_migration(folder);

    const std::string expected =
        "schemagate: sslmode=verify-full needs certificate authorities, and the image has none\n  where  " + bundle +
        ", /etc/pki/tls/certs/ca-bundle.crt, /etc/ssl/ca-bundle.pem, /etc/pki/tls/cacert.pem, "
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem, /etc/ssl/cert.pem, /etc/ssl/certs/ca-bundle.crt\n" +
        not_contacted + what_to_mount;

    for (const char* parameters :
         {"sslmode=verify-full", "sslmode=verify-full&sslrootcert=system", "sslrootcert=system"}) {
      const Ran ran = start_in_image("true", folder, url(database, parameters));
      CHECK(ran.code == 78);
      CHECK(ran.err == expected);
    }
    CHECK(database.statements("tls").empty());
  }

  TEST_CASE("the authorities of the image are found where each distribution has them") {
    Folder folder;
    one_migration(folder);

    for (const std::string& file :
         {bundle, std::string{"/etc/pki/tls/certs/ca-bundle.crt"}, std::string{"/etc/ssl/ca-bundle.pem"},
          std::string{"/etc/pki/tls/cacert.pem"}, std::string{"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"},
          std::string{"/etc/ssl/cert.pem"}, std::string{"/etc/ssl/certs/ca-bundle.crt"}}) {
      CAPTURE(file);
      const Database database;
      const std::string setup = install(authority(), file);
      const Ran ran = start_in_image(setup, folder, url(database, "sslmode=verify-full"));
      CHECK_MESSAGE(ran.code == 0, ran.err);
      CHECK(start_in_image(setup, folder, url(database, "sslrootcert=system")).code == 0);
      CHECK(was_encrypted(database));
    }
  }

  TEST_CASE("the authorities of the image refuse what they did not sign") {
    const Database database;
    Folder folder;
    const std::string other = other_authority(one_migration(folder));

    const Ran ran = start_in_image(install(other, bundle), folder, url(database, "sslmode=verify-full"));

    CHECK(ran.code == 69);
    CHECK(ran.err.find("certificate verify failed") != std::string::npos);
  }

  TEST_CASE("a role that TLS is required of is refused without it and accepted with it") {
    Database database;
    const std::string role = database.role("cautious", "IN ROLE tls");
    database.query("ALTER DATABASE " + database.name() + " OWNER TO " + role);
    Folder folder;
    one_migration(folder);

    CHECK(start(folder, database.url_as(role, "?sslmode=disable")).code == 69);
    CHECK(start(folder, database.url_as(role)).code == 0);
    CHECK(was_encrypted(database));
  }
}
