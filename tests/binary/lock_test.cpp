#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <optional>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/image.hpp"
#include "support/plain.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

const std::string take = "SELECT pg_advisory_lock(72707369)";
/// As it is shown.
const std::string taken = "SELECT pg_advisory_lock('…')";

/// What Prisma's CLI does while it migrates.
class Holder : public Session {
 public:
  explicit Holder(const Database& database) : Session{database.name(), "postgres", "prisma"} { value(take); }
  std::string pid() { return value("SELECT pg_backend_pid()"); }
};

std::unique_ptr<Running> begin(const Database& database, const Folder& folder, std::vector<std::string> options = {},
                               Variables variables = {}) {
  std::vector<std::string> command{binary(), "apply", "--migrations", folder.path()};
  command.insert(command.end(), options.begin(), options.end());
  variables.try_emplace("SCHEMAGATE_DATABASE_URL", database.url());
  return std::make_unique<Running>(command, variables);
}

/// Where the tables of public are nobody's business.
Variables in_app(const Database& database) { return {{"SCHEMAGATE_DATABASE_URL", database.url("?schema=app")}}; }

Ran end(Running& running) {
  Ran ran = running.finish();
  keep(ran);
  return ran;
}

Folder& one_migration(Folder& folder) { return folder.migration("1_a", "CREATE TABLE a (id int)"); }

const std::string prisma = "pid N, prisma (postgres@127.0.0.1), connected since DAY TIME UTC, ";

std::string held_by(const std::string& holder) {
  return "schemagate: waiting for the migration lock (up to 5 min 0 s without progress); held by " + holder + "\n";
}

std::size_t tries(const Database& database) {
  std::size_t count = 0;
  for (const std::string& statement : database.statements())
    count += statement == "SELECT pg_catalog.pg_try_advisory_lock('72707369'::pg_catalog.int8)" ? 1U : 0U;
  return count;
}

}  // namespace

