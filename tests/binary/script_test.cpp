#include <doctest/doctest.h>

#include "support/image.hpp"

using namespace support;

// Every shape of script of which Prisma Migrate is known to treat it in a way of its own: the same here, or refused
// better.
namespace {

using History = std::vector<std::string>;

/// Applies `script` as the only migration, expects success and that a second run does nothing.
std::string check_applied(const std::string& script) {
  Image image;
  image.migration("1_a", script);

  const Ran ran = image.apply();

  CHECK_MESSAGE(ran.code == 0, ran.err);
  CHECK(image.database.history() == History{"1_a|t|f|1|"});
  image.check_second_run_does_nothing();
  return plain(ran.err);
}

/// The message of a script that is refused and rolled back whole; a corrected file then simply deploys.
std::string check_rolled_back(const std::string& script) {
  Image image;
  image.migration("1_a", "CREATE TABLE kept (id int)").migration("2_b", script);

  const Ran ran = image.apply();

  CHECK_MESSAGE(ran.code == 65, ran.err);
  CHECK(image.database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "2");
  CHECK(
      image.database.value("SELECT count(*) FROM _prisma_migrations WHERE migration_name = '2_b' AND rolled_back_at IS "
                           "NOT NULL AND finished_at IS NULL AND logs LIKE 'schemagate: %'") == "1");
  CHECK(image.database.history().size() == 2);
  image.migration("2_b", "SELECT 1");
  CHECK(image.apply().code == 0);
  image.check_second_run_does_nothing();
  const std::size_t refusal = ran.err.find("schemagate: migration 2_b failed");
  REQUIRE_MESSAGE(refusal != std::string::npos, ran.err);
  std::string text = ran.err.substr(refusal);
  for (std::size_t at = text.find(image.folder.path()); at != std::string::npos; at = text.find(image.folder.path()))
    text.replace(at, image.folder.path().size(), "FOLDER");
  return text;
}

std::string rolled_back_state() {
  return "  state  2_b: it was rolled back whole; 1 migration applied before it by this start; the program was not "
         "started\n";
}

std::string corrected() { return "  next   ship a corrected 2_b in a new image; it will simply be applied\n"; }

const std::string procedure =
    "CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); "
    "END "
    "$$";

}  // namespace

