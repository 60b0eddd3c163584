#include <doctest/doctest.h>

#include <csignal>
#include <memory>

#include "support/image.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

using namespace support;

// Scripts that PostgreSQL cannot run in one transaction.
namespace {

constexpr const char* base =
    "CREATE TABLE t (id int PRIMARY KEY, a int, b text);\n"
    "INSERT INTO t SELECT i, i, 'x' FROM generate_series(1, 100) i;\n"
    "CREATE TYPE mood AS ENUM ('sad');\n"
    "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);\n";

constexpr const char* mixed =
    "ALTER TABLE t ADD COLUMN c int;\n"
    "CREATE INDEX CONCURRENTLY t_a ON t (a);\n"
    "UPDATE t SET c = a; UPDATE counter SET n = n + 1;\n"
    "ALTER TYPE mood ADD VALUE 'ok';\n"
    "ALTER TABLE t ADD COLUMN m mood DEFAULT 'ok';\n"
    "CREATE UNIQUE INDEX CONCURRENTLY ON t (b);\n"
    "DROP INDEX CONCURRENTLY t_a;\n"
    "VACUUM t\n";

using Rows = std::vector<std::string>;

Rows indexes(const Image& image) {
  return image.database.query(
      "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
      "WHERE i.indrelid = 't'::regclass ORDER BY 1");
}

/// A row as a killed start leaves it.
void begin_row(const Image& image, const std::string& progress) {
  image.database.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at) SELECT gen_random_uuid(), "
      "encode(sha256('" +
      std::string{"CREATE INDEX CONCURRENTLY t_a ON t (a); UPDATE counter SET n = n + 1"} +
      "'), 'hex'), '2_b', 'schemagate: to be resumed: ' || '" + progress + "', now()");
}

/// An image whose second migration an earlier start began.
void prepare(Image& image) {
  image.migration("1_a", base);
  REQUIRE(image.apply().code == 0);
  image.migration("2_b", "CREATE INDEX CONCURRENTLY t_a ON t (a); UPDATE counter SET n = n + 1");
}

std::string before(const Image& image) {
  return image.database.value("SELECT string_agg(indexrelid::text, ',') FROM pg_index WHERE indrelid = 't'::regclass");
}

}  // namespace

