#include <doctest/doctest.h>

#include "support/sealed.hpp"
#include "support/session.hpp"

using namespace support;

// The gate with a snapshot: whatever the history says, the live schema decides.
namespace {

constexpr const char* untouched = "the database was not changed; the program was not started\n";
constexpr const char* advice =
    "  next   see all of it:\n"
    "           schemagate diff\n"
    "         then bring the schema back, or ship a migration that does; --drift warn (SCHEMAGATE_DRIFT=warn) starts "
    "all the same\n";

/// A start, seen by its own statements.
struct Start {
  Ran ran;
  std::vector<std::string> statements;
};

Start start(const SealedImage& image, const std::string& name, const std::string& url = "") {
  const std::string base = url.empty() ? image.database.url() : url;
  Ran ran = image.command({"run", "--", "echo", "started"},
                          base + (contains(base, "?") ? "&" : "?") + "application_name=" + name);
  return {std::move(ran), image.database.statements(name)};
}

}  // namespace

TEST_SUITE("schema") {
  TEST_CASE("a schema that is the snapshot's starts, and the next start asks one question") {
    SealedImage image;
    add_shop(image);
    image.start();

    const Start second = start(image, "second");

    CHECK(second.ran.code == 0);
    CHECK(second.ran.out == "started\n");
    CHECK(second.ran.err == "schemagate: up to date: 2 migrations applied; starting echo\n");
    CHECK(second.statements.size() == 1);
  }

  TEST_CASE("a dropped column refuses the start, whatever the history says") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("ALTER TABLE users DROP COLUMN note");

    for (const char* word : {"run", "apply", "verify"}) {
      CAPTURE(word);
      std::vector<std::string> command{word};
      if (command[0] == "run") command.insert(command.end(), {"--", "echo", "started"});
      const Ran ran = image.command(command);

      CHECK(ran.code == 76);
      CHECK(ran.out == "");
      CHECK(ran.err ==
            "schemagate: the live schema is not what this image expects: 1 breaking difference\n"
            "breaking  column public.users.note: missing  (42703: every statement that names it fails)\n"
            "    - type=text\n"
            "  where  " +
                image.database.place() + ", snapshot " + image.snapshot() +
                "\n  state  2 migrations of this image applied, 0 pending; " + untouched + advice);
    }
  }

  TEST_CASE("a risky difference is drift as well, while the history is the image's") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)");

    const Ran ran = image.command({"verify"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "schemagate: the live schema is not what this image expects: 1 risky difference\n"));
    CHECK(contains(ran.err, "risky     constraint public.orders.positive: extra"));
  }

  TEST_CASE("what was applied is verified too, and stays recorded") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").seal();
    image.database.query("CREATE TYPE mood AS ENUM ('sad')");
    image.database.query("CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    image.database.query(
        "CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN "
        "IF to_regclass('public.a') IS NOT NULL THEN ALTER TABLE a ADD COLUMN IF NOT EXISTS x int NOT "
        "NULL; END IF; END$$");
    image.database.query(
        "CREATE EVENT TRIGGER seen ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION seen()");

    const Ran ran = image.command({"run", "--", "echo", "started"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "breaking  column public.a.x: extra"));
    CHECK(contains(ran.err,
                   "1 migration of this image applied, 0 pending; what was applied is recorded; the program was "
                   "not started\n"));
    CHECK(image.database.history() == std::vector<std::string>{"1_a|t|f|1|"});
  }

  TEST_CASE("under --drift warn it starts and says so, every time") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("ALTER TABLE users DROP COLUMN note");

    for (int i = 0; i < 2; ++i) {
      const Ran ran = image.command({"run", "--drift", "warn", "--", "echo", "started"});

      CHECK(ran.code == 0);
      CHECK(ran.out == "started\n");
      CHECK(ran.err ==
            "schemagate: warning: the live schema is not what this image expects: 1 breaking difference\n"
            "breaking  column public.users.note: missing  (42703: every statement that names it fails)\n"
            "    - type=text\n"
            "schemagate: up to date: 2 migrations applied; starting echo\n");
    }
  }

  TEST_CASE("what changes nothing for the program is told once, and starts") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("CREATE TABLE extra (id int); CREATE INDEX by_total ON orders (total)");

    const Start first = start(image, "first");
    const Start second = start(image, "second");

    CHECK(first.ran.code == 0);
    CHECK(contains(first.ran.err, "the schema has 2 harmless differences that change nothing for the program:\n"));
    CHECK(contains(first.ran.err, "  harmless table public.extra: extra\n"));
    CHECK(contains(first.ran.err, "  harmless index public.by_total: extra\n"));
    CHECK(second.ran.err == "schemagate: up to date: 2 migrations applied; starting echo\n");
  }

  TEST_CASE("DDL after the last verification is noticed at the next start") {
    SealedImage image;
    add_shop(image);
    image.start();
    const std::string before = image.mark();
    CHECK(before.starts_with("schemagate verified this schema: "));
    image.database.query("ALTER TABLE users ALTER COLUMN note SET DEFAULT ''");
    CHECK(image.command({"verify"}).code == 0);
    CHECK(image.mark() == before);

    CHECK(start(image, "first").statements.size() > 1);

    CHECK(image.mark() != before);
    CHECK(start(image, "second").statements.size() == 1);
  }

  TEST_CASE("temporary tables of other sessions cost one question more, and no verification in full") {
    SealedImage image;
    add_shop(image);
    image.start();
    Session session{image.database.name()};
    (void)session.value("CREATE TEMPORARY TABLE basket (id serial PRIMARY KEY)");

    const Start second = start(image, "second");

    CHECK(second.ran.err == "schemagate: up to date: 2 migrations applied; starting echo\n");
    CHECK(second.statements.size() == 2);
  }

  TEST_CASE("a transaction that is older than the last DDL keeps a mark from being left, and costs nothing else") {
    SealedImage image;
    add_shop(image);
    Session session{image.database.name()};
    (void)session.value("BEGIN; SELECT pg_current_xact_id()");
    image.start();
    CHECK(image.mark().empty());

    const Start second = start(image, "second");

    CHECK(second.ran.code == 0);
    // What is there, in full, and whether a mark may be left now.
    CHECK(second.statements.size() == 3);
  }

  TEST_CASE("the mark of a copied database is not believed") {
    SealedImage image;
    add_shop(image);
    image.start();
    const std::string copy = image.database.name() + "_copy";
    const std::string mark = image.mark();
    image.database.query("CREATE DATABASE " + copy + " TEMPLATE " + image.database.name());
    std::string url = image.database.url();
    url.replace(url.rfind('/') + 1, std::string::npos, copy);

    const Ran first = image.command({"verify", "--log-format", "json"}, url + "?application_name=" + copy);
    Session session{copy};
    const std::string carried = session.value("SELECT obj_description('_prisma_migrations'::regclass)");
    session.value("ALTER TABLE users DROP COLUMN note");
    const Ran second = image.command({"verify"}, url);

    CHECK(first.code == 0);
    CHECK(carried == mark);
    CHECK(second.code == 76);
  }

  TEST_CASE("a comment of somebody else's is left alone") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("COMMENT ON TABLE _prisma_migrations IS 'do not touch'");

    CHECK(start(image, "first").ran.code == 0);
    CHECK(start(image, "second").statements.size() > 1);

    CHECK(image.mark() == "do not touch");
  }

  TEST_CASE("a role that may only read verifies, and leaves no mark") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("COMMENT ON TABLE _prisma_migrations IS NULL");
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);

    const Start granted = start(image, "granted", image.database.url_as(role));
    image.database.query("ALTER ROLE " + role + " SET default_transaction_read_only = on");
    const Start read_only = start(image, "read_only", image.database.url_as(role));
    image.database.query("ALTER TABLE users DROP COLUMN note");
    const Start drifted = start(image, "drifted", image.database.url_as(role));

    CHECK(granted.ran.code == 0);
    CHECK(read_only.ran.code == 0);
    CHECK(read_only.ran.err == "schemagate: up to date: 2 migrations applied; starting echo\n");
    CHECK(drifted.ran.code == 76);
    CHECK(image.mark() == "");
  }

  TEST_CASE("a lock that keeps the schema from being read is waited for, then it starts with a loud warning") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int DEFAULT 1); CREATE VIEW v AS SELECT id FROM a").start();
    image.database.query("CREATE INDEX later ON a (id)");
    Session holder{image.database.name()};
    holder.value("BEGIN");
    holder.value("LOCK TABLE a IN ACCESS EXCLUSIVE MODE");

    const Ran ran = image.command({"run", "--wait", "3s", "--", "echo", "started"});

    CHECK(ran.code == 0);
    CHECK(ran.out == "started\n");
    CHECK(ran.err ==
          "schemagate: the schema cannot be read yet, waiting: canceling statement due to lock timeout (55P03)\n"
          "schemagate: warning: THE SCHEMA WAS NOT VERIFIED: a lock held elsewhere kept its description from being "
          "read: canceling statement due to lock timeout (55P03)\n"
          "schemagate: up to date: 1 migration applied; starting echo\n");
  }

  TEST_CASE("what is changed while it is described is described again") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int CHECK (id > 0)); CREATE TABLE b (id int, name text)").start();
    image.database.query("COMMENT ON TABLE _prisma_migrations IS NULL");
    Session holder{image.database.name()};
    holder.begin("LOCK TABLE a; SELECT pg_sleep(1.5); ALTER TABLE b DROP COLUMN name");
    const std::string locked = "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND granted";
    REQUIRE(eventually([&] { return image.database.value(locked) == "1"; }));

    const Ran ran = image.command({"verify"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "column public.b.name"));
  }

  TEST_CASE("the mark is of what was verified, not of what was there before a lock was waited for") {
    SealedImage image;
    const std::string function = "CREATE FUNCTION price() RETURNS int LANGUAGE sql AS 'SELECT 1'";
    image.migration("1_a", "CREATE TABLE a (id int CHECK (id > 0)); " + function).start();
    image.database.query("DROP FUNCTION price()");
    REQUIRE(image.apply().code == 76);
    Session holder{image.database.name()};
    // Until after the first try was given up, and before the second.
    holder.begin("LOCK TABLE a; " + function + "; SELECT pg_sleep(2.3)");
    const std::string locked = "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND granted";
    REQUIRE(eventually([&] { return image.database.value(locked) == "1"; }));
    REQUIRE(image.apply().code == 0);

    image.database.query("DROP FUNCTION price()");

    CHECK(image.apply().code == 76);
  }

  TEST_CASE("objects that --ignore names are not compared") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("CREATE TABLE tmp_1 (id int REFERENCES users); ALTER TABLE orders DROP COLUMN total");

    CHECK(image.command({"verify", "--ignore", "public.tmp_*,public.orders.total"}).code == 0);
    CHECK(image.command({"verify", "--ignore", "public.tmp_*"}).code == 76);
    CHECK(image.command({"verify"}, "", {{"SCHEMAGATE_IGNORE", "public.tmp_*,public.orders"}}).code == 0);
  }

  TEST_CASE("status tells what verify would refuse") {
    SealedImage image;
    add_shop(image);
    image.start();
    CHECK(image.command({"status"}).code == 0);
    image.database.query("ALTER TABLE users DROP COLUMN note");

    const Ran ran = image.command({"status"});
    const Ran json = image.command({"status", "--json"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "breaking  column public.users.note: missing"));
    CHECK(json.code == 76);
    CHECK(contains(json.out, R"("verdict":"refuse")"));
    CHECK(contains(json.out, R"("refusal":{"code":76,"what":"the live schema is not what this image expects)"));
  }

  TEST_CASE("a schema of its own is verified where the URL says") {
    SealedImage image{"?schema=shop"};
    add_shop(image);
    image.start();
    image.check_second_run_does_nothing();

    image.database.query("ALTER TABLE shop.users DROP COLUMN note");
    CHECK(contains(image.command({"verify"}).err, "breaking  column shop.users.note: missing"));

    const Ran ran = image.command({"verify"}, image.database.url("?schema=elsewhere"));
    CHECK(ran.code == 76);
  }

  TEST_CASE("a snapshot of another schema than the URL's is refused") {
    SealedImage image;
    add_shop(image);
    image.seal();

    const Ran ran = image.command({"apply"}, image.database.url("?schema=shop"));

    CHECK(ran.code == 78);
    CHECK(contains(ran.err, "the snapshot was made in the schema \"public\", and the URL says \"shop\"\n"));
    CHECK(contains(ran.err, "  next   schemagate snapshot --schema shop\n"));
  }
}

