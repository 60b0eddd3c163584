#include <doctest/doctest.h>

#include <csignal>

#include "support/advice.hpp"
#include "support/sealed.hpp"
#include "support/session.hpp"

using namespace support;

// Taking over a database that was never migrated, with proof.
namespace {

/// As somebody made it by hand.
void make_shop(const SealedImage& image) {
  image.database.query(
      "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text);"
      "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total int);"
      "INSERT INTO users VALUES (1, 'ada@example.com', '')");
}

bool has_history(const SealedImage& image) {
  return image.database.value("SELECT to_regclass('_prisma_migrations') IS NOT NULL") == "t";
}

/// An empty history in which the second row does something else.
void add_history(const SealedImage& image, const std::string& instead) {
  SealedImage first;
  first.migration("1_a", "SELECT 1").start();
  const std::string columns = first.database.value(
      "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute "
      "WHERE attrelid = '_prisma_migrations'::regclass AND attnum > 0");
  image.database.query("CREATE SCHEMA aside; CREATE TABLE _prisma_migrations (" + columns +
                       "); CREATE FUNCTION aside.instead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "
                       "NEW.migration_name = '2_orders' THEN " +
                       instead +
                       "; END IF; RETURN NEW; END $$; CREATE TRIGGER instead BEFORE INSERT ON _prisma_migrations FOR "
                       "EACH ROW EXECUTE FUNCTION aside.instead()");
}

std::string rows(const SealedImage& image) { return image.database.value("SELECT count(*) FROM _prisma_migrations"); }

}  // namespace

