#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <thread>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/plain.hpp"
#include "support/port.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

/// A pgbouncer before the tests' server.
class Pooler {
 public:
  Pooler(const std::string& mode, int size, const std::string& more = "") {
    folder_.file("users", R"("postgres" ")" + server().at("SERVER_PASSWORD") + "\"\n");
    const std::string settings = folder_.file(
        "pgbouncer.ini", "[databases]\n* = host=127.0.0.1 port=" + server().at("SERVER_PORT") +
                             "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nunix_socket_dir =\nauth_type = scram-sha-256\n"
                             "auth_file = " +
                             folder_.path() + "/users\npool_mode = " + mode + "\ndefault_pool_size = " +
                             std::to_string(size) + "\nlisten_port = " + port() + "\n" + more);
    ::chmod(folder_.path().c_str(), 0755);
    // It refuses to run as root.
    std::vector<std::string> command{"/usr/sbin/pgbouncer", settings};
    if (::getuid() == 0)
      command.insert(command.begin(), {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"});
    process_ = std::make_unique<Running>(command, Variables{});
    REQUIRE(process_->wait_for("process up"));
  }

  [[nodiscard]] const std::string& port() const { return port_; }
  [[nodiscard]] std::string url(const Database& database) const {
    return "postgresql://postgres:" + server().at("SERVER_PASSWORD") + "@127.0.0.1:" + port() + "/" + database.name();
  }
  [[nodiscard]] std::string place(const Database& database) const {
    return "postgres@127.0.0.1:" + port() + "/" + database.name();
  }
  [[nodiscard]] schemagate::Keywords keywords(const Database& database) const {
    return {{"host", "127.0.0.1"},
            {"port", port()},
            {"user", "postgres"},
            {"password", server().at("SERVER_PASSWORD")},
            {"dbname", database.name()}};
  }

 private:
  Folder folder_;
  std::string port_ = Port{}.text();
  std::unique_ptr<Running> process_;
};

/// Clients that keep a pooler's backends changing hands.
class Traffic {
 public:
  Traffic(const Pooler& pooler, const Database& database, int clients, const std::string& busy_for = "0.002") {
    const std::string sql = "SELECT pg_sleep(" + busy_for + ")";
    for (int i = 0; i < clients; ++i)
      threads_.emplace_back([this, sql, keywords = pooler.keywords(database)] { ask(keywords, sql); });
  }
  ~Traffic() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

 private:
  void ask(const schemagate::Keywords& keywords, const std::string& sql) {
    Session session{keywords};
    while (!stop_) session.value(sql);
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

Folder& one_migration(Folder& folder) { return folder.migration("1_a", "CREATE TABLE a (id int)"); }

Ran start(const std::vector<std::string>& arguments, const Folder& folder, const std::string& url) {
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"--migrations", folder.path()});
  return support::schemagate(all, {{"SCHEMAGATE_DATABASE_URL", url}});
}

std::string refusal(const std::string& place) {
  return "schemagate: migrations are pending, and the connection goes through a pooler that gives a backend to each "
         "transaction (transaction or statement mode), where the migration lock does not hold\n  where  " +
         place +
         "\n"
         "  state  the database was not changed; the program was not started\n"
         "  next   set SCHEMAGATE_DATABASE_URL to the server itself; DATABASE_URL may stay as it is\n"
         "           Azure Database for PostgreSQL: port 5432 instead of 6432\n"
         "           Supabase: the direct or the session connection; Neon: the host without -pooler\n";
}

bool asked_for_lock(const Database& database) {
  const std::vector<std::string> statements = database.statements("");
  return std::ranges::any_of(statements, [](const std::string& statement) {
    return statement.find("pg_try_advisory_lock") != std::string::npos;
  });
}

void require_refused(const Pooler& pooler, const Database& database) {
  Folder folder;
  const Ran ran = start({"apply"}, one_migration(folder), pooler.url(database));

  CHECK(ran.code == 78);
  CHECK(ran.err == refusal(pooler.place(database)));
  CHECK_FALSE(asked_for_lock(database));
  CHECK(database.value("SELECT to_regclass('_prisma_migrations') IS NULL") == "t");
}

}  // namespace

