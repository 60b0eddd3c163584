#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <regex>
#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/plain.hpp"
#include "support/process.hpp"
#include "support/second_server.hpp"
#include "support/session.hpp"
#include "support/start.hpp"

using namespace support;

// The image around the binary, and what of it is a setting. Which files are opened at all: tests/release.
namespace {

constexpr const char* own = "SCHEMAGATE_DATABASE_URL";
const std::string untouched = "\n  state  the database was not changed; the program was not started\n";
const std::string not_contacted = "\n  state  the database was not contacted; the program was not started\n";

std::string authority() { return server().at("SERVER_CA"); }
std::string port() { return server().at("SERVER_PORT"); }
std::string password() { return server().at("SERVER_PASSWORD"); }

/// By the name that the certificate has.
std::string url(const Start& gate, const std::string& parameters, const std::string& secret = ":" + password()) {
  return "postgresql://postgres" + secret + "@localhost:" + port() + "/" + gate.database.name() +
         "?hostaddr=127.0.0.1&" + parameters;
}

/// What a program of that URL would find: it is asked of the server's own log of the session.
struct Seen : Start {
  [[nodiscard]] Ran ask(const Variables& variables) const {
    (void)database.query("DROP TABLE IF EXISTS seen, _prisma_migrations");
    Folder copy;
    copy.migration("1_a", "CREATE TABLE seen AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    return support::schemagate({"apply", "--migrations", copy.path()}, variables);
  }
  [[nodiscard]] bool encrypted() const { return database.value("SELECT ssl FROM seen") == "t"; }
};

std::string plain_lines(const Ran& ran) { return ran.err.substr(0, ran.err.find("schemagate: applied")); }

/// Another user's home: a file that is read there is the wrong one, and may not even be read.
struct HostileHome : Folder {
  HostileHome() {
    file(".postgresql/root.crt", "no certificate");
    file(".postgresql/root.crl", "no list");
    file(".postgresql/postgresql.crt", "no certificate");
    file(".postgresql/postgresql.key", "no key");
    ::chmod(file(".pgpass", "*:*:*:*:wrong").c_str(), 0600);
  }
};

/// A file that defines the service `here`.
struct Service : Folder {
  explicit Service(const std::string& lines) { file("pg_service.conf", "[there]\n[here]\n" + lines + "\n[last]\n"); }
  [[nodiscard]] Variables with(Variables variables) const {
    variables["PGSERVICEFILE"] = path() + "/pg_service.conf";
    return variables;
  }
};

std::string other_authority(const Folder& folder) {
  std::string file = folder.path() + "/other.crt";
  REQUIRE(run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody else", "-days", "2",
               "-keyout", folder.path() + "/other.key", "-out", file})
              .code == 0);
  return file;
}

/// Why TLS is not to be had; empty where it is.
std::string refuses_tls(const SecondServer& server) {
  schemagate::Keywords keywords = server.keywords();
  keywords.emplace_back("sslmode", "require");
  try {
    const Session session{keywords};
    return {};
  } catch (const std::runtime_error& refused) {
    const std::string text = refused.what();
    return text.find("pg_hba.conf") == std::string::npos ? "" : text;
  }
}

/// Where /etc holds a bundle that is `bundle`, and nothing else.
Ran in_image(const Start& gate, const std::string& bundle, const Variables& variables) {
  Ran ran = run(with_own_etc("mkdir -p /etc/ssl/certs; cp " + bundle + " /etc/ssl/certs/ca-certificates.crt",
                             {binary(), "verify", "--allow-empty", "--migrations", gate.folder.path()}),
                variables);
  keep(ran);
  return ran;
}

}  // namespace

