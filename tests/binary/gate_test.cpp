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
    const std::vector<std::string> statements = image.database.statements("second");
    REQUIRE(statements.size() == 1);
    // Nothing of ours means what another role has made, nothing outlives the transaction, and no row is hidden; what is
    // read is looked at first, and locked so that it stays what it is.
    CHECK(
        statements[0] ==
        "SET LOCAL SESSION AUTHORIZATION DEFAULT;SET LOCAL role TO DEFAULT;SET LOCAL search_path = pg_catalog, "
        "pg_temp;SET LOCAL jit = off;SET LOCAL datestyle = 'ISO, MDY';SET LOCAL standard_conforming_strings = on;SET "
        "LOCAL row_security = off;SET LOCAL statement_timeout = '5min';SET LOCAL lock_timeout = '10s';SELECT "
        "pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery() OR "
        "pg_catalog.current_setting('transaction_read_only') = 'on', pg_catalog.pg_backend_pid(), current_user, "
        "pg_catalog.current_database(); LOCK TABLE ONLY \"public\".\"_prisma_migrations\" IN ACCESS SHARE MODE; SELECT "
        "'1'::int8 / pg_catalog.count(*), pg_catalog.min((SELECT d.description FROM pg_description d WHERE d.objoid = "
        "c.oid AND d.classoid = '1259' AND d.objsubid = '0')) FROM pg_class c WHERE c.oid = "
        "'\"public\".\"_prisma_migrations\"'::regclass::oid AND c.relkind = 'r' AND NOT c.relispartition AND NOT "
        "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > '0' AND NOT a.attisdropped AND "
        "(a.atttypid >= '16384' OR a.attgenerated = 'v')) AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = "
        "c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) AND NOT EXISTS (SELECT FROM pg_statistic_ext s "
        "WHERE s.stxrelid = c.oid); SELECT id, migration_name, checksum, pg_catalog.to_char(started_at AT TIME ZONE "
        "'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), pg_catalog.to_char(finished_at AT TIME ZONE 'UTC', "
        "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), rolled_back_at IS NOT NULL, CASE WHEN finished_at IS NULL THEN logs END "
        "FROM ONLY \"public\".\"_prisma_migrations\" ORDER BY started_at, migration_name");
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
        messages[0].starts_with("BEGIN;\nSET LOCAL lock_timeout = 5000;\nCREATE TABLE a (id int)\n;SET CONSTRAINTS "
                                "ALL IMMEDIATE;SELECT '"));
    CHECK(messages[0].ends_with(";\nCOMMIT"));
    image.check_second_run_does_nothing();
  }
}