TEST_SUITE("schema: ahead") {
  TEST_CASE("an older image starts on a newer schema that lacks nothing it needs") {
    SealedImage image;
    add_shop(image);
    image.migration("3_newer",
                    "ALTER TABLE users ADD COLUMN age int; CREATE TABLE newer (id int REFERENCES users); "
                    "ALTER TABLE orders ADD CHECK (total >= 0)");
    image.start();
    image.folder.remove("3_newer");
    image.folder.remove("schema.snapshot");
    image.seal();

    const Start first = start(image, "first");
    const Start second = start(image, "second");

    CHECK(first.ran.code == 0);
    CHECK(contains(first.ran.err, "that this image can work with:\n"));
    CHECK(second.ran.err == "schemagate: up to date: 2 migrations applied, 1 more in the database; starting echo\n");
    CHECK(second.statements.size() == 1);
  }

  TEST_CASE("an older image is refused by a newer schema that breaks it") {
    SealedImage image;
    add_shop(image);
    image.migration("3_newer", "ALTER TABLE users RENAME COLUMN email TO mail");
    image.start();
    image.folder.remove("3_newer");
    image.folder.remove("schema.snapshot");
    image.seal();

    const Ran allowed = image.command({"apply", "--ahead", "allow"});
    const Ran ran = image.command({"verify"});
    const Ran refused = image.command({"verify", "--ahead", "refuse"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "breaking  column public.users.email: missing  (42703"));
    CHECK(allowed.code == 0);
    CHECK(contains(allowed.err, "schemagate: warning: the live schema is not what this image expects: "));
    CHECK(refused.code == 76);
    CHECK(contains(refused.err, "the database has 1 applied migration that this image does not contain"));
  }

  TEST_CASE("images of a rolling deployment do not take each other's mark") {
    SealedImage image;
    add_shop(image);
    image.migration("3_newer", "ALTER TABLE users ADD COLUMN age int").start();
    SealedImage older;
    add_shop(older);
    older.seal();

    CHECK(older.command({"apply"}, image.database.url()).code == 0);
    CHECK(start(image, "newer").statements.size() == 1);
    const Ran ran = older.command({"apply"}, image.database.url("?application_name=older"));

    CHECK(ran.code == 0);
    CHECK(image.database.statements("older").size() == 1);
  }
}