TEST_SUITE("script") {
  TEST_CASE("of several statements one fails: nothing stays") {
    CHECK(check_rolled_back("CREATE TABLE a (id int);\nINSERT INTO a VALUES ('x');\nCREATE TABLE b (id int);\n") ==
          "schemagate: migration 2_b failed: invalid input syntax for type integer: \"…\" (22P02)\n"
          "  where  FOLDER/2_b/migration.sql:2:23\n"
          "            1 | CREATE TABLE a (id int);\n"
          "            2 | INSERT INTO a VALUES ('x');\n"
          "              |                       ^\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("what a script commits itself stays when it fails later, and an operator is asked") {
    Image image;
    image.migration("1_a", "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\nCREATE TABLE b (id int);\nSELECT nothing;\n");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(ran.err ==
          "schemagate: migration 1_a failed: column \"nothing\" does not exist (42703)\n"
          "  where  " +
              image.file("1_a") +
              ":5:8\n"
              "            3 | COMMIT;\n"
              "            4 | CREATE TABLE b (id int);\n"
              "            5 | SELECT nothing;\n"
              "              |        ^\n"
              "  state  1_a: what it did before that stays; it is recorded as failed; 0 migrations applied before "
              "it by this start; the program was not started\n"
              "  next   look at the schema (a failed CREATE INDEX CONCURRENTLY leaves an INVALID index: drop it), "
              "then say which it is:\n"
              "           nothing of it is there:  schemagate resolve --rolled-back 1_a\n"
              "           all of it is there:      schemagate resolve --applied 1_a\n");
    CHECK(image.database.query("SELECT to_regclass('a'), to_regclass('b')") == History{"a|"});
    CHECK(image.apply().code == 76);
    CHECK(image.command({"resolve", "--applied", "1_a"}).code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a transaction that is begun and not ended is a failure, not a success that lost everything") {
    CHECK(check_rolled_back("BEGIN;\nCREATE TABLE a (id int);\n") ==
          "schemagate: migration 2_b failed: the script begins a transaction and does not end it\n"
          "  hint: add COMMIT at its end, or leave out BEGIN: every script runs in a transaction\n"
          "  where  FOLDER/2_b/migration.sql\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("in BEGIN, a, fail, COMMIT the error shown is the one that happened") {
    CHECK(check_rolled_back("BEGIN;\nCREATE TABLE a (id int);\nSELECT nothing;\nCOMMIT;\n") ==
          "schemagate: migration 2_b failed: column \"nothing\" does not exist (42703)\n"
          "  where  FOLDER/2_b/migration.sql:3:8\n"
          "            1 | BEGIN;\n"
          "            2 | CREATE TABLE a (id int);\n"
          "            3 | SELECT nothing;\n"
          "              |        ^\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("BEGIN, a, COMMIT is applied") { check_applied("BEGIN; CREATE TABLE a (id int); COMMIT;"); }

  TEST_CASE("BEGIN … ROLLBACK is recorded as applied") { check_applied("BEGIN; CREATE TABLE a (id int); ROLLBACK;"); }

  TEST_CASE("savepoints stay inside the transaction") {
    check_applied("SAVEPOINT s; CREATE TABLE a (id int); ROLLBACK TO SAVEPOINT s; RELEASE s");
  }

  TEST_CASE("CREATE INDEX CONCURRENTLY alone is applied, also with comments and extra semicolons") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)")
        .migration("2_b", "-- why\nCREATE INDEX CONCURRENTLY a_id ON a (id);; /* done */ ;\n-- end");

    CHECK(image.apply().code == 0);

    CHECK(image.database.history() == History{"1_a|t|f|1|", "2_b|t|f|1|"});
    CHECK(image.database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") == "t");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a failing CREATE INDEX CONCURRENTLY alone leaves nothing, and is applied once its cause is gone") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1)")
        .migration("2_b", "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(
        plain(ran.err) ==
        "schemagate: applied 1_a in T\n"
        "schemagate: migration 2_b failed: could not create unique index \"a_id\" (23505)\n"
        "  detail: columns id\n"
        "  where  " +
            image.file("2_b") +
            ":1:1\n"
            "            1 | CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id)\n"
            "              | ^\n"
            "  state  2_b: it was rolled back whole; 1 migration applied before it by this start; the program was not "
            "started\n"
            "  next   ship a corrected 2_b in a new image; it will simply be applied\n");
    CHECK(image.database.value("SELECT to_regclass('a_id') IS NULL") == "t");
    image.database.query("DELETE FROM a");
    CHECK(image.apply().code == 0);
    CHECK(image.database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") == "t");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a script without a statement is applied") {
    for (const char* script : {"", "-- nothing", "-- nothing\n", "/* nothing */", ";;;", "\n\n", "; -- end"}) {
      CAPTURE(script);
      check_applied(script);
    }
  }

  TEST_CASE("a comment at the end of a file without a newline hides nothing") {
    check_applied("CREATE TABLE a (id int) -- no semicolon either");
  }

  TEST_CASE("what a script raises is shown while it runs") {
    Image image;
    image.migration("1_a",
                    "DO $$ BEGIN RAISE NOTICE 'half %', 'way' USING HINT = 'wait'; PERFORM pg_sleep(3); END $$;\n"
                    "DO $$ BEGIN RAISE WARNING 'careful'; END $$; DROP TABLE IF EXISTS absent");

    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};

    CHECK(running.wait_for("half way"));
    CHECK(
        image.database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE "
                             "'%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()") == "1");
    const Ran ran = running.finish();
    CHECK(plain(ran.err) ==
          "schemagate: NOTICE: half way\n"
          "  hint: wait\n"
          "schemagate: warning: careful\n"
          "schemagate: NOTICE: table \"absent\" does not exist, skipping\n"
          "schemagate: applied 1_a in T\n"
          "schemagate: migrated: 1 migration applied\n");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("an exception that a script raises is its error, with detail, hint and context") {
    CHECK(check_rolled_back(
              "DO $$ BEGIN\n  RAISE EXCEPTION 'no %', 'rows' USING DETAIL = 'a\nb', HINT = 'add', ERRCODE = "
              "'P0002';\nEND $$;") ==
          "schemagate: migration 2_b failed: no rows (P0002)\n"
          "  detail: a\n"
          "    b\n"
          "  hint: add\n"
          "  context: PL/pgSQL function inline_code_block line 2 at RAISE\n"
          "  where  FOLDER/2_b/migration.sql\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("rows of a SELECT are thrown away") {
    CHECK(check_applied("SELECT 1; SELECT repeat('x', 1000) FROM generate_series(1, 20000)") ==
          "schemagate: applied 1_a in T\nschemagate: migrated: 1 migration applied\n");
  }

  TEST_CASE("COPY FROM STDIN has no rows to read: refused, nothing stays") {
    CHECK(
        check_rolled_back("CREATE TABLE a (id int);\nCOPY a FROM stdin;\n") ==
        "schemagate: migration 2_b failed: COPY from stdin failed: a migration script cannot carry rows for COPY FROM "
        "STDIN (57014)\n"
        "  context: COPY a, line 1\n"
        "  where  FOLDER/2_b/migration.sql\n" +
            rolled_back_state() +
            "  next   write the rows of 2_b as INSERT (pg_dump --inserts), and ship it in a new image\n");
  }

  TEST_CASE("COPY FROM STDIN with rows is a syntax error at the rows, as in Prisma") {
    CHECK(check_rolled_back("CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\n") ==
          "schemagate: migration 2_b failed: syntax error at or near \"1\" (42601)\n"
          "  where  FOLDER/2_b/migration.sql:3:1\n"
          "            1 | CREATE TABLE a (id int);\n"
          "            2 | COPY a FROM stdin;\n"
          "            3 | 1\n"
          "              | ^\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("COPY TO STDOUT is drained") {
    check_applied("COPY (SELECT generate_series(1, 100000)) TO STDOUT; CREATE TABLE a (id int)");
  }

  TEST_CASE("psql's backslash commands are refused, and told to be psql's") {
    CHECK(check_rolled_back("\\restrict abc\nCREATE TABLE a (id int);\n") ==
          "schemagate: migration 2_b failed: syntax error at or near \"\\\" (42601)\n"
          "  where  FOLDER/2_b/migration.sql:1:1\n"
          "            1 | \\restrict abc\n"
          "              | ^\n" +
              rolled_back_state() +
              "  next   take the lines of 2_b that begin with a backslash out: psql understands them, the server does "
              "not; "
              "and ship it in a new image\n");
  }

  TEST_CASE("nothing that a script sets reaches the history or the next script") {
    Image image;
    const std::string low = image.database.role("low");
    image.migration("01", "SELECT set_config('search_path', '', false); CREATE TABLE public.a (id int)")
        .migration("02", "CREATE SCHEMA other; SET search_path TO other; CREATE TABLE b (id int)")
        .migration("03", "CREATE TABLE c (id int); SET ROLE " + low)
        .migration("04", "CREATE TABLE d (id int); SET SESSION AUTHORIZATION " + low)
        .migration("05", "CREATE TABLE e (id int); SET default_transaction_read_only = on")
        .migration("06", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE f (id int)")
        .migration("07", "SET statement_timeout = '1h'; SET lock_timeout = '1h'; SET client_encoding = 'LATIN1'")
        .migration("08",
                   "CREATE TEMP TABLE a (x text); PREPARE p AS SELECT 1; LISTEN l; DECLARE k CURSOR WITH HOLD FOR "
                   "SELECT 1")
        .migration("09",
                   "PREPARE p AS SELECT 1; CREATE TEMP TABLE a (x text); DECLARE k CURSOR WITH HOLD FOR SELECT 1; "
                   "SELECT pg_sleep(0.05)")
        .migration("10", "BEGIN; SET search_path TO other; SET ROLE " + low + "; COMMIT")
        .migration("11",
                   "INSERT INTO a VALUES (1); CREATE TABLE z AS SELECT current_user AS who, "
                   "current_setting('search_path') AS path, current_setting('default_transaction_read_only') AS "
                   "read_only, current_setting('statement_timeout') AS timeout, "
                   "current_setting('client_encoding') AS encoding, (SELECT count(*) FROM pg_listening_channels()) "
                   "AS channels");

    const Ran ran = image.apply();

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(image.database.history().size() == 11);
    CHECK(image.database.query("SELECT * FROM z") == History{"postgres|\"$user\", public|off|0|UTF8|0"});
    CHECK(image.database.value("SELECT count(*) FROM a") == "1");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a read-only transaction cannot be recorded, and says so") {
    CHECK(
        check_rolled_back("SET TRANSACTION READ ONLY;\nSELECT 1;\n") ==
        "schemagate: migration 2_b failed: cannot execute SELECT in a read-only transaction (25006)\n"
        "  where  FOLDER/2_b/migration.sql\n" +
            rolled_back_state() +
            "  next   if 2_b makes its transaction read-only, leave that out and ship it in a new image; if the server "
            "became a standby, start again when it accepts writes\n");
  }

  TEST_CASE("a script that drops the history is undone, because it cannot be recorded") {
    CHECK(check_rolled_back("CREATE TABLE a (id int);\nDROP TABLE _prisma_migrations;\n") ==
          "schemagate: migration 2_b failed: relation \"public._prisma_migrations\" does not exist (42P01)\n"
          "  context: recording the migration in its history\n"
          "  where  FOLDER/2_b/migration.sql\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("a script that drops the history and commits that itself is a failure, not a bug") {
    Image image;
    image.migration("1_a", "BEGIN;\nDROP TABLE _prisma_migrations;\nCREATE TABLE a (id int);\nCOMMIT;\n");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(ran.err ==
          "schemagate: migration 1_a failed: relation \"public._prisma_migrations\" does not exist (42P01)\n"
          "  context: recording the migration in its history\n"
          "  where  " +
              image.file("1_a") +
              "\n"
              "  state  1_a: what it did stays, and could not be recorded; 0 migrations applied before it by this "
              "start; the program was not started\n"
              "  next   look at the schema (a failed CREATE INDEX CONCURRENTLY leaves an INVALID index: drop it), "
              "then say which it is:\n"
              "           nothing of it is there:  schemagate resolve --rolled-back 1_a\n"
              "           all of it is there:      schemagate resolve --applied 1_a\n");
    CHECK(image.command({"resolve", "--applied", "1_a"}).code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a script that empties the history does not let the program start") {
    Image image;
    image.migration("1_a", "SELECT 1").migration("2_b", "DELETE FROM _prisma_migrations");

    const Ran ran = image.apply();

    CHECK(ran.code == 76);
    CHECK(plain(ran.err) ==
          "schemagate: applied 1_a in T\n"
          "schemagate: applied 2_b in T\n"
          "schemagate: every migration was run, and the history does not know of:\n"
          "  1_a\n"
          "  where  " +
              image.database.place() +
              ", table \"public\".\"_prisma_migrations\"\n"
              "  state  what was applied is recorded; the program was not started\n"
              "  next   a migration changes the history itself: take that out of it\n");
  }

  TEST_CASE("a script that gives the lock away is still applied under it, and the next one too") {
    Image image;
    image.migration("1_a", "SELECT pg_advisory_unlock_all(); CREATE TABLE a (id int)")
        .migration("2_b",
                   "CREATE TABLE held AS SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'advisory' AND "
                   "database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND objid "
                   "= 72707369 AND pid = pg_backend_pid()");

    CHECK(image.apply().code == 0);

    CHECK(image.database.value("SELECT locks FROM held") == "1");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a script that ends its own session is tried three times, and leaves the history readable") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int); SELECT pg_terminate_backend(pg_backend_pid())");

    const Ran ran = image.apply();

    CHECK(ran.code == 69);
    const std::string lost =
        "the connection was lost while applying 1_a: terminating connection due to administrator command (57P01)";
    CHECK(ran.err ==
          "schemagate: warning: " + lost + "; connecting again\n" + "schemagate: warning: " + lost +
              "; connecting again\n" + "schemagate: " + lost + "\n  where  " + image.database.place() +
              "\n"
              "  state  1_a: it was applied and recorded, or neither; the next start reads which and goes on; 0 "
              "migrations applied before it by this start; the program was not started\n"
              "  next   start again\n");
    CHECK(image.database.query("SELECT to_regclass('a')") == History{""});
    image.migration("1_a", "CREATE TABLE a (id int)");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a block that commits is applied when it stands alone") {
    check_applied("DO $$ BEGIN CREATE TABLE a (id int); COMMIT; CREATE TABLE b (id int); END $$;");
  }

  TEST_CASE("a procedure that commits is applied when its call stands alone") {
    Image image;
    image.migration("1_a", "CREATE TABLE t (id int); " + procedure).migration("2_b", "CALL fill();");

    CHECK(image.apply().code == 0);

    CHECK(image.database.value("SELECT count(*) FROM t") == "2");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a transaction that is prepared by its script is recorded as applied, as in Prisma") {
    Image image;
    const std::string name = "'" + image.database.name() + "'";
    image.migration("1_a", "BEGIN; CREATE TABLE a (id int); PREPARE TRANSACTION " + name);

    CHECK(image.apply().code == 0);

    CHECK(image.database.history() == History{"1_a|t|f|1|"});
    image.database.query("COMMIT PREPARED " + name);
    CHECK(image.database.value("SELECT to_regclass('a')") == "a");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("VACUUM alone is applied") { check_applied("VACUUM;"); }

  TEST_CASE("DISCARD ALL alone is applied, and the lock taken again") {
    Image image;
    image.migration("1_a", "DISCARD ALL").migration("2_b", "CREATE TABLE a (id int)");

    CHECK(image.apply().code == 0);

    CHECK(image.database.history() == History{"1_a|t|f|1|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a deferred constraint that fails at COMMIT rolls everything back") {
    CHECK(check_rolled_back("CREATE TABLE p (id int PRIMARY KEY);\n"
                            "CREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n"
                            "INSERT INTO c VALUES (1);\n") ==
          "schemagate: migration 2_b failed: insert or update on table \"c\" violates foreign key constraint "
          "\"c_p_fkey\" (23503)\n"
          "  where  FOLDER/2_b/migration.sql\n" +
              rolled_back_state() + corrected());
  }

  TEST_CASE("a script of 5 MB is applied") {
    std::string script = "CREATE TABLE a (id int, word text);\n";
    for (int i = 0; script.size() < 5'000'000; ++i)
      script += "INSERT INTO a VALUES (" + std::to_string(i) + ", '" + std::string(1000, 'x') + "');\n";
    check_applied(script);
  }

  TEST_CASE("names and scripts may hold percent signs, braces and quotes") {
    Image image;
    const std::string name = "1_it's \"50%\" {} %s";
    image.migration(name, "CREATE TABLE \"%s {}\" (id int); SELECT '100%' LIKE '%d', format('%s', 1)");

    const Ran ran = image.apply();

    CHECK(plain(ran.err) == "schemagate: applied " + name + " in T\nschemagate: migrated: 1 migration applied\n");
    CHECK(image.database.history() == History{name + "|t|f|1|"});
    image.migration("2_%s {}", "SELECT \"%s {}\"");
    CHECK(contains(image.apply().err, "migration 2_%s {} failed: column \"%s {}\" does not exist (42703)\n"));
    image.migration("2_%s {}", "SELECT 1");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }
}