TEST_SUITE("baseline") {
  TEST_CASE("nothing is taken over while somebody migrates") {
    SealedImage image;
    add_shop(image);
    image.seal();
    make_shop(image);
    Session holder{image.database.name()};
    holder.value("SELECT pg_advisory_lock(72707369)");

    const Ran ran = image.command({"baseline", "--lock-wait", "300ms"});

    CHECK(ran.code == 75);
    CHECK(contains(ran.err, "\n  state  the database was not changed; no migration was recorded\n"));
    CHECK_FALSE(has_history(image));
  }

  TEST_CASE("all rows are recorded or none") {
    SealedImage image;
    add_shop(image);
    image.seal();
    make_shop(image);
    add_history(image, "RAISE EXCEPTION 'not today'");

    const Ran ran = image.command({"baseline"});

    CHECK(ran.code == 76);
    CHECK(ran.err ==
          "schemagate: the migration history did not take the rows that were to be recorded, or did not keep them: not "
          "today (P0001)\n  where  " +
              image.database.place() +
              ", table \"public\".\"_prisma_migrations\"\n"
              "  state  the database was not changed; no migration was recorded\n"
              "  next   see what is there:\n"
              "           schemagate status\n" +
              writers_advice());
    CHECK(rows(image) == "0");
  }

  TEST_CASE("one that was killed while it recorded is begun again") {
    SealedImage image;
    add_shop(image);
    image.seal();
    make_shop(image);
    add_history(image, "PERFORM pg_sleep(1)");
    Running running{{binary(), "baseline", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = "
                 "'PgSleep'") == "1";
    }));

    running.signal(SIGKILL);
    (void)running.finish();
    const std::string left = rows(image);
    const Ran again = image.command({"baseline"});

    CHECK(left == "0");
    CHECK(again.code == 0);
    CHECK(image.database.history() == std::vector<std::string>{"1_users|t|f|0|", "2_orders|t|f|0|"});
  }

  TEST_CASE("a database whose schema is the snapshot's gets its history, and starts") {
    SealedImage image;
    add_shop(image);
    image.seal();
    make_shop(image);

    const Ran refused = image.command({"run", "--", "echo", "started"});
    const Ran ran = image.command({"baseline"});
    const Ran started = image.command({"run", "--", "echo", "started"});

    CHECK(refused.code == 76);
    CHECK(contains(refused.err, "schemagate baseline"));
    CHECK(ran.code == 0);
    CHECK(ran.err == "schemagate: the schema is what they produce: recorded 2 migrations as applied\n");
    CHECK(image.database.history() == std::vector<std::string>{"1_users|t|f|0|", "2_orders|t|f|0|"});
    CHECK(started.code == 0);
    CHECK(started.out == "started\n");
    CHECK(image.database.value("SELECT email FROM users") == "ada@example.com");
  }

  TEST_CASE("a schema of nothing that the migrations produce changes nothing") {
    SealedImage image;
    add_shop(image);
    image.seal();
    image.database.query("CREATE TABLE users (id int PRIMARY KEY)");

    const Ran ran = image.command({"baseline"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "schemagate: the live schema is not what the migrations produce: "));
    CHECK(contains(ran.err, "breaking  column public.users.email: missing"));
    CHECK(contains(ran.err, "  where  " + image.database.place() + "\n"));
    CHECK(contains(ran.err, "  state  the database was not changed; no migration was recorded\n"));
    CHECK(
        ran.err.ends_with("  next   it is the schema of no earlier migration either: bring the schema to what the "
                          "migrations produce, and try again\n"));
    CHECK_FALSE(has_history(image));
  }

  TEST_CASE("an index that is missing is no harmless difference for a baseline") {
    SealedImage image;
    add_shop(image);
    image.migration("3_index", "CREATE INDEX by_total ON orders (total)").seal();
    make_shop(image);

    const Ran ran = image.command({"baseline"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "harmless  index public.by_total: missing"));
    CHECK(contains(ran.err, "schemagate baseline --up-to 2_orders\n"));
    CHECK_FALSE(has_history(image));
  }

  TEST_CASE("the schema of an earlier state is found and proposed, and taken over with --up-to") {
    SealedImage image;
    add_shop(image);
    image.migration("3_more", "ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0").seal();
    make_shop(image);

    const Ran proposed = image.command({"baseline"});
    const bool touched = has_history(image);
    const Ran ran = image.command({"baseline", "--up-to", "2_orders"});
    const Ran applied = image.command({"apply"});

    CHECK(proposed.code == 76);
    CHECK(
        proposed.err.ends_with("  next   it is exactly what the first 2 migrations produce:\n"
                               "           schemagate baseline --up-to 2_orders\n"));
    CHECK_FALSE(touched);
    CHECK(ran.code == 0);
    CHECK(ran.err.ends_with(
        "schemagate: the schema is what they produce: recorded 2 migrations as applied, 1 pending\n"));
    CHECK(applied.code == 0);
    CHECK(image.database.history() == std::vector<std::string>{"1_users|t|f|0|", "2_orders|t|f|0|", "3_more|t|f|1|"});
  }

  TEST_CASE("without a snapshot the migrations are replayed for the proof") {
    SealedImage image;
    add_shop(image);
    make_shop(image);

    const Ran ran = image.command({"baseline"});

    CHECK(ran.code == 0);
    CHECK(image.database.history() == std::vector<std::string>{"1_users|t|f|0|", "2_orders|t|f|0|"});
  }

  TEST_CASE("a database that has a history is not taken over again") {
    SealedImage image;
    add_shop(image);
    image.start();

    const Ran ran = image.command({"baseline"});

    CHECK(ran.code == 76);
    CHECK(ran.err == "schemagate: this database has a migration history\n  where  " + image.database.place() +
                         ", table \"public\".\"_prisma_migrations\"\n"
                         "  state  the database was not changed; no migration was recorded\n"
                         "  next   schemagate status\n");
  }

  TEST_CASE("--up-to a migration that the image lacks is refused") {
    SealedImage image;
    add_shop(image);

    const Ran ran = image.command({"baseline", "--up-to", "2_"});

    CHECK(ran.code == 78);
    CHECK(ran.err == "schemagate: the image has no migration 2_\n  where  " + image.folder.path() +
                         "\n  state  the database was not contacted; the program was not started\n"
                         "  next   give the whole name of its folder: ls " +
                         image.folder.path() + "\n");
  }
}
