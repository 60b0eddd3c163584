#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/namespace.hpp"
#include "support/plain.hpp"
#include "support/port.hpp"
#include "support/process.hpp"
#include "support/second_server.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

Folder& one_migration(Folder& folder) { return folder.migration("1_a", "CREATE TABLE a (id int)"); }

std::string url_to(const std::string& hosts, const std::string& database = "postgres", const std::string& rest = "") {
  return "postgresql://postgres:" + server().at("SERVER_PASSWORD") + "@" + hosts + "/" + database + rest;
}

std::string real_port() { return server().at("SERVER_PORT"); }

std::unique_ptr<Running> begin(const Folder& folder, const std::string& url, std::vector<std::string> options = {}) {
  std::vector<std::string> command{binary(), "apply", "--migrations", folder.path()};
  command.insert(command.end(), options.begin(), options.end());
  return std::make_unique<Running>(command, Variables{{"SCHEMAGATE_DATABASE_URL", url}});
}

Ran end(Running& running) {
  Ran ran = running.finish();
  keep(ran);
  return ran;
}

Ran start(const Folder& folder, const std::string& url, const std::vector<std::string>& options = {}) {
  return end(*begin(folder, url, options));
}

const std::string migrated = "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n";

std::string waiting(const std::string& place, const std::string& error) {
  return "schemagate: waiting for " + place + " (up to T more): " + error + "\n";
}

std::string at_port(const std::string& port) {
  return "connection to server at \"127.0.0.1\", port " + port + " failed: ";
}

std::string check_server(const std::string& setting) {
  return "  next   check that the server runs and that host, port and firewall are right; to wait longer, raise " +
         setting + "\n";
}

const std::string untouched = "  state  the database was not changed; the program was not started\n";

}  // namespace