TEST_SUITE("isolation: home") {
  TEST_CASE("nothing under HOME is read, whoever's it is") {
    const Seen gate;
    const HostileHome home;

    const std::string right = "&sslrootcert=" + authority();
    const std::vector<std::string> modes{"", "sslmode=prefer", "sslmode=require", "sslmode=verify-ca" + right,
                                         "sslmode=verify-full" + right};
    for (const std::string& mode : modes) {
      CAPTURE(mode);
      const Ran ran = gate.ask({{own, url(gate, mode)}, {"HOME", home.path()}});

      CHECK_MESSAGE(ran.code == 0, ran.err);
      CHECK(plain_lines(ran).empty());
      CHECK(gate.encrypted());
    }
  }

  TEST_CASE("a home that may not be entered changes nothing") {
    const Seen gate;
    const HostileHome home;
    ::chmod(home.path().c_str(), 0);
    ::chmod(gate.folder.path().c_str(), 0755);
    Running running{{binary(), "--migrations", gate.folder.path(), "--allow-empty", "--", "sh", "-c", "echo $HOME"},
                    {{own, url(gate, "sslmode=require")}, {"HOME", home.path()}},
                    [] {
                      if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(124);
                    }};

    const Ran ran = running.finish();
    ::chmod(home.path().c_str(), 0700);

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(ran.out == home.path() + "\n");
  }

  TEST_CASE("a password file under HOME is not read, and a refusal names the setting that has it read") {
    const Start gate;
    const HostileHome home;
    const std::string file = home.path() + "/.pgpass";
    const Variables asked{{own, url(gate, "sslmode=disable", "")}, {"HOME", home.path()}};

    const Ran ran = gate.start(asked);

    CHECK(ran.code == 69);
    CHECK(ran.err == "schemagate: the server refuses the connection: connection to server at \"127.0.0.1\", port " +
                         port() + " failed: fe_sendauth: no password supplied\n  where  postgres@localhost:" + port() +
                         "/" + gate.database.name() + untouched + "  next   " + file +
                         " is read where it is named: set PGPASSFILE=" + file + ", or put the password into the URL\n");
    home.file(".pgpass", "localhost:*:*:postgres:" + password());
    Variables named = asked;
    named["PGPASSFILE"] = file;
    CHECK(gate.accepts(named));
  }

  TEST_CASE("the file of services under HOME is read for who names a service") {
    const Start gate;
    const HostileHome home;
    home.file(".pg_service.conf", "[here]\nhost=127.0.0.1\nport=" + port() + "\nuser=postgres\npassword=" + password() +
                                      "\ndbname=" + gate.database.name() + "\n");

    CHECK(gate.accepts({{"PGSERVICE", "here"}, {"HOME", home.path()}}));
    CHECK(gate.accepts({{own, "postgresql:///?service=here"}, {"HOME", home.path()}}));
    CHECK(gate.accepts({{own, "service=here"}, {"HOME", home.path()}}));
    CHECK(gate.accepts({{own, gate.database.url()}, {"HOME", home.path()}, {"PGSERVICEFILE", "/nonexistent"}}));
  }
}

