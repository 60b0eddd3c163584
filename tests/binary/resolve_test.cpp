#include <doctest/doctest.h>

#include "support/image.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

using History = std::vector<std::string>;

/// As a Prisma that was killed leaves it, or that failed.
void add_failed_row(const Image& image, const std::string& name, const std::string& logs = "NULL") {
  image.database.query(
      "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at) VALUES "
      "(gen_random_uuid(), repeat('0', 64), '" +
      name + "', " + logs + ", '2024-05-06 07:08:09+00')");
}

/// A database with 1_a applied and 2_b started by a Prisma that was killed.
void prepare(Image& image) {
  image.migration("1_a", "SELECT 1");
  REQUIRE(image.apply().code == 0);
  image.migration("2_b", "CREATE TABLE b (id int)");
  add_failed_row(image, "2_b");
}

std::string unchanged(const Image& image) {
  return "  where  " + image.database.place() +
         ", table \"public\".\"_prisma_migrations\"\n"
         "  state  the history was not changed\n";
}

void check_refused(const Image& image, const std::string& flag, const std::string& name, const std::string& text) {
  const std::string query = "SELECT t::text FROM _prisma_migrations t ORDER BY id";
  const std::vector<std::string> before = image.database.query(query);
  const Ran ran = image.command({"resolve", flag, name});
  CHECK(ran.code == 76);
  CHECK(ran.err == text);
  CHECK(image.database.query(query) == before);
}

}  // namespace