TEST_SUITE("pooler") {
  TEST_CASE("transaction mode is refused before the lock is asked for, whatever the pool's size and order") {
    for (const int size : {1, 2, 20})
      for (const std::string order : {"", "server_round_robin = 1\n"}) {
        const Database database;
        const Pooler pooler{"transaction", size, order};
        require_refused(pooler, database);
      }
  }

  TEST_CASE("transaction mode is refused also while other clients are busy") {
    for (const int size : {1, 3, 20})
      for (const std::string order : {"", "server_round_robin = 1\n"}) {
        const Database database;
        const Pooler pooler{"transaction", size, order};
        const Traffic traffic{pooler, database, 6};
        require_refused(pooler, database);
      }
  }

  TEST_CASE("transaction mode is refused also while its only backend is always taken for long") {
    const Database database;
    const Pooler pooler{"transaction", 1};
    const Traffic traffic{pooler, database, 1, "1.5"};

    require_refused(pooler, database);
  }

  TEST_CASE("statement mode is refused") {
    const Database database;
    const Pooler pooler{"statement", 5};

    require_refused(pooler, database);
  }

  TEST_CASE("through transaction mode, a start with nothing pending passes and everything that writes is refused") {
    const Database database;
    const Pooler pooler{"transaction", 2};
    Folder folder;
    REQUIRE(start({"apply"}, one_migration(folder), database.url()).code == 0);

    CHECK(start({"apply"}, folder, pooler.url(database)).err == "schemagate: up to date: 1 migration applied\n");
    CHECK(start({"verify"}, folder, pooler.url(database)).code == 0);
    CHECK(start({"status"}, folder, pooler.url(database)).code == 0);
    CHECK(start({"resolve", "--accept", "1_a"}, folder, pooler.url(database)).code == 78);
  }

  TEST_CASE("through transaction mode a plan is made, and says behind it that apply would refuse") {
    const Database database;
    const Pooler pooler{"transaction", 2};
    Folder folder;

    const Ran ran = start({"plan"}, one_migration(folder), pooler.url(database));

    CHECK(ran.code == 78);
    CHECK(ran.out.find("      1  harmless                 CREATE TABLE a (id int)\n") != std::string::npos);
    CHECK(ran.err == refusal(pooler.place(database)));
  }

  TEST_CASE("session mode applies and repairs, also with a pool of one") {
    for (const int size : {1, 2, 20}) {
      const Database database;
      const Pooler pooler{"session", size};
      Folder folder;
      one_migration(folder).migration("2_b", "CREATE TABLE b (id int)");

      const Ran ran = start({"apply"}, folder, pooler.url(database));
      CHECK_MESSAGE(ran.code == 0, ran.err);
      CHECK(database.history() == std::vector<std::string>{"1_a|t|f|1|", "2_b|t|f|1|"});
      CHECK(start({"apply"}, folder, pooler.url(database)).err == "schemagate: up to date: 2 migrations applied\n");
      CHECK(start({"resolve", "--accept", "1_a"}, folder, pooler.url(database)).code == 0);
      CHECK(eventually([&] {
        return database.value(
                   "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM "
                   "pg_database WHERE datname = current_database())") == "0";
      }));
    }
  }

  TEST_CASE("session mode works also while other clients are busy") {
    const Database database;
    const Pooler pooler{"session", 8};
    const Traffic traffic{pooler, database, 5};
    Folder folder;

    CHECK(start({"apply"}, one_migration(folder), pooler.url(database)).code == 0);
  }

  TEST_CASE("what a pooler refuses for good is refused at once, what will pass is waited for") {
    const Database database;
    const Pooler pooler{"session", 5, "max_client_conn = 1\n"};
    Folder folder;
    one_migration(folder);
    const std::string url = "postgresql://nobody:wrong@127.0.0.1:" + pooler.port() + "/" + database.name();

    const Ran stranger = start({"apply"}, folder, url);
    CHECK(stranger.code == 69);
    CHECK(stranger.err.find("the server refuses the connection: ") != std::string::npos);

    auto only = std::make_unique<Session>(pooler.keywords(database));
    Running running{{binary(), "apply", "--migrations", folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", pooler.url(database)}}};
    CHECK(running.wait_for("no more connections allowed (max_client_conn) (08P01)"));
    only.reset();
    const Ran ran = running.finish();
    keep(ran);
    CHECK_MESSAGE(ran.code == 0, ran.err);
  }
}
