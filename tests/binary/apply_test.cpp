#include <doctest/doctest.h>

#include "support/image.hpp"

using namespace support;

namespace {

using History = std::vector<std::string>;

/// `what` and `where` of the refusal of a script that is the only migration; the file's path is FILE.
std::string refusal_of(const std::string& script) {
  Image image;
  image.migration("1_a", script);

  const Ran ran = image.apply();

  CHECK(ran.code == 65);
  image.migration("1_a", "SELECT 1");
  CHECK(image.apply().code == 0);
  image.check_second_run_does_nothing();
  const std::string file = image.file("1_a");
  std::string text = ran.err.substr(0, ran.err.find("\n  state") + 1);
  REQUIRE_MESSAGE(contains(text, file), ran.err);
  return text.replace(text.find(file), file.size(), "FILE");
}

/// A role that owns what it creates and may do with the history what Prisma does: read, insert, update.
std::string migrating_role(Image& image) {
  std::string role = image.database.role("migrator");
  image.database.query("GRANT CREATE ON SCHEMA public TO " + role);
  image.database.query("GRANT SELECT, INSERT, UPDATE ON _prisma_migrations TO " + role);
  return role;
}

}  // namespace

TEST_SUITE("apply") {
  TEST_CASE("the history is Prisma's table and Prisma's row") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");

    CHECK(image.apply().code == 0);

    CHECK(
        image.database.query("SELECT column_name, udt_name, character_maximum_length, is_nullable, column_default FROM "
                             "information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY "
                             "ordinal_position") ==
        History{"id|varchar|36|NO|", "checksum|varchar|64|NO|", "finished_at|timestamptz||YES|",
                "migration_name|varchar|255|NO|", "logs|text||YES|", "rolled_back_at|timestamptz||YES|",
                "started_at|timestamptz||NO|now()", "applied_steps_count|int4||NO|0"});
    CHECK(image.database.query(
              "SELECT migration_name, id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', "
              "checksum = encode(sha256('CREATE TABLE a (id int)'), 'hex'), finished_at >= started_at, logs IS NULL, "
              "rolled_back_at IS NULL, applied_steps_count FROM _prisma_migrations") == History{"1_a|t|t|t|t|t|1"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("with ?schema= a schema is created, and everything happens in it") {
    Image image{"?schema=app"};
    image.migration("1_a", "CREATE TABLE a (id int)")
        .migration("2_b", "SET search_path TO public")
        .migration("3_c", "CREATE TABLE c (id int)");

    CHECK(image.apply().code == 0);

    CHECK(image.database.query("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('app', "
                               "'public') ORDER BY 1") == History{"app._prisma_migrations", "app.a", "app.c"});
    CHECK(image.database.history("app") == History{"1_a|t|f|1|", "2_b|t|f|1|", "3_c|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a schema's name may need quotes") {
    Image image{"?schema=My%20%22App%22"};
    image.migration("1_a", "CREATE TABLE a (id int)");

    CHECK(image.apply().code == 0);

    CHECK(image.database.query("SELECT schemaname FROM pg_tables WHERE tablename = 'a'") == History{"My \"App\""});
    const Ran again = image.apply();
    CHECK(again.err == "schemagate: up to date: 1 migration applied\n");
  }

  TEST_CASE("an error is shown with file, line, column, the lines before it and a caret") {
    CHECK(refusal_of("-- one\n-- two\n-- three\nCREATE TABLE a (\n  id int,\n  word txt\n);\n") ==
          "schemagate: migration 1_a failed: type \"txt\" does not exist (42704)\n"
          "  where  FILE:6:8\n"
          "            4 | CREATE TABLE a (\n"
          "            5 |   id int,\n"
          "            6 |   word txt\n"
          "              |        ^\n");
  }

  TEST_CASE("the column counts characters, not bytes") {
    CHECK(refusal_of("-- žluťoučký kůň 🐎\nSELECT 'čaj 🍵', nothing;\n") ==
          "schemagate: migration 1_a failed: column \"nothing\" does not exist (42703)\n"
          "  where  FILE:2:17\n"
          "            1 | -- žluťoučký kůň 🐎\n"
          "            2 | SELECT 'čaj 🍵', nothing;\n"
          "              |                 ^\n");
  }

  TEST_CASE("CRLF ends a line like LF") {
    CHECK(refusal_of("SELECT 1;\r\nSELECT 2;\r\nSELECT nothing;\r\n") ==
          "schemagate: migration 1_a failed: column \"nothing\" does not exist (42703)\n"
          "  where  FILE:3:8\n"
          "            1 | SELECT 1;\n"
          "            2 | SELECT 2;\n"
          "            3 | SELECT nothing;\n"
          "              |        ^\n");
  }

  TEST_CASE("a tab before the caret stays a tab") {
    CHECK(refusal_of("SELECT\n\t1,\tnothing;\n") ==
          "schemagate: migration 1_a failed: column \"nothing\" does not exist (42703)\n"
          "  where  FILE:2:5\n"
          "            1 | SELECT\n"
          "            2 | \t1,\tnothing;\n"
          "              | \t  \t^\n");
  }

  TEST_CASE("a long line is shown around the caret, and cut between characters") {
    const std::string fill(200, 'x');
    std::string words;
    for (int i = 0; i < 100; ++i) words += "žž";
    CHECK(refusal_of("-- " + words + "\nSELECT '" + fill + "', nothing, '" + fill + "'\n") ==
          "schemagate: migration 1_a failed: column \"nothing\" does not exist (42703)\n"
          "  where  FILE:2:212\n"
          "            1 | -- " +
              words.substr(0, 2 * std::size_t{117}) +
              "\n"
              "            2 | " +
              std::string(57, 'x') + "', nothing, '" + std::string(50, 'x') +
              "\n"
              "              | " +
              std::string(60, ' ') + "^\n");
  }

  TEST_CASE("what is missing at the end of a file is shown behind its last text, in the server's words") {
    CHECK(refusal_of("CREATE TABLE a (\n  id int\n\n") ==
          "schemagate: migration 1_a failed: syntax error at end of input (42601)\n"
          "  where  FILE:2:9\n"
          "            1 | CREATE TABLE a (\n"
          "            2 |   id int\n"
          "              |         ^\n");
  }

  TEST_CASE("an open quote is reported as it stands in the file") {
    CHECK(refusal_of("SELECT 1;\nSELECT 'open;\n") ==
          "schemagate: warning: 1_a cannot be read by this schemagate, by an error or a newer syntax: it is sent as it "
          "is, in one message\n"
          "schemagate: migration 1_a failed: unterminated quoted string at or near \"'open;\n\" (42601)\n"
          "  where  FILE:2:8\n"
          "            1 | SELECT 1;\n"
          "            2 | SELECT 'open;\n"
          "              |        ^\n");
    CHECK(contains(refusal_of("DO $$ BEGIN"), "unterminated dollar-quoted string at or near \"$$ BEGIN\" (42601)\n"));
    CHECK(contains(refusal_of("SELECT 1 /* open"), "unterminated /* comment at or near \"/* open\" (42601)\n"));
    CHECK(contains(refusal_of("SELECT \"open"), "unterminated quoted identifier at or near \"\"open\" (42601)\n"));
  }

  TEST_CASE("an error inside a function is shown with the server's context") {
    CHECK(refusal_of("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 'a'::regtype;\nEND "
                     "$$;\nSELECT f();\n") ==
          "schemagate: migration 1_a failed: type \"a\" does not exist (42704)\n"
          "  context: PL/pgSQL function f() line 3 at RETURN\n"
          "  where  FILE\n");
  }

  TEST_CASE("a function whose body does not compile is shown at the line of the file") {
    CHECK(
        refusal_of("SELECT 1;\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETRN 1;\nEND $$;\n") ==
        "schemagate: migration 1_a failed: syntax error at or near \"RETRN\" (42601)\n"
        "  where  FILE:4:3\n"
        "            2 | CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\n"
        "            3 | BEGIN\n"
        "            4 |   RETRN 1;\n"
        "              |   ^\n");
  }

  TEST_CASE("what was applied before the failing migration stays, and the state says so") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)");
    image.migration("3_c", "CREATE TABLE c (id int); SELECT nothing").migration("4_d", "CREATE TABLE d (id int)");

    const Ran ran = image.apply();

    CHECK(ran.code == 65);
    CHECK(
        plain(ran.err) ==
        "schemagate: applied 1_a in T\n"
        "schemagate: applied 2_b in T\n"
        "schemagate: migration 3_c failed: column \"nothing\" does not exist (42703)\n"
        "  where  " +
            image.file("3_c") +
            ":1:33\n"
            "            1 | CREATE TABLE c (id int); SELECT nothing\n"
            "              |                                 ^\n"
            "  state  3_c: it was rolled back whole; 2 migrations applied before it by this start; the program was not "
            "started\n"
            "  next   ship a corrected 3_c in a new image; it will simply be applied\n");
    CHECK(image.database.query("SELECT to_regclass('a'), to_regclass('b'), to_regclass('c'), to_regclass('d')") ==
          History{"a|b||"});
    image.migration("3_c", "SELECT 1");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a crash loop of failing starts leaves one rolled-back row with the error") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int);\nSELECT nothing;\n");
    const std::string row = "1_a|f|t|0|schemagate: column \"nothing\" does not exist (42703)\n" + image.file("1_a") +
                            ":2:8\n   1 | CREATE TABLE a (id int);\n   2 | SELECT nothing;\n     |        ^";

    for (int start = 0; start < 3; ++start) {
      CHECK(image.apply().code == 65);
      CHECK(image.database.history() == History{row});
    }

    image.migration("1_a", "CREATE TABLE a (id int)");
    CHECK(image.apply().code == 0);
    CHECK(image.database.history() == History{row, "1_a|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a script of its own transactions that rolled back leaves one row too") {
    Image image;
    image.migration("1_a", "BEGIN;\nCREATE TABLE a (id int);\nSELECT * FROM later;\nCOMMIT;\n");

    for (int start = 0; start < 3; ++start) CHECK(image.apply().code == 65);

    CHECK(image.database.query("SELECT migration_name, rolled_back_at IS NOT NULL, finished_at IS NULL, "
                               "split_part(logs, chr(10), 1) FROM _prisma_migrations") ==
          History{"1_a|t|t|schemagate: relation \"later\" does not exist (42P01)"});
    image.database.query("CREATE TABLE later (id int)");
    CHECK(image.apply().code == 0);
    CHECK(image.database.history() == History{"1_a|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a role that may read, insert and update the history, as Prisma needs, can fail and be corrected") {
    Image image;
    image.migration("1_a", "SELECT 1");
    CHECK(image.apply().code == 0);
    const std::string url = image.database.url_as(migrating_role(image));
    image.migration("2_b", "SELECT nothing").migration("3_c", "BEGIN; CREATE TABLE c (id int); COMMIT");

    for (int start = 0; start < 3; ++start) CHECK(image.command({"apply"}, url).code == 65);

    CHECK(image.database.history().size() == 2);
    image.migration("2_b", "CREATE TABLE b (id int)");
    CHECK(image.command({"apply"}, url).code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a migration that lacks a right is rolled back, and told whose right it is") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    CHECK(image.apply().code == 0);
    const std::string role = migrating_role(image);
    image.migration("2_b", "ALTER TABLE a ADD COLUMN word text");

    const Ran ran = image.command({"apply"}, image.database.url_as(role));

    CHECK(ran.code == 77);
    CHECK(ran.err ==
          "schemagate: migration 2_b failed: must be owner of table a (42501)\n"
          "  where  " +
              image.file("2_b") +
              "\n"
              "  state  2_b: it was rolled back whole; 0 migrations applied before it by this start; the program "
              "was not started\n"
              "  next   give the role the right that the error names, or set SCHEMAGATE_DATABASE_URL to a role "
              "that has it, and start again\n");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a migration that sorts before an applied one is applied, with a warning") {
    Image image;
    image.migration("2_b", "CREATE TABLE b (id int)");
    CHECK(image.apply().code == 0);
    image.migration("1_a", "CREATE TABLE a (id int)");

    const Ran ran = image.apply();

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) ==
          "schemagate: warning: 1_a is pending but sorts before a migration that is applied already\n"
          "schemagate: applied 1_a in T\n"
          "schemagate: migrated: 2 migrations applied\n");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("what was rolled back is applied again, whoever rolled it back") {
    Image image;
    image.migration("1_a", "SELECT 1");
    CHECK(image.apply().code == 0);
    image.database.query("UPDATE _prisma_migrations SET rolled_back_at = now()");

    CHECK(image.apply().code == 0);

    CHECK(image.database.history() == History{"1_a|t|t|1|", "1_a|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--deadline cancels the migration, which is rolled back whole") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int); SELECT pg_sleep(30)");

    const Ran ran = image.command({"apply", "--deadline", "2s"});

    CHECK(ran.code == 75);
    CHECK(ran.err ==
          "schemagate: --deadline passed while applying 1_a\n"
          "  where  " +
              image.file("1_a") +
              "\n"
              "  state  1_a: it was rolled back whole; 0 migrations applied before it by this start; the program "
              "was not started\n"
              "  next   start again with a longer --deadline (SCHEMAGATE_DEADLINE), or apply from a job\n");
    CHECK(image.database.history().empty());
    image.migration("1_a", "CREATE TABLE a (id int)");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--deadline cancels a script of its own transactions, and the next start may try again") {
    Image image;
    image.migration("1_a", "BEGIN; CREATE TABLE a (id int); SELECT pg_sleep(30); COMMIT");

    const Ran ran = image.command({"apply", "--deadline", "2s"});

    CHECK(ran.code == 75);
    CHECK(contains(ran.err, "schemagate: --deadline passed while applying 1_a\n"));
    CHECK(contains(ran.err, "  state  1_a: it was rolled back whole; "));
    image.migration("1_a", "BEGIN; CREATE TABLE a (id int); COMMIT");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }
}