TEST_SUITE("connect") {
  TEST_CASE("a server that comes up later is waited for, told in one line") {
    const SecondServer late;
    late.down();
    Folder folder;
    const auto running = begin(one_migration(folder), late.url());
    REQUIRE(running->wait_for("waiting for"));

    late.up();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == waiting(late.place(), at_port(late.at("SERVER_PORT")) + "Connection refused") + migrated);
  }

  TEST_CASE("a server that is starting up is waited for") {
    const SecondServer slow;
    slow.down();
    const std::string hold = slow.hold_start();
    slow.up();
    REQUIRE(eventually([&] {
      const Folder none;
      return start(none, slow.url(), {"--wait", "0s", "--allow-empty"}).err.find("57P03") != std::string::npos;
    }));
    Folder folder;
    const auto running = begin(one_migration(folder), slow.url());
    REQUIRE(running->wait_for("waiting for"));

    std::filesystem::remove(hold);
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) ==
          waiting(slow.place(), at_port(slow.at("SERVER_PORT")) + "FATAL: the database system is starting up (57P03)") +
              migrated);
  }

  TEST_CASE("a server that is shutting down is waited for until it is back") {
    const SecondServer restarting;
    std::optional<Session> last{restarting.keywords()};
    Running down{{SCHEMAGATE_SOURCE "/tests/server", "down", restarting.folder()}, {}};
    REQUIRE(eventually([&] {
      const Folder none;
      return start(none, restarting.url(), {"--wait", "0s", "--allow-empty"}).err.find("57P03") != std::string::npos;
    }));
    Folder folder;
    const auto running = begin(one_migration(folder), restarting.url());
    REQUIRE(running->wait_for("waiting for"));

    last.reset();
    CHECK(down.finish().code == 0);
    restarting.up();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == waiting(restarting.place(), at_port(restarting.at("SERVER_PORT")) +
                                                            "FATAL: the database system is shutting down (57P03)") +
                                migrated);
  }

  TEST_CASE("a server without a free connection is waited for") {
    Database database;
    const std::string role = database.role("few", "CONNECTION LIMIT 1");
    database.query("ALTER DATABASE " + database.name() + " OWNER TO " + role);
    std::optional<Session> only{std::in_place, database.name(), role};
    Folder folder;
    const auto running = begin(one_migration(folder), database.url_as(role));
    REQUIRE(running->wait_for("waiting for"));

    only.reset();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) ==
          waiting(role + "@127.0.0.1:" + real_port() + "/" + database.name(),
                  at_port(real_port()) + "FATAL: too many connections for role \"" + role + "\" (53300)") +
              migrated);
  }

  TEST_CASE("a name that appears later is found, because every try asks anew") {
    const Database database;
    Folder folder;
    one_migration(folder);
    const std::string hosts = folder.file("hosts", "127.0.0.1 localhost\n");
    Running running{with_own_etc("touch /etc/hosts; mount --bind " + hosts + " /etc/hosts",
                                 {binary(), "apply", "--migrations", folder.path()}),
                    {{"SCHEMAGATE_DATABASE_URL", url_to("db.invalid:" + real_port(), database.name())}}};
    REQUIRE(running.wait_for("waiting for"));

    folder.file("hosts", "127.0.0.1 localhost db.invalid\n");
    const Ran ran = end(running);

    CHECK(ran.code == 0);
    CHECK(ran.err.find("the host name \"db.invalid\" cannot be resolved: ") != std::string::npos);
    CHECK(ran.err.ends_with("schemagate: migrated: 1 migration applied\n"));
  }

  TEST_CASE("a port that refuses is given up after --wait, naming the last error") {
    const Port closed;
    const Folder folder;

    Ran ran;
    const double took = seconds([&] {
      ran = start(folder, url_to("127.0.0.1:" + closed.text()), {"--allow-empty", "--wait", "1s"});
    });

    const std::string place = "postgres@127.0.0.1:" + closed.text() + "/postgres";
    const std::string error = at_port(closed.text()) + "Connection refused";
    CHECK(ran.code == 69);
    CHECK(plain(ran.err) == waiting(place, error) + "schemagate: no connection within 1.0 s; last error: " + error +
                                "\n  where  " + place + "\n" + untouched + check_server("--wait (SCHEMAGATE_WAIT)"));
    CHECK(took >= 1);
    CHECK(took < 3);
  }

  TEST_CASE("--wait 0s tries once") {
    const Port closed;
    const Folder folder;

    const Ran ran = start(folder, url_to("127.0.0.1:" + closed.text()), {"--allow-empty", "--wait", "0s"});

    CHECK(ran.code == 69);
    CHECK(ran.err == "schemagate: no connection at the first try; last error: " + at_port(closed.text()) +
                         "Connection refused\n  where  postgres@127.0.0.1:" + closed.text() + "/postgres\n" +
                         untouched + check_server("--wait (SCHEMAGATE_WAIT)"));
  }

  TEST_CASE("--wait 0s is enough for a server that answers") {
    const Database database;
    Folder folder;

    CHECK(start(one_migration(folder), database.url(), {"--wait", "0s"}).code == 0);
  }

  TEST_CASE("a silent server has connect_timeout for every try, and every 10 s the log says that we wait") {
    const Port silent;
    silent.listen();
    const Folder folder;

    Ran ran;
    const double took = seconds([&] {
      ran = start(folder, url_to("127.0.0.1:" + silent.text(), "postgres", "?connect_timeout=1"),
                  {"--allow-empty", "--wait", "13s"});
    });

    const std::string place = "postgres@127.0.0.1:" + silent.text() + "/postgres";
    const std::string error = at_port(silent.text()) + "no answer";
    CHECK(ran.code == 69);
    CHECK(plain(ran.err) == waiting(place, error) + waiting(place, error) +
                                "schemagate: no connection within 13.0 s; last error: " + error + "\n  where  " +
                                place + "\n" + untouched + check_server("--wait (SCHEMAGATE_WAIT)"));
    CHECK(took >= 13);
    CHECK(took < 15);
  }

  TEST_CASE("a silent server does not outlast --wait") {
    const Port silent;
    silent.listen();
    const Folder folder;

    const double took = seconds([&] {
      CHECK(start(folder, url_to("127.0.0.1:" + silent.text()), {"--allow-empty", "--wait", "500ms"}).code == 69);
    });

    CHECK(took < 2);
  }

  TEST_CASE("of several hosts, those that refuse or are silent are passed over") {
    const Database database;
    const Port closed;
    const Port silent;
    silent.listen();
    Folder folder;

    const Ran ran = start(one_migration(folder), url_to("127.0.0.1:" + closed.text() + ",127.0.0.1:" + silent.text() +
                                                            ",127.0.0.1:" + real_port(),
                                                        database.name(), "?connect_timeout=1"));

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == migrated);
  }

  TEST_CASE("of several hosts that all fail, each one's error is told") {
    const Port one;
    const Port two;
    const Folder folder;

    const Ran ran = start(folder, url_to("127.0.0.1:" + one.text() + ",127.0.0.1:" + two.text()),
                          {"--allow-empty", "--wait", "0s"});

    CHECK(ran.code == 69);
    CHECK(ran.err.starts_with("schemagate: no connection at the first try; last error: " + at_port(one.text()) +
                              "Connection refused; " + at_port(two.text()) + "Connection refused\n"));
  }

  TEST_CASE("--deadline ends waiting for the server") {
    const Port closed;
    const Folder folder;

    const Ran ran = start(folder, url_to("127.0.0.1:" + closed.text()), {"--allow-empty", "--deadline", "1s"});

    const std::string place = "postgres@127.0.0.1:" + closed.text() + "/postgres";
    const std::string error = at_port(closed.text()) + "Connection refused";
    CHECK(ran.code == 69);
    CHECK(plain(ran.err) == waiting(place, error) +
                                "schemagate: no connection before --deadline; last error: " + error + "\n  where  " +
                                place + "\n" + untouched + check_server("--deadline (SCHEMAGATE_DEADLINE)"));
  }

  TEST_CASE("--deadline ends the first try at a silent server") {
    const Port silent;
    silent.listen();
    const Folder folder;

    const Ran ran = start(folder, url_to("127.0.0.1:" + silent.text()), {"--allow-empty", "--deadline", "500ms"});

    CHECK(ran.code == 69);
    CHECK(ran.err ==
          "schemagate: no connection before --deadline; last error: none, the first try was under way\n"
          "  where  postgres@127.0.0.1:" +
              silent.text() + "/postgres\n" + untouched + check_server("--deadline (SCHEMAGATE_DEADLINE)"));
  }

  TEST_CASE("a wrong password is refused at once") {
    const Database database;
    const Folder folder;

    const Ran ran = start(folder, "postgresql://postgres:wrong@127.0.0.1:" + real_port() + "/" + database.name(),
                          {"--allow-empty"});

    CHECK(ran.code == 69);
    CHECK(ran.err == "schemagate: the server refuses the connection: " + at_port(real_port()) +
                         "FATAL: password authentication failed for user \"postgres\" (28P01)\n"
                         "  where  " +
                         database.place() + "\n" + untouched + "  next   correct user or password in the URL\n");
  }

  TEST_CASE("a URL without the password that the server wants is refused at once") {
    const Database database;
    const Folder folder;

    const Ran ran =
        start(folder, "postgresql://postgres@127.0.0.1:" + real_port() + "/" + database.name(), {"--allow-empty"});

    CHECK(ran.code == 69);
    CHECK(ran.err == "schemagate: the server refuses the connection: " + at_port(real_port()) +
                         "fe_sendauth: no password supplied\n  where  " + database.place() + "\n" + untouched +
                         "  next   put the password into the URL, or mount it and set PGPASSFILE\n");
  }

  TEST_CASE("a role that pg_hba.conf rejects is refused at once") {
    Database database;
    const std::string role = database.role("cautious", "IN ROLE tls");
    const Folder folder;

    const Ran ran = start(folder, database.url_as(role, "?sslmode=disable"), {"--allow-empty"});

    CHECK(ran.code == 69);
    CHECK(ran.err == "schemagate: the server refuses the connection: " + at_port(real_port()) +
                         "FATAL: pg_hba.conf rejects connection for host \"127.0.0.1\", user \"" + role +
                         "\", database \"" + database.name() + "\", no encryption (28000)\n  where  " + role +
                         "@127.0.0.1:" + real_port() + "/" + database.name() + "\n" + untouched +
                         "  next   allow this role and address in pg_hba.conf (a managed server: in its firewall); "
                         "where it says \"no encryption\", write sslmode=require\n");
  }

  TEST_CASE("what pg_hba.conf says to the second try, without TLS, does not hide the first answer") {
    Database database;
    const std::string role = database.role("cautious", "IN ROLE tls");
    const Folder folder;

    const Ran ran = start(folder, "postgresql://" + role + ":wrong@127.0.0.1:" + real_port() + "/" + database.name(),
                          {"--allow-empty"});

    CHECK(ran.code == 69);
    CHECK(ran.err.starts_with("schemagate: the server refuses the connection: " + at_port(real_port()) +
                              "FATAL: password authentication failed for user \"" + role + "\" (28P01)\n  where"));
  }

  TEST_CASE("a database that does not exist is refused at once, naming the switch that creates it") {
    const Folder folder;

    const Ran ran = start(folder, url_to("127.0.0.1:" + real_port(), "no_such"), {"--allow-empty"});

    CHECK(ran.code == 69);
    CHECK(ran.err ==
          "schemagate: the database does not exist: " + at_port(real_port()) +
              "FATAL: database \"no_such\" does not exist (3D000)\n  where  postgres@127.0.0.1:" + real_port() +
              "/no_such\n  state  there is no such database; the program was not started\n"
              "  next   correct the name in the URL; to have it created, say --create-database "
              "(SCHEMAGATE_CREATE_DATABASE=1)\n");
  }

  TEST_CASE("--create-database creates it, and the second start finds it") {
    Database database;
    const std::string role = database.role("owner", "CREATEDB");
    const std::string name = database.name() + " \"new\"";
    const std::string url = "postgresql://" + role + ":" + server().at("SERVER_PASSWORD") +
                            "@127.0.0.1:" + real_port() + "/" + database.name() + "%20%22new%22";
    Folder folder;
    one_migration(folder);

    const Ran first = start(folder, url, {"--create-database"});
    const Ran second = start(folder, url, {"--create-database"});
    database.query("DROP DATABASE \"" + database.name() + R"( ""new""")");

    CHECK(first.code == 0);
    CHECK(plain(first.err) == "schemagate: created the database \"" + name + "\"\n" + migrated);
    CHECK(second.code == 0);
    CHECK(second.err == "schemagate: up to date: 1 migration applied\n");
  }

  TEST_CASE("several replicas create one database, and each of them starts") {
    const Database database;
    const std::string name = database.name() + "_new";
    Folder folder;
    one_migration(folder);

    std::vector<std::unique_ptr<Running>> replicas;
    replicas.reserve(5);
    for (int i = 0; i < 5; ++i)
      replicas.push_back(begin(folder, url_to("127.0.0.1:" + real_port(), name), {"--create-database"}));
    int created = 0;
    int applied = 0;
    for (const auto& replica : replicas) {
      const Ran ran = end(*replica);
      CHECK_MESSAGE(ran.code == 0, ran.err);
      created += ran.err.find("created the database") == std::string::npos ? 0 : 1;
      applied += ran.err.find("applied 1_a") == std::string::npos ? 0 : 1;
    }
    database.query("DROP DATABASE " + name);

    CHECK(created == 1);
    CHECK(applied == 1);
  }

  TEST_CASE("--create-database without the right to is refused") {
    Database database;
    const std::string role = database.role("plain");
    const Folder folder;

    const Ran ran =
        start(folder,
              "postgresql://" + role + ":" + server().at("SERVER_PASSWORD") + "@127.0.0.1:" + real_port() + "/no_such",
              {"--allow-empty", "--create-database"});

    CHECK(ran.code == 77);
    CHECK(ran.err ==
          "schemagate: the database \"no_such\" does not exist and the role may not create it: permission "
          "denied to create database (42501)\n  where  " +
              role + "@127.0.0.1:" + real_port() + "/no_such\n" + untouched +
              "  next   as a superuser:  CREATE DATABASE \"no_such\" OWNER \"" + role + "\"\n");
  }

  TEST_CASE("a role without the right to connect is refused, with the GRANT that it lacks") {
    Database database;
    const std::string role = database.role("stranger");
    database.query("REVOKE CONNECT ON DATABASE " + database.name() + " FROM PUBLIC");
    const Folder folder;

    const Ran ran = start(folder, database.url_as(role), {"--allow-empty"});

    CHECK(ran.code == 77);
    CHECK(ran.err == "schemagate: the role may not connect: " + at_port(real_port()) +
                         "FATAL: permission denied for database \"" + database.name() +
                         "\" (42501); DETAIL: User does not have CONNECT privilege.\n  where  " + role +
                         "@127.0.0.1:" + real_port() + "/" + database.name() + "\n" + untouched +
                         "  next   as the owner of the database:  GRANT CONNECT ON DATABASE \"" + database.name() +
                         "\" TO \"" + role + "\"\n");
  }

  TEST_CASE("PG variables alone name the database") {
    const Database database;
    Folder folder;
    one_migration(folder);
    const Variables variables{{"PGHOST", "127.0.0.1"},
                              {"PGPORT", real_port()},
                              {"PGUSER", "postgres"},
                              {"PGPASSWORD", server().at("SERVER_PASSWORD")},
                              {"PGDATABASE", database.name()}};

    const Ran ran = support::schemagate({"apply", "--migrations", folder.path()}, variables);

    CHECK(ran.code == 0);
    CHECK(database.history().size() == 1);
  }

  TEST_CASE("a key=value string and every form of a Unix socket connect") {
    const Database database;
    const std::string& socket = server().at("SERVER_SOCKET");
    const std::string& password = server().at("SERVER_PASSWORD");
    const std::string rest =
        " port=" + real_port() + " user=postgres password=" + password + " dbname=" + database.name();
    std::string encoded;
    for (const char c : socket) c == '/' ? encoded.append("%2F") : encoded.append(1, c);
    Folder folder;
    one_migration(folder);

    const std::vector<std::string> urls{"host=127.0.0.1" + rest, "host=" + socket + rest,
                                        url_to("localhost:" + real_port(), database.name(), "?host=" + socket),
                                        url_to("localhost:" + real_port(), database.name(), "?host=" + encoded),
                                        url_to(encoded + ":" + real_port(), database.name())};
    for (const std::string& url : urls) {
      const Ran ran = start(folder, url);
      CHECK_MESSAGE(ran.code == 0, ran.err);
    }
  }

  TEST_CASE("a socket that is not there yet is waited for") {
    const Folder folder;

    const Ran ran =
        start(folder, "host=" + folder.path() + " user=postgres dbname=postgres", {"--allow-empty", "--wait", "0s"});

    CHECK(ran.code == 69);
    CHECK(ran.err == "schemagate: no connection at the first try; last error: connection to server on socket \"" +
                         folder.path() + "/.s.PGSQL.5432\" failed: No such file or directory\n  where  postgres@[" +
                         folder.path() + "]/postgres\n" + untouched + check_server("--wait (SCHEMAGATE_WAIT)"));
  }
}