TEST_SUITE("segments") {
  TEST_CASE("any statements in one file are applied, in the order of the file") {
    Image image;
    image.migration("1_a", base).migration("2_b", mixed);
    image.database.query("CREATE FUNCTION distinct_b() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    image.migration("1_b", "UPDATE t SET b = id");

    const Ran ran = image.apply();

    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(image.database.history() == Rows{"1_a|t|f|1|", "1_b|t|f|1|", "2_b|t|f|1|"});
    CHECK(indexes(image) == Rows{"t_b_idx|t", "t_pkey|t"});
    CHECK(image.database.value("SELECT count(*) FROM t WHERE c = a AND m = 'ok'") == "100");
    CHECK(image.database.value("SELECT n FROM counter") == "1");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("what stands before a statement that fails stays, and the next start goes on there") {
    Image image;
    image.migration("1_a", base).migration("2_b", mixed);

    const Ran failed = image.apply();
    const Rows left = indexes(image);
    const std::string logs = image.database.value("SELECT logs FROM _prisma_migrations WHERE finished_at IS NULL");
    const Ran verified = image.command({"verify"});
    const Ran status = image.command({"status"});
    image.database.query("UPDATE t SET b = id");
    const Ran resumed = image.apply();

    CHECK(failed.code == 65);
    CHECK(plain(failed.err) ==
          "schemagate: applied 1_a in T\n"
          "schemagate: 2_b is applied in 7 parts, cut before lines 2, 3, 5, 6, 7, 8: line 2 runs only outside a "
          "transaction\n"
          "schemagate: migration 2_b failed: could not create unique index \"t_b_idx\" (23505)\n"
          "  detail: columns b\n"
          "  where  " +
              image.file("2_b") +
              ":6:1\n"
              "            4 | ALTER TYPE mood ADD VALUE 'ok';\n"
              "            5 | ALTER TABLE t ADD COLUMN m mood DEFAULT 'ok';\n"
              "            6 | CREATE UNIQUE INDEX CONCURRENTLY ON t (b);\n"
              "              | ^\n"
              "  state  2_b: what stands before " +
              image.file("2_b") +
              ":6 is applied and stays; 1 migration applied before it by this start; the program was not started\n"
              "  next   remove the cause and start again: the next start goes on at " +
              image.file("2_b") +
              ":6. If the script itself is wrong, do by hand what is left of it, then:\n"
              "           schemagate resolve --applied 2_b\n");
    CHECK(left == Rows{"t_a|t", "t_pkey|t"});
    CHECK(logs.starts_with("schemagate: to be resumed: done=" +
                           std::to_string(std::string{mixed}.find("\nCREATE UNIQUE")) + " running=0 before= session="));
    CHECK(verified.code == 76);
    CHECK(contains(verified.err, "1 migration is pending:\n  2_b\n2_b was begun on "));
    CHECK(contains(verified.err, "and goes on where it stopped:\n  could not create unique index"));
    CHECK(contains(status.out, "begun  "));
    CHECK(resumed.code == 0);
    CHECK(plain(resumed.err) == "schemagate: resuming 2_b at " + image.file("2_b") +
                                    ":6\nschemagate: applied 2_b in T\nschemagate: migrated: 2 migrations applied\n");
    CHECK(image.database.value("SELECT n FROM counter") == "1");
    CHECK(indexes(image) == Rows{"t_b_idx|t", "t_pkey|t"});
    CHECK(image.database.history() == Rows{"1_a|t|f|1|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a new enum value that its own script uses costs a commit, not a file") {
    Image image;
    image.migration("1_a", "CREATE TYPE e AS ENUM ('a')")
        .migration("2_b", "ALTER TYPE e ADD VALUE 'b';\nCREATE TABLE x (v e DEFAULT 'b');\n")
        .migration("3_c", "ALTER TYPE e ADD VALUE 'c'; CREATE TABLE y (id int); SELECT 1/0");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "applied 2_b in "));
    CHECK(
        image.database.history() ==
        Rows{"1_a|t|f|1|", "2_b|t|f|1|",
             "3_c|f|t|0|" + image.database.value("SELECT logs FROM _prisma_migrations WHERE migration_name = '3_c'")});
    // What can run in one transaction does: nothing of the third stays.
    CHECK(image.database.value("SELECT count(*) FROM pg_enum WHERE enumlabel = 'c'") == "0");
    CHECK(image.database.value("SELECT to_regclass('y') IS NULL") == "t");
  }

  TEST_CASE("a partition is detached concurrently among others") {
    Image image;
    image
        .migration("1_a",
                   "CREATE TABLE p (i int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)")
        .migration("2_b", "CREATE TABLE q (id int);\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\nDROP TABLE p1;");

    CHECK(image.apply().code == 0);

    CHECK(image.database.value("SELECT to_regclass('p1') IS NULL") == "t");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a detaching that was cancelled and finished all the same is not made again") {
    Image image;
    image.migration("1_a",
                    "CREATE TABLE p (i int) PARTITION BY LIST (i); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)");
    REQUIRE(image.apply().code == 0);
    image.migration("2_b", "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;");
    auto reader = std::make_unique<Session>(image.database.name());
    (void)reader->value("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM p");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually(
        [&] { return image.database.value("SELECT count(*) FROM pg_inherits WHERE inhdetachpending") == "1"; }));
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%DETACH%CONCURRENTLY%' "
                 "AND wait_event_type = 'Lock' AND datname = current_database()") == "1";
    }));
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%FINALIZE%' AND wait_event_type = 'Lock' "
                 "AND datname = current_database()") == "1";
    }));
    reader.reset();
    const Ran ran = running.finish();

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "is applied and stays"));
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("what a script sets for its session holds in all of its parts, also when it is resumed, and not after it") {
    Image image;
    image.database.query("CREATE SCHEMA other; CREATE TABLE other.t (id int); INSERT INTO other.t VALUES (1), (1)");
    image.migration("1_a",
                    "SET search_path TO other;\nCREATE INDEX CONCURRENTLY t_x ON t (id);\n"
                    "CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);\nCREATE TABLE u (id int);");
    image.migration("2_b", "CREATE TABLE v (id int)");

    CHECK(image.apply().code == 65);
    image.database.query("DELETE FROM other.t");
    CHECK(image.apply().code == 0);

    CHECK(image.database.value("SELECT count(*) FROM pg_indexes WHERE schemaname = 'other'") == "2");
    CHECK(image.database.value("SELECT to_regclass('other.u') IS NOT NULL") == "t");
    CHECK(image.database.value("SELECT to_regclass('public.v') IS NOT NULL") == "t");
    image.check_second_run_does_nothing();
  }
}