TEST_SUITE("isolation: services") {
  TEST_CASE("a service fills in what the URL leaves out, and comes before the environment") {
    const Start gate;
    const Service service{"user=postgres\npassword=" + password() + "\ndbname=" + gate.database.name()};
    const std::string beside = "postgresql://127.0.0.1:" + port() + "/" + gate.database.name() + "?service=here";

    CHECK(gate.accepts(service.with({{own, beside}})));
    CHECK(gate.accepts(service.with({{own, gate.database.url()}, {"PGSERVICE", "here"}})));
    CHECK(gate.accepts(service.with(
        {{own, "service=here host=127.0.0.1 port=" + port()}, {"PGUSER", "nobody"}, {"PGDATABASE", "none"}})));
    CHECK(gate.accepts(
        {{"PGSERVICE", "here"}, {"PGSYSCONFDIR", service.path()}, {"PGHOST", "127.0.0.1"}, {"PGPORT", port()}}));
    CHECK_FALSE(gate.accepts(service.with({{own, "service=here dbname=none host=127.0.0.1 port=" + port()}})));
  }

  TEST_CASE("a service is read as a URL is: capitals, several hosts, the image's authorities") {
    const Start gate;
    const std::string rest = "\nuser=postgres\npassword=" + password() + "\ndbname=" + gate.database.name() + "\n";
    const std::string hosts = "hostaddr=127.0.0.1,127.0.0.1\nhost=localhost,localhost\nport=1," + port() + rest;
    const Service full{hosts + "sslmode=Verify-Full"};
    const Service plain{hosts + "sslmode=disable"};
    Folder folder;

    CHECK(in_image(gate, authority(), full.with({{"PGSERVICE", "here"}})).code == 0);
    CHECK(in_image(gate, other_authority(folder), full.with({{"PGSERVICE", "here"}})).code == 69);
    const Ran ran = gate.start(plain.with({{"PGSERVICE", "here"}}));
    CHECK(ran.code == 0);
    CHECK(ran.err == "schemagate: up to date: 0 migrations applied; starting true\n");
  }

  TEST_CASE("a service that cannot be used is refused, and what it says is not told") {
    const Start gate;
    const auto refusal = [&gate](const std::string& lines) {
      const Service service{lines};
      const Ran ran = gate.start(service.with({{"PGSERVICE", "here"}}));
      CHECK(ran.code == 78);
      return std::regex_replace(ran.err, std::regex{service.path()}, "HOME");
    };

    CHECK(refusal("sslcert=/c\nsslkey=s3cret:key") ==
          "schemagate: the service cannot be used: sslkey names an engine of OpenSSL, which this binary cannot load\n"
          "  where  HOME/pg_service.conf" +
              not_contacted + "  next   put the key into a file, in PEM, and name that\n");
    const std::string unreadable =
        "schemagate: a line of the service file cannot be read\n  where  HOME/pg_service.conf:4" + not_contacted +
        "  next   write libpq's keywords, one a line, without blanks around the =:  host=db.example.com\n";
    for (const char* line : {"s3cret", "s3cret=s3cret", "host = s3cret", "service=s3cret", "=s3cret"})
      CHECK_MESSAGE(refusal("# a comment\n" + std::string{line}) == unreadable, line);
  }

  TEST_CASE("a service that is nowhere is refused at once, and told where it was looked for") {
    const Start gate;
    const Service service{"host=127.0.0.1"};
    const auto expected = [](const std::string& where) {
      return "schemagate: the service that is named is in no file that is read\n  where  " + where + not_contacted +
             "  next   write its lines below [NAME] there, or name the file that has them in PGSERVICEFILE\n";
    };

    CHECK(gate.start(service.with({{"PGSERVICE", "nowhere"}})).err == expected(service.path() + "/pg_service.conf"));
    CHECK(
        gate.start({{own, gate.database.url("?service=nowhere")}, {"HOME", "/nonexistent"}, {"PGSYSCONFDIR", "/none"}})
            .err == expected("/nonexistent/.pg_service.conf, /none/pg_service.conf"));
    CHECK(gate.start({{"PGSERVICE", "nowhere"}}).err == expected("service or PGSERVICE"));
  }
}

TEST_SUITE("isolation: variables") {
  TEST_CASE("what libraries are not shown, the programs that are started are given") {
    const Start gate;
    const Folder seen;
    const std::string show = R"(printf '%s|%s|%s|%s' "$HOME" "$TZ" "$LOCPATH" "${PGTZ-unset}")";
    const Variables given{
        {"SCHEMAGATE_DATABASE_URL_COMMAND", show + " >" + seen.path() + "/command; echo '" + gate.database.url() + "'"},
        {"HOME", "/h"},
        {"TZ", "Europe/Paris"},
        {"LOCPATH", "/l"},
        {"PGTZ", ""}};

    const Ran program = gate.start(given, {"sh", "-c", show});
    const Ran hook = support::schemagate(
        {"apply", "--allow-empty", "--migrations", gate.folder.path(), "--before", show + " >" + seen.path() + "/hook"},
        given);

    CHECK_MESSAGE(program.code == 0, program.err);
    CHECK_MESSAGE(hook.code == 0, hook.err);
    CHECK(program.out == "/h|Europe/Paris|/l|");
    for (const char* name : {"command", "hook"})
      CHECK(run({"cat", seen.path() + "/" + name}).out == "/h|Europe/Paris|/l|");
  }

  TEST_CASE("an empty variable of libpq is none") {
    const Start gate;

    for (const char* name : {"PGSSLMODE", "PGCHANNELBINDING", "PGTARGETSESSIONATTRS", "PGGSSENCMODE", "PGSERVICE",
                             "PGTZ", "PGGEQO", "PGSSLKEY", "PGPORT"}) {
      const Ran ran = gate.start({{own, gate.database.url()}, {name, ""}});
      CHECK_MESSAGE(ran.code == 0, ran.err);
    }
  }
}

