#include <doctest/doctest.h>

#include "support/image.hpp"
#include "support/session.hpp"

using namespace support;

// Each row of what a state of the database leads to, for run, apply and verify alike: exit code and whole text.
namespace {

using History = std::vector<std::string>;

constexpr const char* untouched = "the database was not changed; the program was not started\n";

/// An image whose only migration is applied.
void prepare(Image& image) {
  image.migration("1_a", "CREATE TABLE a (id int)");
  REQUIRE(image.apply().code == 0);
}

std::string everything(const Image& image) {
  std::string all;
  for (const std::string& row : image.database.query(
           "SELECT CASE WHEN to_regclass('_prisma_migrations') IS NULL THEN 'none' ELSE "
           "query_to_xml('SELECT * FROM _prisma_migrations ORDER BY id', true, true, '')::text END UNION ALL "
           "SELECT nspname FROM pg_namespace UNION ALL SELECT relname FROM pg_class"))
    all += row + "\n";
  return all;
}

struct Refusal {
  int code = 76;
  std::string text;
};

/// `command` ends with this code and text, starts nothing and changes nothing.
void check_refused_by(const Image& image, std::vector<std::string> command, const Refusal& expected,
                      const std::string& url = "") {
  CAPTURE(command.front());
  const std::string before = everything(image);
  if (command.front() == "run") command.insert(command.end(), {"--", "echo", "started"});

  const Ran ran = image.command(command, url);

  CHECK(ran.code == expected.code);
  CHECK(ran.err == expected.text);
  CHECK(ran.out.empty());
  CHECK(everything(image) == before);
}

void check_refused(const Image& image, const Refusal& expected, const std::string& url = "",
                   const std::vector<std::string>& flags = {}) {
  for (const char* word : {"run", "apply", "verify"}) {
    std::vector<std::string> command{word};
    command.insert(command.end(), flags.begin(), flags.end());
    check_refused_by(image, command, expected, url);
  }
}

/// run and apply start, verify passes; `warning` is the only thing said besides.
void check_starts(const Image& image, const std::string& summary, const std::string& warning,
                  const std::vector<std::string>& flags = {}, const std::string& url = "") {
  const auto check = [&](std::vector<std::string> command, const std::vector<std::string>& program,
                         const std::string& out, const std::string& rest) {
    CAPTURE(command.front());
    command.insert(command.end(), flags.begin(), flags.end());
    command.insert(command.end(), program.begin(), program.end());
    const Ran ran = image.command(command, url);
    CHECK(ran.code == 0);
    CHECK(ran.err == warning + "schemagate: " + summary + rest);
    CHECK(ran.out == out);
  };
  check({"run"}, {"--", "echo", "started"}, "started\n", "; starting echo\n");
  check({"apply"}, {}, "", "\n");
  check({"verify"}, {}, "", "\n");
}

std::string where(const std::string& place) {
  return "  where  " + place + ", table \"public\".\"_prisma_migrations\"\n";
}

std::string state(int applied, int pending) {
  return "  state  " + std::to_string(applied) + " migration" + (applied == 1 ? "" : "s") + " of this image applied, " +
         std::to_string(pending) + " pending; " + untouched;
}

std::string as_role(const Image& image, const std::string& role) {
  std::string place = image.database.place();
  return place.replace(0, place.find('@'), role);
}

void add_row(const Image& image, const std::string& name, const std::string& finished, const std::string& logs) {
  image.database.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, logs, started_at) VALUES "
      "(gen_random_uuid(), repeat('0', 64), '" +
      name + "', " + finished + ", " + logs + ", '2024-05-06 07:08:09+00')");
}

std::string sum(const Image& image, const std::string& script) {
  return image.database.value("SELECT encode(sha256('" + script + "'), 'hex')");
}

}  // namespace