TEST_SUITE("resolve") {
  TEST_CASE("--rolled-back marks the failed row, and the migration is pending again") {
    Image image;
    prepare(image);

    const Ran ran = image.command({"resolve", "--rolled-back", "2_b"});

    CHECK(ran.code == 0);
    CHECK(ran.err == "schemagate: recorded 2_b as rolled back; it is pending again\n");
    CHECK(image.database.history() == History{"2_b|f|t|0|", "1_a|t|f|1|"});
    CHECK(image.apply().code == 0);
    CHECK(image.database.history() == History{"2_b|f|t|0|", "1_a|t|f|1|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--rolled-back again changes nothing") {
    Image image;
    prepare(image);
    CHECK(image.command({"resolve", "--rolled-back", "2_b"}).code == 0);
    const std::string when =
        image.database.value("SELECT rolled_back_at FROM _prisma_migrations WHERE migration_name = '2_b'");

    const Ran ran = image.command({"resolve", "--rolled-back", "2_b"});

    CHECK(ran.code == 0);
    CHECK(ran.err == "schemagate: 2_b was recorded as rolled back before; nothing changed\n");
    CHECK(image.database.value("SELECT rolled_back_at FROM _prisma_migrations WHERE migration_name = '2_b'") == when);
  }

  TEST_CASE("--rolled-back works without the migration's folder") {
    Image image;
    prepare(image);
    image.folder.remove("2_b");

    CHECK(image.command({"resolve", "--rolled-back", "2_b"}).code == 0);

    image.check_second_run_does_nothing();
  }

  TEST_CASE("--rolled-back is refused for what is applied and for what is not known") {
    Image image;
    prepare(image);

    check_refused(
        image, "--rolled-back", "1_a",
        "schemagate: the migration 1_a is applied, not failed\n" + unchanged(image) + "  next   schemagate status\n");
    check_refused(image, "--rolled-back", "3_c",
                  "schemagate: the history does not know the migration 3_c\n" + unchanged(image) +
                      "  next   give the whole name; schemagate status lists them\n");
  }

  TEST_CASE("--rolled-back is refused where there is no history, and none is created") {
    Image image;
    image.migration("1_a", "SELECT 1");

    const Ran ran = image.command({"resolve", "--rolled-back", "1_a"});

    CHECK(ran.code == 76);
    CHECK(ran.err == "schemagate: the history does not know the migration 1_a\n" + unchanged(image) +
                         "  next   give the whole name; schemagate status lists them\n");
    CHECK(image.database.query("SELECT to_regclass('_prisma_migrations')") == History{""});
  }

  TEST_CASE("--applied closes the failed row and adds one as Prisma writes it") {
    Image image;
    prepare(image);

    const Ran ran = image.command({"resolve", "--applied", "2_b"});

    CHECK(ran.code == 0);
    CHECK(ran.err == "schemagate: recorded 2_b as applied\n");
    CHECK(image.database.history() == History{"2_b|f|t|0|", "1_a|t|f|1|", "2_b|t|f|0|"});
    CHECK(
        image.database.query("SELECT started_at = finished_at, logs = '', checksum = encode(sha256('CREATE TABLE b (id "
                             "int)'), 'hex'), length(id) FROM _prisma_migrations WHERE migration_name = '2_b' AND "
                             "finished_at IS NOT NULL") == History{"t|t|t|36"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--applied is refused for what is applied, also the second time") {
    Image image;
    prepare(image);
    CHECK(image.command({"resolve", "--applied", "2_b"}).code == 0);

    for (const std::string name : {"1_a", "2_b"})
      check_refused(image, "--applied", name,
                    "schemagate: the migration " + name + " is already recorded as applied\n" + unchanged(image) +
                        "  next   schemagate status\n");
  }

  TEST_CASE("--applied needs the migration's file, for its checksum") {
    Image image;
    prepare(image);

    const Ran ran = image.command({"resolve", "--applied", "3_c"});

    CHECK(ran.code == 78);
    CHECK(ran.err ==
          "schemagate: the image has no migration 3_c\n"
          "  where  " +
              image.folder.path() +
              "\n"
              "  state  the history was not changed\n"
              "  next   give the whole name of its folder: ls " +
              image.folder.path() + "\n");
  }

  TEST_CASE("--applied baselines a database that has tables and no history") {
    Image image;
    image.database.query("CREATE TABLE a (id int)");
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)");
    CHECK(image.apply().code == 76);

    CHECK(image.command({"resolve", "--applied", "1_a"}).code == 0);

    CHECK(image.database.history() == History{"1_a|t|f|0|"});
    CHECK(image.apply().code == 0);
    CHECK(image.database.history() == History{"1_a|t|f|0|", "2_b|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--applied creates the schema of the URL when it is missing") {
    Image image{"?schema=app"};
    image.migration("1_a", "SELECT 1");

    CHECK(image.command({"resolve", "--applied", "1_a"}).code == 0);

    CHECK(image.database.history("app") == History{"1_a|t|f|0|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--accept records the checksum of the edited file and nothing else") {
    Image image;
    image.migration("1_a", "SELECT 1");
    CHECK(image.apply().code == 0);
    const std::string rest = "SELECT id, started_at, finished_at, logs, applied_steps_count FROM _prisma_migrations";
    const std::vector<std::string> before = image.database.query(rest);
    image.migration("1_a", "SELECT 1 -- why");
    CHECK(image.apply().code == 76);

    for (int i = 0; i < 2; ++i) {
      const Ran ran = image.command({"resolve", "--accept", "1_a"});
      CHECK(ran.code == 0);
      CHECK(ran.err == "schemagate: recorded the checksum of " + image.file("1_a") + ": sha256 " +
                           image.database.value("SELECT encode(sha256('SELECT 1 -- why'), 'hex')") + "\n");
    }

    CHECK(image.database.query(rest) == before);
    image.check_second_run_does_nothing();
  }

  TEST_CASE("--accept is refused for what is not applied") {
    Image image;
    prepare(image);

    check_refused(image, "--accept", "2_b",
                  "schemagate: the migration 2_b is not applied, so there is no checksum to accept\n" +
                      unchanged(image) + "  next   schemagate status\n");
    CHECK(image.command({"resolve", "--accept", "3_c"}).code == 78);
  }

  TEST_CASE("names may hold quotes") {
    Image image;
    const std::string name = R"(1_it's "so" \)";
    image.migration(name, "SELECT 1");

    CHECK(image.command({"resolve", "--applied", name}).code == 0);

    CHECK(image.database.history() == History{name + "|t|f|0|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("the history is repaired under the migration lock only") {
    Image image;
    prepare(image);
    Session holder{image.database.name()};
    holder.value("SELECT pg_advisory_lock(72707369)");

    const Ran ran = image.command({"resolve", "--rolled-back", "2_b", "--lock-wait", "1s"});

    CHECK(ran.code == 75);
    CHECK(
        contains(ran.err, "schemagate: another session has held the migration lock for 1.0 s without progress: pid "));
    CHECK(image.database.history() == History{"2_b|f|f|0|", "1_a|t|f|1|"});
  }

  TEST_CASE("without the right to write the history nothing is repaired, and the grant is named") {
    Image image;
    prepare(image);
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);

    const Ran ran = image.command({"resolve", "--rolled-back", "2_b"}, image.database.url_as(role));

    CHECK(ran.code == 77);
    CHECK(contains(ran.err, "the role \"" + role + "\" lacks INSERT on \"public\".\"_prisma_migrations\"\n"));
    CHECK(image.database.history() == History{"2_b|f|f|0|", "1_a|t|f|1|"});
  }

  TEST_CASE("on a read-only server nothing is repaired, and that is no bug") {
    Image image;
    prepare(image);
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT, INSERT, UPDATE ON _prisma_migrations TO " + role);
    image.database.query("ALTER ROLE " + role + " SET default_transaction_read_only = on");

    const Ran ran = image.command({"resolve", "--rolled-back", "2_b"}, image.database.url_as(role));

    CHECK(ran.code == 69);
    CHECK(contains(ran.err, "cannot execute SELECT in a read-only transaction (25006)\n"));
  }
}