TEST_SUITE("isolation: users") {
  TEST_CASE("without a user in the URL it is the one that /etc/passwd gives, whatever NSS is told") {
    const Start gate;
    const std::string passwd =
        "echo postgres:x:$(id -u):0::/:/bin/sh >/etc/passwd; echo 'passwd: compat sss' "
        ">/etc/nsswitch.conf";
    const Ran named =
        run(with_own_etc(passwd, {binary(), "verify", "--allow-empty", "--migrations", gate.folder.path()}),
            {{own, "postgresql://127.0.0.1:" + port() + "/" + gate.database.name()}, {"PGPASSWORD", password()}});
    const Ran nobody =
        run(with_own_etc("true", {binary(), "verify", "--allow-empty", "--migrations", gate.folder.path()}),
            {{own, "postgresql://127.0.0.1:" + port() + "/x"}});

    CHECK_MESSAGE(named.code == 0, named.err);
    CHECK(nobody.code == 78);
    CHECK(nobody.err == "schemagate: no user is named, and uid 0 has no name in /etc/passwd\n  where  127.0.0.1:" +
                            port() + "/x" + not_contacted + "  next   name the user in the URL, or set PGUSER\n");
  }
}

TEST_SUITE("isolation: TLS") {
  TEST_CASE("a handshake that fails under prefer is told, in one line") {
    const Seen gate;
    Folder folder;
    const std::string other = other_authority(folder);

    const Ran ran = gate.ask({{own, url(gate, "sslmode=prefer&sslrootcert=" + other)}});

    CHECK(ran.code == 0);
    CHECK_FALSE(gate.encrypted());
    CHECK(plain_lines(ran) ==
          "schemagate: warning: the connection to postgres@localhost:" + port() + "/" + gate.database.name() +
              " is not encrypted: the server offers TLS, and the handshake failed: SSL error: certificate verify "
              "failed; sslmode=require refuses this\n");
  }

  TEST_CASE("under prefer, a server without TLS is not told of, nor one that refuses it to us") {
    const SecondServer server;
    const Folder folder;
    const auto is_plain = [&server] {
      return Session{server.keywords()}.value("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "f";
    };
    const auto start = [&server, &folder] {
      return support::schemagate({"verify", "--allow-empty", "--migrations", folder.path()},
                                 {{own, server.url() + "?sslmode=prefer"}});
    };
    const std::string quiet = "schemagate: up to date: 0 migrations applied\n";
    REQUIRE_FALSE(is_plain());

    Session{server.keywords()}.value("ALTER SYSTEM SET ssl = off");
    Session{server.keywords()}.value("SELECT pg_reload_conf()");
    REQUIRE(eventually(is_plain));
    CHECK(start().err == quiet);

    Session{server.keywords()}.value("ALTER SYSTEM SET ssl = on");
    const std::string rules = server.at("SERVER_DATA") + "/pg_hba.conf";
    REQUIRE(run({"sed", "-i", "1i hostssl all all all reject", rules}).code == 0);
    REQUIRE(run({"chmod", "a+r", rules}).code == 0);
    Session{server.keywords()}.value("SELECT pg_reload_conf()");
    REQUIRE(eventually([&] { return !refuses_tls(server).empty(); }));
    CHECK(start().err == quiet);
  }

  TEST_CASE("PGSSLMODE is read as node-postgres reads it, and any other is refused and not told again") {
    const Seen gate;

    for (const char* mode : {"no-verify", "Require", "REQUIRE", "require"}) {
      CAPTURE(mode);
      CHECK(gate.ask({{own, url(gate, "")}, {"PGSSLMODE", mode}}).code == 0);
      CHECK(gate.encrypted());
    }
    CHECK(gate.ask({{own, url(gate, "")}, {"PGSSLMODE", "Disable"}}).code == 0);
    CHECK_FALSE(gate.encrypted());
    CHECK(gate.ask({{own, url(gate, "")}, {"PGSSLMODE", "s3cret"}}).err ==
          "schemagate: PGSSLMODE cannot be used: sslmode has a value that does not exist\n  where  PGSSLMODE" +
              not_contacted + "  next   write sslmode=disable, allow, prefer, require, verify-ca or verify-full\n");
  }

  TEST_CASE("SSL_CERT_FILE is the bundle, SSL_CERT_DIR and NODE_EXTRA_CA_CERTS add to it") {
    const Start gate;
    Folder folder;
    const std::string other = other_authority(folder);
    const std::string& right = authority();
    Folder certificates;
    certificates.file("README", "no certificate");
    REQUIRE(run({"ln", "-s", right, certificates.path() + "/0a1b2c3d.0"}).code == 0);
    const Variables full{{own, url(gate, "sslmode=verify-full")}};
    const auto with = [&full](const std::string& name, const std::string& value) {
      Variables all = full;
      all[name] = value;
      return all;
    };

    CHECK(in_image(gate, right, full).code == 0);
    CHECK(in_image(gate, other, full).code == 69);
    CHECK(in_image(gate, other, with("SSL_CERT_FILE", right)).code == 0);
    CHECK(in_image(gate, right, with("SSL_CERT_FILE", other)).code == 69);
    CHECK(in_image(gate, other, with("NIX_SSL_CERT_FILE", right)).code == 0);
    CHECK(in_image(gate, other, with("SSL_CERT_DIR", "/nonexistent:" + certificates.path())).code == 0);
    CHECK(in_image(gate, right, with("SSL_CERT_DIR", "/nonexistent")).code == 0);
    CHECK(in_image(gate, other, with("NODE_EXTRA_CA_CERTS", right)).code == 0);
    CHECK(in_image(gate, right, with("NODE_EXTRA_CA_CERTS", other)).code == 0);
  }

  TEST_CASE("a bundle that is named and missing is refused, an addition that is missing is told") {
    const Start gate;
    const std::string mode = "sslmode=verify-full";

    const Ran bundle = in_image(gate, authority(), {{own, url(gate, mode)}, {"SSL_CERT_FILE", "/nonexistent.pem"}});
    const Ran extra =
        in_image(gate, authority(), {{own, url(gate, mode)}, {"NODE_EXTRA_CA_CERTS", "/nonexistent.pem"}});

    CHECK(bundle.code == 78);
    CHECK(bundle.err ==
          "schemagate: the file of certificate authorities that SSL_CERT_FILE names cannot be read\n"
          "  where  /nonexistent.pem" +
              not_contacted +
              "  next   put the certificate of the server's authority into the image and name it:\n"
              "           COPY --from=debian:bookworm-slim /etc/ssl/certs/ca-certificates.crt "
              "/etc/ssl/certs/\n"
              "         or mount a file and add to the URL:  sslrootcert=/path/to/ca.pem\n");
    CHECK(extra.code == 0);
    CHECK(
        extra.err.starts_with("schemagate: warning: the file that NODE_EXTRA_CA_CERTS names cannot be read and is "
                              "left out: /nonexistent.pem\n"));
  }
}