TEST_SUITE("refusal") {
  TEST_CASE("verify, and --pending refuse, refuse what is pending") {
    Image image;
    prepare(image);
    image.migration("2_b", "SELECT 1").migration("3_c", "SELECT 1");
    const Refusal refusal{76, "schemagate: 2 migrations are pending:\n  2_b\n  3_c\n" + where(image.database.place()) +
                                  state(1, 2) + "  next   schemagate apply\n"};

    check_refused_by(image, {"verify"}, refusal);
    check_refused(image, refusal, "", {"--pending", "refuse"});

    CHECK(image.apply().code == 0);
    check_starts(image, "up to date: 3 migrations applied", "", {"--pending", "refuse"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("verify refuses an empty database, and creates nothing in it") {
    Image image;
    image.migration("1_a", "SELECT 1");

    check_refused_by(image, {"verify"},
                     {76, "schemagate: 1 migration is pending:\n  1_a\n" + where(image.database.place()) + state(0, 1) +
                              "  next   schemagate apply\n"});
  }

  TEST_CASE("verify refuses a pending migration that sorts before an applied one") {
    Image image;
    image.migration("2_b", "SELECT 1");
    REQUIRE(image.apply().code == 0);
    image.migration("1_a", "SELECT 1");

    check_refused_by(image, {"verify"},
                     {76, "schemagate: 1 migration is pending:\n  1_a\n" + where(image.database.place()) + state(1, 1) +
                              "  next   schemagate apply\n"});
  }

  TEST_CASE("an edited migration is refused") {
    Image image;
    prepare(image);
    image.migration("1_a", "SELECT 2");

    check_refused(image, {76,
                          "schemagate: the migration 1_a was edited after it was applied\n"
                          "  recorded  sha256 " +
                              sum(image, "CREATE TABLE a (id int)") +
                              "\n"
                              "  file      sha256 " +
                              sum(image, "SELECT 2") + "  " + image.file("1_a") + "\n" + where(image.database.place()) +
                              state(1, 0) +
                              "  next   restore the file as it was applied and put the change into a new migration; if "
                              "the edit changes nothing in the schema:\n"
                              "           schemagate resolve --accept 1_a\n"});
  }

  TEST_CASE("an edited migration is only told with --edited warn") {
    Image image;
    prepare(image);
    image.migration("1_a", "SELECT 2");

    check_starts(image, "up to date: 1 migration applied",
                 "schemagate: warning: the migration 1_a was edited after it was applied\n"
                 "  recorded  sha256 " +
                     sum(image, "CREATE TABLE a (id int)") +
                     "\n"
                     "  file      sha256 " +
                     sum(image, "SELECT 2") + "  " + image.file("1_a") + "\n",
                 {"--edited", "warn"});
  }

  TEST_CASE("a migration with other line ends is not edited") {
    Image image;
    image.migration("1_a", "SELECT 1;\nSELECT 2;\n").migration("2_b", "SELECT 1;\r\nSELECT 2;\r\n");
    REQUIRE(image.apply().code == 0);
    image.migration("1_a", "SELECT 1;\r\nSELECT 2;\r\n").migration("2_b", "SELECT 1;\nSELECT 2;\n");

    check_starts(image, "up to date: 2 migrations applied", "");
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a database that is ahead is refused, without a snapshot also by default") {
    Image image;
    prepare(image);
    image.migration("2_b", "SELECT 1").migration("3_c", "SELECT 1");
    REQUIRE(image.apply().code == 0);
    image.folder.remove("2_b");
    image.folder.remove("3_c");
    const std::string what =
        "schemagate: the database has 2 applied migrations that this image does not contain:\n"
        "  2_b\n  3_c\n";
    const std::string rest =
        where(image.database.place()) + state(1, 0) +
        "  next   deploy an image that contains them; if this image is known to work with the newer "
        "schema, start it with\n"
        "           --ahead allow  (SCHEMAGATE_AHEAD=allow)\n";

    check_refused(image, {76, what + "without a snapshot, nothing proves that this image works with them\n" + rest});
    check_refused(image, {76, what + rest}, "", {"--ahead", "refuse"});

    check_starts(image, "up to date: 1 migration applied, 2 more in the database",
                 "schemagate: warning: the database has 2 applied migrations that this image does not contain:\n"
                 "  2_b\n  3_c\n",
                 {"--ahead", "allow"});
  }

  TEST_CASE("a failed row of Prisma's is refused with the error it recorded") {
    Image image;
    prepare(image);
    image.migration("2_b", "SELECT 1");
    add_row(image, "2_b", "NULL",
            R"(E'A migration failed to apply.\n\nDatabase error code: 42704\n\n\x1b[1m  1\x1b[0m SELECT\n')");
    const std::string text =
        "schemagate: the migration 2_b was started on 2024-05-06T07:08:09Z and did not finish; "
        "recorded error:\n"
        "  A migration failed to apply.\n"
        "  \n"
        "  Database error code: 42704\n"
        "  \n"
        "    1 SELECT\n";
    const std::string next =
        "  next   look at the schema, then say which it is:\n"
        "           nothing of it is there:  schemagate resolve --rolled-back 2_b\n"
        "           all of it is there:      schemagate resolve --applied 2_b\n";

    const Refusal refusal{76, text + where(image.database.place()) + state(1, 1) + next};
    check_refused_by(image, {"run"}, refusal);
    check_refused_by(image, {"apply"}, refusal);
    check_refused_by(image, {"verify"},
                     {76, text + "1 migration is pending:\n  2_b\n" + where(image.database.place()) + state(1, 1) +
                              next + "         then:  schemagate apply\n"});
  }

  TEST_CASE("a failed row without an error says why there is none, also when the image has no such migration") {
    Image image;
    prepare(image);
    add_row(image, "0_gone", "NULL", "NULL");

    check_refused(image, {76,
                          "schemagate: the migration 0_gone was started on 2024-05-06T07:08:09Z and did not finish; no "
                          "error was recorded: the process that ran it was killed or lost the connection\n" +
                              where(image.database.place()) + state(1, 0) +
                              "  next   look at the schema, then say which it is:\n"
                              "           nothing of it is there:  schemagate resolve --rolled-back 0_gone\n"
                              "           all of it is there:      schemagate resolve --applied 0_gone\n"});
  }

  TEST_CASE("tables without a history are refused by name, what Prisma does not count does not count") {
    Image image;
    image.migration("1_a", "SELECT 1").migration("2_b", "SELECT 1");
    image.database.query(
        "CREATE VIEW v AS SELECT 1; CREATE SEQUENCE s; CREATE TYPE e AS ENUM ('a'); CREATE TABLE p (i int) "
        "PARTITION BY LIST (i); CREATE TABLE spatial_ref_sys (i int); CREATE SCHEMA other; CREATE TABLE "
        "other.t (i int)");
    image.database.query("CREATE TABLE users (id int); CREATE TABLE \"Post\" (id int)");
    const Refusal refusal{76,
                          "schemagate: the schema \"public\" has tables but no migration history:\n  Post\n  users\n" +
                              where(image.database.place()) + state(0, 2) +
                              "  next   if this is the right database and its schema is what the migrations "
                              "produce, record them with\n"
                              "           schemagate baseline\n"};

    check_refused_by(image, {"run"}, refusal);
    check_refused_by(image, {"apply"}, refusal);

    image.database.query("DROP TABLE users, \"Post\"");
    CHECK(image.apply().code == 0);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("every reason is told at once") {
    Image image;
    prepare(image);
    image.migration("1_a", "SELECT 2").migration("2_b", "SELECT 1");
    add_row(image, "3_c", "now()", "NULL");
    add_row(image, "2_b", "NULL", "NULL");

    check_refused_by(
        image, {"verify"},
        {76,
         "schemagate: the migration 2_b was started on 2024-05-06T07:08:09Z and did not finish; no error was recorded: "
         "the process that ran it was killed or lost the connection\n"
         "the migration 1_a was edited after it was applied\n"
         "  recorded  sha256 " +
             sum(image, "CREATE TABLE a (id int)") +
             "\n"
             "  file      sha256 " +
             sum(image, "SELECT 2") + "  " + image.file("1_a") +
             "\n"
             "the database has 1 applied migration that this image does not contain:\n"
             "  3_c\n"
             "without a snapshot, nothing proves that this image works with them\n"
             "1 migration is pending:\n"
             "  2_b\n" +
             where(image.database.place()) + state(1, 1) +
             "  next   look at the schema, then say which it is:\n"
             "           nothing of it is there:  schemagate resolve --rolled-back 2_b\n"
             "           all of it is there:      schemagate resolve --applied 2_b\n"
             "         restore the file as it was applied and put the change into a new migration; if the edit changes "
             "nothing in the schema:\n"
             "           schemagate resolve --accept 1_a\n"
             "         deploy an image that contains them; if this image is known to work with the newer schema, start "
             "it "
             "with\n"
             "           --ahead allow  (SCHEMAGATE_AHEAD=allow)\n"
             "         then:  schemagate apply\n"});
  }

  TEST_CASE("a role that may not read the history is told the grant that it lacks") {
    Image image;
    prepare(image);
    const std::string role = image.database.role("blind");

    check_refused(image,
                  {77, "schemagate: the role \"" + role +
                           "\" may not read the migration history: permission denied for "
                           "table _prisma_migrations (42501)\n" +
                           where(as_role(image, role)) + "  state  " + untouched +
                           "  next   as its owner:\n"
                           "           GRANT USAGE ON SCHEMA \"public\" TO \"" +
                           role +
                           "\";\n"
                           "           GRANT SELECT ON \"public\".\"_prisma_migrations\" TO \"" +
                           role + "\";\n"},
                  image.database.url_as(role));
  }

  TEST_CASE("a role that may not use the schema is told so") {
    Image image;
    prepare(image);
    const std::string role = image.database.role("blind");
    image.database.query("REVOKE USAGE ON SCHEMA public FROM PUBLIC");

    check_refused(image,
                  {77, "schemagate: the role \"" + role +
                           "\" may not read the migration history: permission denied for "
                           "schema public (42501)\n" +
                           where(as_role(image, role)) + "  state  " + untouched +
                           "  next   as its owner:\n"
                           "           GRANT USAGE ON SCHEMA \"public\" TO \"" +
                           role +
                           "\";\n"
                           "           GRANT SELECT ON \"public\".\"_prisma_migrations\" TO \"" +
                           role + "\";\n"},
                  image.database.url_as(role));
  }

  TEST_CASE("a role that may not write the history is told so before anything is applied") {
    Image image;
    prepare(image);
    image.migration("2_b", "CREATE TABLE b (id int)");
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);
    const std::string object = R"("public"."_prisma_migrations")";
    const auto check_lacks = [&](const std::string& right) {
      const Refusal refusal{77, "schemagate: migrations are pending and the role \"" + role + "\" lacks " + right +
                                    " on " + object + "\n  where  " + as_role(image, role) + "\n  state  " + untouched +
                                    "  next   as the owner:  GRANT " + right + " ON " + object + " TO \"" + role +
                                    "\"\n"
                                    "         or set SCHEMAGATE_DATABASE_URL to a role that owns the schema\n"};
      check_refused_by(image, {"run"}, refusal, image.database.url_as(role));
      check_refused_by(image, {"apply"}, refusal, image.database.url_as(role));
    };

    check_lacks("INSERT");
    image.database.query("GRANT INSERT ON _prisma_migrations TO " + role);
    check_lacks("UPDATE");
  }

  TEST_CASE("a role that may not create the history is told what it lacks") {
    Image image;
    image.migration("1_a", "SELECT 1");
    const std::string role = image.database.role("nobody");
    const auto refusal = [&](const std::string& object) {
      return Refusal{77, "schemagate: migrations are pending and the role \"" + role + "\" lacks CREATE on " + object +
                             "\n  where  " + as_role(image, role) + "\n  state  " + untouched +
                             "  next   as the owner:  GRANT CREATE ON " + object + " TO \"" + role +
                             "\"\n"
                             "         or set SCHEMAGATE_DATABASE_URL to a role that owns the schema\n"};
    };
    image.database.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");

    check_refused_by(image, {"apply"}, refusal("SCHEMA \"public\""), image.database.url_as(role));
    check_refused_by(image, {"apply"}, refusal("DATABASE \"" + image.database.name() + "\""),
                     image.database.url_as(role, "?schema=app"));
  }

  TEST_CASE("somebody else's table of the history's name is left alone") {
    for (const std::string columns : {"(x int)", "(id int, migration_name text)"}) {
      Image image;
      image.migration("1_a", "SELECT 1");
      image.database.query("CREATE TABLE _prisma_migrations " + columns);
      const Ran ran = image.command({"verify"});
      CHECK(ran.code == 76);
      CHECK(
          ran.err.starts_with("schemagate: the table \"public\".\"_prisma_migrations\" is not Prisma's migration "
                              "history: column \""));
      CHECK(ran.err.ends_with("\" does not exist (42703)\n" + where(image.database.place()) + "  state  " + untouched +
                              "  next   rename that table, or point the URL to the right database and ?schema=\n"));
      CHECK(image.apply().err == ran.err);
    }
  }

  TEST_CASE("a history to which only the search_path leads is not taken for none") {
    Image image;
    image.migration("1_a", "SELECT 1");
    CHECK(image.command({"apply"}, image.database.url("?schema=app")).code == 0);
    image.database.query("ALTER DATABASE " + image.database.name() + " SET search_path = app");

    check_refused(image,
                  {76,
                   "schemagate: the migration history is in the schema \"app\", to which this role's search_path "
                   "leads, and not in \"public\"\n  where  " +
                       image.database.place() + ", table \"app\".\"_prisma_migrations\"\n  state  " + untouched +
                       "  next   say which is meant: add ?schema=app to the URL (or ?schema=public for a new "
                       "history)\n"});
    CHECK(image.command({"verify"}, image.database.url("?schema=app")).code == 0);
  }

  TEST_CASE("a table of the history's name with columns of other types is left alone too") {
    Image image;
    image.migration("1_a", "SELECT 1");
    image.database.query(
        "CREATE TABLE _prisma_migrations (id int, migration_name text, checksum text, started_at text, "
        "finished_at text, rolled_back_at text, logs text)");

    check_refused(image, {76,
                          "schemagate: the table \"public\".\"_prisma_migrations\" is not Prisma's migration history: "
                          "function pg_catalog.timezone(unknown, text) does not exist (42883)\n" +
                              where(image.database.place()) + "  state  " + untouched +
                              "  next   rename that table, or point the URL to the right database and ?schema=\n"});
  }

  TEST_CASE("a server that is read-only is refused only when something is pending") {
    Image image;
    prepare(image);
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);
    image.database.query("ALTER ROLE " + role + " SET default_transaction_read_only = on");
    check_starts(image, "up to date: 1 migration applied", "", {}, image.database.url_as(role));
    image.migration("2_b", "SELECT 1");

    check_refused(
        image,
        {76,
         "schemagate: 1 migration is pending:\n  2_b\nand this session may only read: a standby, or a server or role "
         "set "
         "read-only\n" +
             where(as_role(image, role)) + state(1, 1) +
             "  next   point SCHEMAGATE_DATABASE_URL to the primary and to a role that may write, or wait until the "
             "server accepts writes again\n"},
        image.database.url_as(role));
  }

  TEST_CASE("a history that cannot be read in time is no bug") {
    Image image;
    prepare(image);
    Session holder{image.database.name()};
    holder.value("BEGIN; LOCK TABLE _prisma_migrations");

    const Ran ran = image.command({"apply"});

    CHECK(ran.code == 69);
    CHECK(ran.err ==
          "schemagate: the server refused a statement of schemagate: canceling statement due to lock timeout "
          "(55P03)\n"
          "  where  " +
              image.database.place() + "\n  state  " + untouched +
              "  next   remove the cause that the server names, and start again\n");
  }

  TEST_CASE("--deadline also ends the reading of a history that somebody locks") {
    Image image;
    prepare(image);
    Session holder{image.database.name()};
    holder.value("BEGIN; LOCK TABLE _prisma_migrations");

    const Ran ran = image.command({"apply", "--deadline", "1s"});

    CHECK(ran.code == 75);
    CHECK(ran.err ==
          "schemagate: --deadline (SCHEMAGATE_DEADLINE) passed\n"
          "  where  " +
              image.database.place() + "\n  state  " + untouched +
              "  next   start again, with a longer deadline if it happens again\n");
  }

  TEST_CASE("a session that ends while the history is read is no bug") {
    Image image;
    prepare(image);
    Session holder{image.database.name()};
    holder.value("BEGIN; LOCK TABLE _prisma_migrations");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};

    for (int tries = 0; tries < 3; ++tries)
      CHECK(eventually([&] {
        return image.database.value(
                   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
                   "current_database() AND application_name = 'schemagate' AND wait_event_type = 'Lock'") == "1";
      }));

    const Ran ran = running.finish();
    const std::string lost = "the connection was lost: FATAL:  terminating connection due to administrator command";
    const std::string again = "schemagate: warning: " + lost + "; connecting again\n";
    CHECK(ran.code == 69);
    CHECK(ran.err == again + again + "schemagate: " + lost + "\n  where  " + image.database.place() + "\n  state  " +
                         untouched + "  next   start again\n");
  }
}
