#include <doctest/doctest.h>

#include <memory>

#include "support/image.hpp"
#include "support/session.hpp"

using namespace support;

TEST_SUITE("gate") {
  TEST_CASE("an empty database gets every migration, then the program runs") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)");

    const Ran ran = image.command({"run", "--", "echo", "started"});

    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(image.database.history() == std::vector<std::string>{"1_a|t|f|1|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a start with nothing pending asks one question and writes nothing") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);

    const Ran ran = image.command({"run", "--", "true"}, image.database.url("?application_name=second"));

    CHECK(ran.code == 0);
    CHECK(ran.err == "schemagate: up to date: 1 migration applied; starting true\n");
    CHECK(
        image.database.statements("second") ==
        std::vector<std::string>{
            "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery() OR "
            "pg_catalog.current_setting('transaction_read_only') = 'on', pg_catalog.pg_backend_pid(), current_user, "
            "pg_catalog.current_database(), (SELECT d.description FROM pg_catalog.pg_description d JOIN "
            "pg_catalog.pg_class c ON c.oid = d.objoid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
            "d.objsubid = 0 AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relname = "
            "'_prisma_migrations' AND n.nspname = 'public'); SELECT id, migration_name, checksum, "
            "pg_catalog.to_char(started_at AT TIME "
            "ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), pg_catalog.to_char(finished_at AT TIME ZONE 'UTC', "
            "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), rolled_back_at IS NOT NULL, CASE WHEN finished_at IS NULL THEN logs "
            "END "
            "FROM \"public\".\"_prisma_migrations\" ORDER BY started_at, migration_name"});
  }

  TEST_CASE("a start with nothing pending needs no right but to read, and waits for nobody who migrates") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);
    image.database.query("ALTER ROLE " + role + " SET default_transaction_read_only = on");
    Session holder{image.database.name()};
    holder.value("SELECT pg_advisory_lock(72707369)");

    const Ran ran = image.command({"run", "--", "echo", "started"}, image.database.url_as(role));

    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(image.database.statements("schemagate").size() > 1);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("another replica that applied everything while we waited for the lock leaves nothing to do") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    auto holder = std::make_unique<Session>(image.database.name());
    holder->value("SELECT pg_advisory_lock(72707369)");
    Running running{{binary(), "--migrations", image.folder.path(), "--", "echo", "started"},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(running.wait_for("waiting for the migration lock"));

    CHECK(image.command({"apply"}, "", {{"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1"}}).code == 0);
    holder.reset();

    const Ran ran = running.finish();
    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(ran.err.ends_with("schemagate: migrated: 1 migration applied; starting echo\n"));
    CHECK(image.database.history() == std::vector<std::string>{"1_a|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a migration and its row reach the server as one message") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);

    std::vector<std::string> messages;
    for (const std::string& statement : image.database.statements())
      if (contains(statement, "CREATE TABLE a")) messages.push_back(statement);

    REQUIRE(messages.size() == 1);
    CHECK(
        messages[0].starts_with("BEGIN;\nSET LOCAL lock_timeout = 5000;\nCREATE TABLE a (id int)\n;RESET SESSION "
                                "AUTHORIZATION; RESET ROLE; INSERT INTO "
                                "\"public\".\"_prisma_migrations\" "));
    CHECK(messages[0].ends_with(";\nCOMMIT"));
    image.check_second_run_does_nothing();
  }
}