TEST_SUITE("lock") {
  TEST_CASE("a held lock is polled for, never waited in, and the log says who holds it") {
    const Database database;
    std::optional<Holder> holder{std::in_place, database};
    Folder folder;
    const auto running = begin(database, one_migration(folder));
    REQUIRE(running->wait_for("waiting for the migration lock"));
    REQUIRE(eventually([&] { return tries(database) >= 3; }));
    CHECK(database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
                         "(SELECT oid FROM pg_database WHERE datname = current_database())") == "0");

    holder.reset();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == held_by(prisma + "idle for T s: " + taken) +
                                "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n");
    for (const std::string& statement : database.statements())
      CHECK(statement.find("pg_advisory_lock") == std::string::npos);
    const Ran again = end(*begin(database, folder));
    CHECK(again.err == "schemagate: up to date: 1 migration applied\n");
  }

  TEST_CASE("a lock that stays held is refused after --lock-wait, naming the holder and how to end it") {
    const Database database;
    Holder holder{database};
    Folder folder;

    const Ran ran = end(*begin(database, one_migration(folder), {"--lock-wait", "500ms"}));

    CHECK(ran.code == 75);
    CHECK(ran.err.find("SELECT pg_terminate_backend(" + holder.pid() + ");") != std::string::npos);
    CHECK(plain(ran.err) ==
          "schemagate: waiting for the migration lock (up to 500 ms without progress); held by " + prisma +
              "idle for T s: " + taken +
              "\n"
              "schemagate: another session has held the migration lock for 500 ms without progress: " +
              prisma + "idle for T s: " + taken + "\n  where  " + database.place() +
              "\n"
              "  state  the database was not changed; the program was not started\n"
              "  next   start again when it is done; if it hangs, end it:\n"
              "           SELECT pg_terminate_backend(N);\n"
              "         to wait longer, raise --lock-wait (SCHEMAGATE_LOCK_WAIT)\n");
    CHECK(database.value("SELECT to_regclass('a') IS NULL AND to_regclass('_prisma_migrations') IS NULL") == "t");
  }

  TEST_CASE("--lock-wait 0s does not wait") {
    const Database database;
    const Holder holder{database};
    Folder folder;
    one_migration(folder);

    const double took = seconds([&] { CHECK(end(*begin(database, folder, {"--lock-wait", "0s"})).code == 75); });

    CHECK(took < 2);
  }

  TEST_CASE("a holder that gets on is waited for beyond --lock-wait") {
    const Database database;
    std::optional<Holder> holder{std::in_place, database};
    Folder folder;
    const auto running = begin(database, one_migration(folder), {"--lock-wait", "2s"});
    REQUIRE(running->wait_for("waiting for the migration lock"));

    const double held = seconds([&] {
      const std::size_t seen = tries(database);
      // A poll takes 250 ms at most, so this is more than two patiences.
      CHECK(eventually([&] { return holder->pid().empty() || tries(database) > seen + 24; }));
    });
    holder.reset();
    const Ran ran = end(*running);

    CHECK(held > 2.5);
    CHECK_MESSAGE(ran.code == 0, ran.err);
  }

  TEST_CASE("the message shows the holder's statement and who is in its way") {
    const Database database;
    database.query("CREATE TABLE b (id int)");
    Session blocker{database.name(), "postgres", "report"};
    blocker.value("BEGIN");
    blocker.value("SELECT count(*) FROM b");
    Holder holder{database};
    holder.begin("ALTER TABLE b  ADD COLUMN\n c int");
    Folder folder;
    folder.migration("1_a", "CREATE TABLE a (id int)");
    database.query("CREATE SCHEMA app");
    REQUIRE(eventually([&] { return database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; }));

    const Ran ran = end(
        *begin(database, folder, {"--lock-wait", "0s"}, {{"SCHEMAGATE_DATABASE_URL", database.url("?schema=app")}}));

    CHECK(ran.code == 75);
    CHECK(plain(ran.err).find(prisma +
                              "active for T s: ALTER TABLE b ADD COLUMN c int; waiting for a lock held by pid "
                              "N, report (postgres@127.0.0.1), connected since DAY TIME UTC, idle in "
                              "transaction for T s: SELECT count(*) FROM b; its transaction is open for T s\n") !=
          std::string::npos);
  }

  TEST_CASE("a holder whose statements the role may not see is named all the same") {
    Database database;
    const std::string role = database.role("low");
    database.query("GRANT CREATE ON SCHEMA public TO " + role);
    Holder holder{database};
    Folder folder;

    const Ran ran = end(*begin(database, one_migration(folder), {"--lock-wait", "0s"},
                               {{"SCHEMAGATE_DATABASE_URL", database.url_as(role)}}));

    CHECK(ran.code == 75);
    CHECK(ran.err.find("pid " + holder.pid() +
                       ", prisma (postgres), connected since a hidden time, state hidden: "
                       "<insufficient privilege>\n") != std::string::npos);
  }

  TEST_CASE("a holder in another database does not block") {
    const Database database;
    const Database other;
    const Holder holder{other};
    Folder folder;

    CHECK(end(*begin(database, one_migration(folder), {"--lock-wait", "0s"})).code == 0);
  }

  TEST_CASE("other advisory locks do not block") {
    const Database database;
    Session other{database.name()};
    other.value(
        "SELECT pg_advisory_lock(0, 72707369), pg_advisory_lock(1), pg_advisory_lock(72707369 + (1::bigint << 32))");
    Folder folder;

    CHECK(end(*begin(database, one_migration(folder), {"--lock-wait", "0s"})).code == 0);
  }

  TEST_CASE("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK leaves the lock out, with a warning") {
    const Database database;
    const Holder holder{database};
    Folder folder;

    const Ran ran = end(*begin(database, one_migration(folder), {}, {{"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1"}}));

    CHECK(ran.code == 0);
    CHECK(
        plain(ran.err) ==
        "schemagate: warning: PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK is set: nothing keeps two replicas from migrating at "
        "once\nschemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n");
    CHECK(tries(database) == 0);
  }

  TEST_CASE("who lost the race decides again under the lock and applies nothing") {
    const Database database;
    std::optional<Holder> holder{std::in_place, database};
    Folder folder;
    const auto loser = begin(database, one_migration(folder));
    REQUIRE(loser->wait_for("waiting for the migration lock"));

    const Ran winner = end(*begin(database, folder, {}, {{"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1"}}));
    holder.reset();
    const Ran ran = end(*loser);

    CHECK(winner.code == 0);
    CHECK(ran.code == 0);
    CHECK(ran.err.find("applied 1_a") == std::string::npos);
    CHECK(database.history() == std::vector<std::string>{"1_a|t|f|1|"});
  }

  TEST_CASE("a session that is ended while it waits says so, connects again and goes on") {
    const Database database;
    auto holder = std::make_unique<Holder>(database);
    Folder folder;
    const auto running = begin(database, one_migration(folder));
    REQUIRE(running->wait_for("waiting for the migration lock"));

    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name = 'schemagate'");
    REQUIRE(running->wait_for("connecting again"));
    holder.reset();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(contains(ran.err,
                   "schemagate: warning: the connection was lost: FATAL:  terminating connection due to administrator "
                   "command; connecting again\n"));
    CHECK(database.history().size() == 1);
  }

  TEST_CASE("--deadline ends waiting for the lock") {
    const Database database;
    const Holder holder{database};
    Folder folder;

    const Ran ran = end(*begin(database, one_migration(folder), {"--deadline", "1s"}));

    CHECK(ran.code == 75);
    CHECK(plain(ran.err).ends_with(
        "schemagate: --deadline (SCHEMAGATE_DEADLINE) passed while waiting for the migration lock; it is held by " +
        prisma + "idle for T s: " + taken + "\n  where  " + database.place() +
        "\n  state  the database was not changed; the program was not started\n"
        "  next   start again: another replica is migrating\n"));
  }

  TEST_CASE("a migration that a replica is running without a transaction is waited for, not refused as failed") {
    const Database database;
    database.query("CREATE TABLE b (id int)");
    std::optional<Session> blocker{std::in_place, database.name()};
    blocker->value("BEGIN");
    blocker->value("INSERT INTO b VALUES (1)");
    Folder folder;
    folder.migration("1_index", "CREATE INDEX CONCURRENTLY b_id ON public.b (id)");
    database.query("CREATE SCHEMA app");
    const Variables variables{{"SCHEMAGATE_DATABASE_URL", database.url("?schema=app")}};
    const auto first = begin(database, folder, {}, variables);
    REQUIRE(eventually([&] { return database.value("SELECT count(*) FROM pg_stat_progress_create_index") != "0"; }));

    const auto second = begin(database, folder, {}, variables);
    REQUIRE(second->wait_for("waiting for the migration lock"));
    blocker.reset();

    CHECK(end(*first).code == 0);
    const Ran ran = end(*second);
    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(database.history("app") == std::vector<std::string>{"1_index|t|f|1|"});
  }

  TEST_CASE("a statement that waits for a lock says after 5 s who holds it") {
    const Database database;
    database.query("CREATE TABLE b (id int); CREATE SCHEMA app");
    std::optional<Session> blocker{std::in_place, database.name(), "postgres", "report"};
    blocker->value("BEGIN");
    blocker->value("SELECT count(*) FROM b");
    Folder folder;
    folder.migration("1_b", "ALTER TABLE public.b ADD COLUMN c int");

    const auto running = begin(database, folder, {"--ddl-lock-timeout", "0s"},
                               {{"SCHEMAGATE_DATABASE_URL", database.url("?schema=app")}});
    const double quiet = seconds([&] { REQUIRE(running->wait_for("applying 1_b for")); });
    blocker.reset();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(quiet > 4.5);
    CHECK(
        plain(ran.err).starts_with("schemagate: applying 1_b for 5 s: waiting for a lock held by pid N, report "
                                   "(postgres@127.0.0.1), connected since DAY TIME UTC, idle in transaction for T s: "
                                   "SELECT count(*) FROM b; its transaction is open for T s\n"));
  }

  TEST_CASE("a statement that waits for a lock gives way, tries again, and says who is in the way") {
    const Database database;
    database.query("CREATE TABLE b (id int); CREATE SCHEMA app");
    std::optional<Session> blocker{std::in_place, database.name(), "postgres", "report"};
    blocker->value("BEGIN");
    blocker->value("SELECT count(*) FROM b");
    Folder folder;
    folder.migration("1_b", "CREATE TABLE app.a (id int); ALTER TABLE public.b ADD COLUMN c int");

    const auto running = begin(database, folder, {"--ddl-lock-timeout", "1s"}, in_app(database));
    REQUIRE(
        running->wait_for("1_b could not get a lock within 1.0 s; rolled back, trying again; waiting for a lock held "
                          "by pid"));
    CHECK(database.value("SELECT to_regclass('app.a') IS NULL") == "t");
    blocker.reset();
    const Ran ran = end(*running);

    CHECK(ran.code == 0);
    CHECK(
        contains(plain(ran.err),
                 "waiting for a lock held by pid N, report (postgres@127.0.0.1), connected since DAY TIME UTC, idle in "
                 "transaction for T s: SELECT count(*) FROM b; its transaction is open for T s\n"));
    CHECK(database.history("app") == std::vector<std::string>{"1_b|t|f|1|"});
  }

  TEST_CASE("a lock that is never had is given up with 75, naming who holds it, and nothing is applied") {
    const Database database;
    database.query("CREATE TABLE b (id int); CREATE SCHEMA app");
    Session blocker{database.name(), "postgres", "report"};
    blocker.value("BEGIN");
    blocker.value("SELECT count(*) FROM b");
    Folder folder;
    folder.migration("1_b", "ALTER TABLE public.b ADD COLUMN c int");

    const Ran ran = end(*begin(database, folder, {"--ddl-lock-timeout", "1s", "--lock-wait", "3s"}, in_app(database)));

    CHECK(ran.code == 75);
    CHECK(contains(
        plain(ran.err),
        "schemagate: migration 1_b could not get a lock, each time for 1 s, in T: waiting for a lock "
        "held by pid N, report (postgres@127.0.0.1), connected since DAY TIME UTC, idle in transaction for T s: "
        "SELECT count(*) FROM b; its transaction is open for T s\n"
        "  where  "));
    CHECK(ran.err.ends_with(
        "  state  1_b: it was rolled back whole; 0 migrations applied before it by this start; the program was not "
        "started\n"
        "  next   end the session that is in the way, or wait for it, and start again; --ddl-lock-timeout "
        "(SCHEMAGATE_DDL_LOCK_TIMEOUT) is how long others may have to wait behind us\n"));
    CHECK(database.value("SELECT count(*) FROM pg_attribute WHERE attrelid = 'b'::regclass AND attname = 'c'") == "0");
  }

  TEST_CASE("a script that sets its own lock_timeout keeps it, and is not tried again") {
    const Database database;
    database.query("CREATE TABLE b (id int); CREATE SCHEMA app");
    Session blocker{database.name(), "postgres", "report"};
    blocker.value("BEGIN");
    blocker.value("SELECT count(*) FROM b");
    Folder folder;
    folder.migration("1_b", "SET lock_timeout = '100ms'; ALTER TABLE public.b ADD COLUMN c int");

    const Ran ran = end(*begin(database, folder, {}, in_app(database)));

    CHECK(ran.code == 65);
    CHECK(ran.err.starts_with("schemagate: migration 1_b failed: canceling statement due to lock timeout (55P03)\n"));
  }

  TEST_CASE("a statement that runs long says after 5 s, and every 10 s, what it waits on") {
    const Database database;
    Folder folder;
    folder.migration("1_slow", "SELECT pg_sleep(17)");

    const Ran ran = end(*begin(database, folder));

    CHECK(ran.code == 0);
    const std::regex said{R"(schemagate: applying 1_slow for 5\.\d s: waiting on Timeout PgSleep\n)"
                          R"(schemagate: applying 1_slow for 1\d(\.\d)? s: waiting on Timeout PgSleep\n[^]*)"};
    CHECK(std::regex_match(ran.err, said));
  }

  TEST_CASE("a killed holder's statement ends with it, and the next start finds nothing of it") {
    const Database database;
    Folder folder;
    folder.migration("1_a", "CREATE TABLE a (id int); INSERT INTO a VALUES (1); SELECT pg_sleep(60)");
    const auto killed = begin(database, folder);
    REQUIRE(eventually([&] {
      return database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = "
                 "'PgSleep'") == "1";
    }));

    killed->signal(SIGKILL);
    CHECK(killed->finish().code == 128 + SIGKILL);
    folder.migration("1_a", "CREATE TABLE a (id int)");
    Ran ran;
    const double took = seconds([&] { ran = end(*begin(database, folder)); });

    CHECK(took < 3);
    CHECK(ran.code == 0);
    CHECK(database.value("SELECT count(*) FROM a") == "0");
    CHECK(database.history() == std::vector<std::string>{"1_a|t|f|1|"});
  }
}