TEST_SUITE("schema: the image") {
  TEST_CASE("an image that lost its snapshot is refused where one was verified") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.folder.remove("schema.snapshot");

    const Ran ran = image.command({"run", "--", "echo", "started"});
    const Ran meant = image.command({"run", "--snapshot", "none", "--", "echo", "started"});

    CHECK(ran.code == 78);
    CHECK(ran.out == "");
    CHECK(ran.err ==
          "schemagate: this database's schema was verified with a snapshot before, and this image has none\n"
          "  where  " +
              image.database.place() + ", expected " + image.snapshot() +
              "\n  state  the database was not changed; the program was not started\n"
              "  next   copy the snapshot into the image beside the migrations (schemagate snapshot writes it), or say "
              "that none is meant:\n"
              "           --snapshot none  (SCHEMAGATE_SNAPSHOT=none)\n");
    CHECK(meant.code == 0);
    CHECK(meant.err == "schemagate: up to date: 2 migrations applied; starting echo\n");
  }

  TEST_CASE("an image that lost its snapshot, or has that of another schema, applies nothing before it is refused") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.migration("3_c", "CREATE TABLE c (id int)");
    image.seal();

    const Ran elsewhere = image.command({"apply"}, image.database.url("?schema=shop"));
    image.folder.remove("schema.snapshot");
    const Ran lost = image.command({"apply"});

    CHECK(elsewhere.code == 78);
    CHECK(image.database.value("SELECT to_regnamespace('shop') IS NULL") == "t");
    CHECK(lost.code == 78);
    CHECK(image.database.value("SELECT to_regclass('c') IS NULL") == "t");
    CHECK(image.database.value("SELECT count(*) FROM _prisma_migrations") == "2");
  }

  TEST_CASE("a snapshot that was not made from the image's migrations is a broken image") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.migration("2_orders", "SELECT 1").migration("3_later", "SELECT 1");
    image.folder.remove("1_users");

    const Ran ran = image.command({"apply"});

    CHECK(ran.code == 78);
    CHECK(contains(ran.err, "schemagate: the snapshot was not made from the migrations of this image:\n"));
    for (const char* name : {"1_users", "2_orders", "3_later"}) CHECK(contains(ran.err, name));
    CHECK(contains(ran.err, "  where  " + image.snapshot() + ", " + image.folder.path() + "\n"));
    CHECK(contains(ran.err, "  state  the database was not contacted; the program was not started\n"));
    CHECK(contains(ran.err, "schemagate snapshot\n"));
  }

  TEST_CASE("a damaged snapshot is refused with its line") {
    SealedImage image;
    add_shop(image);
    image.seal();
    image.folder.file("schema.snapshot", "# schemagate snapshot 1\n# server 15\n# schema public\n<<<<<<< HEAD\n");

    const Ran ran = image.command({"apply"});

    CHECK(ran.code == 78);
    CHECK(contains(ran.err, "schemagate: the snapshot is damaged: "));
    CHECK(contains(ran.err, "  where  " + image.snapshot() + ":4\n"));
    CHECK(contains(ran.err, "  next   make it again and commit it:  schemagate snapshot\n"));
  }

  TEST_CASE("a snapshot that is named must be there") {
    SealedImage image;
    add_shop(image);

    const Ran ran = image.command({"apply", "--snapshot", "/nowhere/schema.snapshot"});

    CHECK(ran.code == 78);
    CHECK(ran.err ==
          "schemagate: the snapshot cannot be read: No such file or directory\n"
          "  where  /nowhere/schema.snapshot\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   schemagate snapshot writes it; --snapshot none does without\n");
  }
}