TEST_SUITE("segments: after a crash") {
  TEST_CASE("an index of which nothing is there is built") {
    Image image;
    prepare(image);
    begin_row(image, "done=0 running=39 before=" + before(image) + " session=");

    const Ran ran = image.command({"run", "--", "echo", "started"});

    INFO(ran.err);
    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(indexes(image) == Rows{"t_a|t", "t_pkey|t"});
    CHECK(image.database.value("SELECT n FROM counter") == "1");
    CHECK(image.database.history() == Rows{"1_a|t|f|1|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("an index that is there is not built again") {
    Image image;
    prepare(image);
    begin_row(image, "done=0 running=39 before=" + before(image) + " session=");
    image.database.query("CREATE INDEX t_a ON t (a)");
    const std::string number = image.database.value("SELECT 't_a'::regclass::oid");

    CHECK(image.apply().code == 0);

    CHECK(image.database.value("SELECT 't_a'::regclass::oid") == number);
    CHECK(image.database.value("SELECT n FROM counter") == "1");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("an INVALID index of ours is dropped and built") {
    Image image;
    prepare(image);
    begin_row(image, "done=0 running=39 before=" + before(image) + " session=");
    image.database.query("CREATE INDEX t_a ON t (a)");
    image.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass");

    CHECK(image.apply().code == 0);

    CHECK(indexes(image) == Rows{"t_a|t", "t_pkey|t"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("an INVALID index that was there before is not ours: the statement's own error says so") {
    Image image;
    prepare(image);
    image.database.query("CREATE INDEX t_a ON t (a)");
    image.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass");
    begin_row(image, "done=0 running=39 before=" + before(image) + " session=");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "relation \"t_a\" already exists (42P07)"));
    CHECK(indexes(image) == Rows{"t_a|f", "t_pkey|t"});
  }

  TEST_CASE("a row of ours is not resumed with another file, nor by another way of taking it apart") {
    Image image;
    prepare(image);
    begin_row(image, "done=7 running=0 before= session=");

    const Ran other_parts = image.apply();
    image.migration("2_b", "SELECT 1");
    const Ran other_file = image.apply();

    CHECK(other_parts.code == 76);
    CHECK(other_parts.err ==
          "schemagate: the migration 2_b was begun by another version of schemagate, which took it apart otherwise\n"
          "  where  " +
              image.file("2_b") +
              "\n"
              "  state  the database was not changed; the program was not started\n"
              "  next   start the version that began it, or look at the schema, then say which it is:\n"
              "           nothing of it is there:  schemagate resolve --rolled-back 2_b\n"
              "           all of it is there:      schemagate resolve --applied 2_b\n");
    CHECK(other_file.code == 76);
    CHECK(contains(other_file.err, "the migration 2_b was started on "));
  }

  TEST_CASE("what only the lost session held is not guessed: it refuses, and says from where on") {
    for (const char* script :
         {"CREATE TEMP TABLE x (id int);\nCREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b);\nDROP TABLE x;",
          "SELECT set_config('search_path', 'pg_catalog, public', false);\n"
          "CREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b);\nDROP TABLE x;"}) {
      CAPTURE(script);
      Image image;
      image.migration("1_a", base).migration("2_b", script);
      CHECK(image.apply().code == 65);
      image.database.query("UPDATE t SET b = id");

      const Ran ran = image.apply();

      CHECK(ran.code == 76);
      CHECK(
          contains(ran.err,
                   "schemagate: the migration 2_b was stopped behind statements that leave something in their session "
                   "(temporary tables, prepared statements, cursors, settings that no SET of the script makes), and "
                   "that session is gone\n  where  " +
                       image.file("2_b") + ":2\n"));
      CHECK(
          ran.err.ends_with("  state  the database was not changed; the program was not started\n"
                            "  next   do by hand what is left of it from there on, then say that all of it is there:\n"
                            "           schemagate resolve --applied 2_b\n"));
    }
  }

  TEST_CASE("who refuses on a second session does not say that nothing was changed") {
    Image image;
    image.migration("1_a", base);
    REQUIRE(image.apply().code == 0);
    image.migration("2_b", "CREATE TEMP TABLE x (id int);\nCREATE INDEX CONCURRENTLY t_a ON t (a);\nDROP TABLE x;");
    Session writer{image.database.name()};
    writer.value("BEGIN");
    writer.value("UPDATE t SET a = a");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE "
                 "'%CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock' AND datname = current_database()") == "1";
    }));
    writer.value("ROLLBACK");
    const Ran ran = running.finish();

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "that session is gone\n"));
    CHECK(contains(ran.err, "\n  state  what was applied is recorded; the program was not started\n"));
  }

  TEST_CASE("TERM while half an index is cleared away cancels that, and says what is recorded") {
    Image image;
    prepare(image);
    begin_row(image, "done=0 running=39 before=" + before(image) + " session=");
    image.database.query("CREATE INDEX t_a ON t (a)");
    image.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_a'::regclass");
    Session reader{image.database.name()};
    reader.value("BEGIN");
    reader.value("SELECT count(*) FROM t");
    const std::string dropping =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP INDEX CONCURRENTLY%' AND state = 'active' AND "
        "datname = current_database()";
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] { return image.database.value(dropping) == "1"; }));
    running.signal(SIGTERM);
    const Ran ran = running.finish();

    CHECK(ran.code == 143);
    CHECK(ran.err.ends_with("schemagate: stopped by SIGTERM\n  where  " + image.database.place() +
                            "\n  state  what was applied, and how far a migration came, is recorded; the program was "
                            "not started\n  next   start again\n"));
    CHECK(image.database.value(dropping) == "0");
    reader.value("COMMIT");
    CHECK(image.apply().code == 0);
    CHECK(indexes(image) == Rows{"t_a|t", "t_pkey|t"});
  }

  TEST_CASE("killed while an index is built, the next start builds it") {
    Image image;
    prepare(image);
    Session reader{image.database.name()};
    reader.value("BEGIN");
    reader.value("UPDATE t SET a = a");
    {
      Running running{{binary(), "apply", "--migrations", image.folder.path()},
                      {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
      REQUIRE(eventually(
          [&] { return image.database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "1"; }));
      running.signal(SIGKILL);
      CHECK(running.finish().code == 128 + SIGKILL);
    }
    reader.value("COMMIT");

    CHECK(image.apply().code == 0);

    CHECK(indexes(image) == Rows{"t_a|t", "t_pkey|t"});
    CHECK(image.database.value("SELECT n FROM counter") == "1");
    CHECK(image.database.history() == Rows{"1_a|t|f|1|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("stopped by TERM while an index is built, it says where the next start goes on") {
    Image image;
    prepare(image);
    Session reader{image.database.name()};
    reader.value("BEGIN");
    reader.value("UPDATE t SET a = a");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(
        eventually([&] { return image.database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "1"; }));
    running.signal(SIGTERM);
    const Ran ran = running.finish();
    reader.value("COMMIT");

    CHECK(ran.code == 143);
    CHECK(ran.err ==
          "schemagate: 2_b is applied in 2 parts, cut before line 1: line 1 runs only outside a transaction\n"
          "schemagate: stopped by SIGTERM while applying 2_b\n  where  " +
              image.file("2_b") + "\n  state  2_b: it is recorded how far it is, and the next start goes on at " +
              image.file("2_b") +
              ":1; 0 migrations applied before it by this start; the program was not started\n"
              "  next   start again\n");
    CHECK(image.apply().code == 0);
    CHECK(indexes(image) == Rows{"t_a|t", "t_pkey|t"});
  }
}
