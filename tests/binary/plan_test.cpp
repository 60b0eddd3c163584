#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/image.hpp"
#include "support/session.hpp"

using namespace support;

namespace {

using Json = nlohmann::json;

/// Tables with ten rows, counted and left alone.
Image& prepare(Image& image) {
  image.migration("1_base",
                  "CREATE TABLE users (id int PRIMARY KEY, name varchar(20));\n"
                  "CREATE TABLE orders (id int, user_id int REFERENCES users);\n");
  REQUIRE(image.apply().code == 0);
  image.database.query(
      "ALTER TABLE users SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);"
      "ALTER TABLE orders SET (autovacuum_enabled = off);"
      "INSERT INTO users SELECT n, 'n' FROM generate_series(1, 10) n;"
      "INSERT INTO orders SELECT n, n FROM generate_series(1, 10) n; ANALYZE users; ANALYZE orders");
  return image;
}

/// What a pull request may bring.
Image& prepare_example(Image& image) {
  prepare(image);
  image.migration("2_teams",
                  "CREATE TABLE teams (id int PRIMARY KEY);\n"
                  "ALTER TABLE users ADD COLUMN team int REFERENCES teams;\n"
                  "-- The old name is wrong.\n"
                  "ALTER TABLE users\n  RENAME COLUMN name TO title;\n"
                  "ALTER TABLE orders ALTER COLUMN id TYPE bigint;\n");
  image.migration("3_index", "CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);\nSELECT 1;\nDO '';\n");
  return image;
}

std::string version(const Image& image) {
  return image.database.value(
      "SELECT 'PostgreSQL ' || current_setting('server_version_num')::int / 10000 || '.' ||"
      " current_setting('server_version_num')::int % 10000");
}

constexpr const char* users = "public.users (about 10 rows, 8192 bytes, 0 reads/s, 0 writes/s)";
constexpr const char* orders = "public.orders (about 10 rows, 8192 bytes, 0 reads/s, 0 writes/s)";

/// Asked for by a plan and refused by nothing else.
Ran plan(const Image& image, const std::string& url = "", const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"plan"};
  words.insert(words.end(), more.begin(), more.end());
  return image.command(words, url);
}

/// In Markdown, where none of it means anything.
std::string coded(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += std::string{"@_"}.find(c) == std::string::npos ? std::string{c} : "&#" + std::to_string(int{c}) + ";";
  return "<code>" + result + "</code>";
}

/// Without what differs from run to run.
std::string stable(const std::string& text) {
  return std::regex_replace(text, std::regex{"open for [0-9]+ s"}, "open for T s");
}

}  // namespace

TEST_SUITE("plan") {
  TEST_CASE("what would run, what it locks and whom it breaks, as text") {
    Image image;
    prepare_example(image);

    const Ran ran = plan(image);

    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(
        ran.out ==
        "database  " + image.database.place() + ", " + version(image) +
            ", role postgres\n"
            "folder    " +
            image.folder.path() +
            "\n"
            "plan      2 migrations pending: breaks older images 1, rewrites 1, blocks reads and writes 1, unknown 1, "
            "harmless 3\n"
            "\n"
            "2_teams: one transaction\n"
            "      1  harmless                 CREATE TABLE teams (id int PRIMARY KEY)\n"
            "      2  blocks reads and writes  ALTER TABLE users ADD COLUMN team int REFERENCES teams\n"
            "         ACCESS EXCLUSIVE on " +
            users +
            ", catalog only\n"
            "         public.users stays locked to the end of the transaction, while line 6 runs\n"
            "      4  breaks older images      ALTER TABLE users RENAME COLUMN name TO title\n"
            "         ACCESS EXCLUSIVE on " +
            users +
            ", catalog only\n"
            "         breaks older images: public.users.name: statements that name it fail (42703)\n"
            "      6  rewrites                 ALTER TABLE orders ALTER COLUMN id TYPE bigint\n"
            "         ACCESS EXCLUSIVE on " +
            orders +
            ", writes every row anew\n"
            "         risky for older images: public.orders.id: integer becomes bigint: the server converts, but "
            "drivers decode another type; a prepared statement fails once\n"
            "           (0A000)\n"
            "\n"
            "3_index: 2 segments\n"
            "  segment 1\n"
            "      1  harmless                 CREATE INDEX CONCURRENTLY orders_user ON orders (user_id)\n"
            "         SHARE UPDATE EXCLUSIVE on " +
            orders +
            ", reads every row, waits for every older transaction\n"
            "  segment 2\n"
            "      2  harmless                 SELECT 1\n"
            "      3  unknown                  DO ''\n"
            "         what a block, a procedure or a prepared statement does cannot be told\n"
            "\n"
            "nobody is in the way now\n");
  }

  TEST_CASE("the same as a table for a pull request") {
    Image image;
    prepare_example(image);

    const Ran ran = plan(image, "", {"--format", "markdown"});

    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(ran.out ==
          "**2 migrations pending: breaks older images 1, rewrites 1, blocks reads and writes 1, unknown 1, harmless "
          "3**  \n" +
              coded(image.database.place()) + ", " + version(image) +
              "\n"
              "\n<code>2&#95;teams</code>: one transaction\n"
              "\n| line | risk | statement | |\n"
              "|---|---|---|---|\n"
              "| 1 | harmless | <code>CREATE TABLE teams (id int PRIMARY KEY)</code> |  |\n"
              "| 2 | blocks reads and writes | <code>ALTER TABLE users ADD COLUMN team int REFERENCES teams</code> | "
              "ACCESS "
              "EXCLUSIVE on " +
              users +
              ", catalog only<br>public.users stays locked to the end of the transaction, while line 6 runs |\n"
              "| 4 | breaks older images, blocks reads and writes | <code>ALTER TABLE users RENAME COLUMN name TO "
              "title</code> | "
              "ACCESS EXCLUSIVE on " +
              users +
              ", catalog only<br>breaks older images: public.users.name: statements that name it fail (42703) |\n"
              "| 6 | rewrites | <code>ALTER TABLE orders ALTER COLUMN id TYPE bigint</code> | ACCESS EXCLUSIVE on " +
              orders +
              ", writes every row anew<br>risky for older images: public.orders.id: integer becomes bigint: the server "
              "converts, but drivers decode another type; a prepared statement fails once (0A000) |\n"
              "\n<code>3&#95;index</code>: 2 segments\n"
              "\n| line | risk | statement | |\n"
              "|---|---|---|---|\n"
              "| 1 | harmless | <code>CREATE INDEX CONCURRENTLY orders&#95;user ON orders (user&#95;id)</code> | SHARE "
              "UPDATE EXCLUSIVE "
              "on " +
              orders +
              ", reads every row, waits for every older transaction |\n"
              "| 2 | harmless | <code>SELECT 1</code> |  |\n"
              "| 3 | unknown | <code>DO ''</code> | what a block, a procedure or a prepared statement does cannot be "
              "told |\n"
              "\nNobody is in the way now.\n");
  }

  TEST_CASE("what somebody wrote means nothing in Markdown") {
    Image image;
    prepare(image);
    image.migration("2_a", "ALTER TABLE users ADD COLUMN \"`|<img>@x_y*z\\[a](b)\" int;\n");
    Session session{image.database.name()};
    session.value("SET application_name = '</code>@all `|x'; BEGIN; LOCK TABLE users; SELECT true AS \"<b>|`\"");

    const Ran ran = plan(image, "", {"--format", "markdown"});

    CHECK(ran.code == 0);
    CHECK(contains(ran.out,
                   "| 1 | blocks reads and writes | <code>ALTER TABLE users ADD COLUMN "
                   "\"&#96;&#124;&#60;img&#62;&#64;x&#95;y&#42;z&#92;&#91;a&#93;(b)\" int</code> | "));
    CHECK(contains(ran.out, ", &#60;/code&#62;&#64;all &#96;&#124;x (postgres&#64;127.0.0.1), "));
    CHECK(contains(ran.out,
                   "SELECT true AS \"&#60;b&#62;&#124;&#96;\"</code>: holds ACCESS EXCLUSIVE on public.users, "));
  }

  TEST_CASE("the same as one JSON object") {
    Image image;
    prepare(image);
    image.migration("2_drop", "\nALTER TABLE users DROP COLUMN name, ADD COLUMN age int NOT NULL DEFAULT 1;\n");

    const Ran ran = plan(image, "", {"--json"});

    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    const Json lock{{"relation", "public.users"},
                    {"index_of", nullptr},
                    {"lock", "ACCESS EXCLUSIVE"},
                    {"work", "catalog"},
                    {"waits_for_older_transactions", false},
                    {"rows", 10},
                    {"bytes", 8192},
                    {"reads_per_second", 0},
                    {"writes_per_second", 0}};
    const Json notice{{"level", "breaking"},
                      {"object", "public.users.name"},
                      {"reason", "statements that name it fail"},
                      {"sqlstate", "42703"}};
    const Json statement{{"line", 2},
                         {"segment", 1},
                         {"text", "ALTER TABLE users DROP COLUMN name, ADD COLUMN age int NOT NULL DEFAULT 1"},
                         {"risk", "breaks older images"},
                         {"risks", {"breaks older images", "blocks reads and writes"}},
                         {"unknown", false},
                         {"locks", {lock}},
                         {"older_images", {notice}},
                         {"notes", Json::array()}};
    const Json migration{{"name", "2_drop"},   {"mode", "transaction"}, {"readable", true},         {"segments", 1},
                         {"segments_done", 0}, {"parts_if", nullptr},   {"statements", {statement}}};
    CHECK(Json::parse(ran.out) == Json{{"database", image.database.place()},
                                       {"server", version(image)},
                                       {"role", "postgres"},
                                       {"folder", image.folder.path()},
                                       {"unread", Json::array()},
                                       {"migrations", {migration}},
                                       {"blockers", Json::array()},
                                       {"oldest_transaction", nullptr},
                                       {"refusal", nullptr}});
  }

  TEST_CASE("with nothing pending it is one line") {
    Image image;
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.apply().code == 0);

    const Ran ran = plan(image);

    CHECK(ran.code == 0);
    CHECK(ran.err.empty());
    CHECK(ran.out == "nothing is pending in " + image.database.place() + ": 1 migration applied\n");
    CHECK(Json::parse(plan(image, "", {"--json"}).out)["migrations"] == Json::array());
  }

  TEST_CASE("who is in the way right now, and what could not be read because of it") {
    Image image;
    prepare(image);
    image.migration("2_a", "ALTER TABLE users ADD COLUMN a int;\nCREATE INDEX CONCURRENTLY i ON orders (id);\n");
    Session session{image.database.name()};
    session.value("BEGIN; LOCK TABLE users; SELECT 1");

    const Ran ran = plan(image);

    CHECK(ran.code == 0);
    CHECK(contains(ran.out,
                   "unread    sizes and CHECK expressions: canceling statement due to lock timeout (55P03)\n"
                   "\n2_a: 2 segments\n"));
    const std::size_t begin = ran.out.find("\nin the way now\n");
    REQUIRE(begin != std::string::npos);
    CHECK(stable(plain(ran.out.substr(begin))) ==
          "\nin the way now\n"
          "  pid N, somebody (postgres@127.0.0.1), idle in transaction, transaction open for T s: BEGIN; LOCK TABLE "
          "users; SELECT '…'\n"
          "      holds ACCESS EXCLUSIVE on public.users, which 2_a:1 locks in ACCESS EXCLUSIVE\n"
          "      has the oldest transaction, which CONCURRENTLY waits for\n");
  }

  TEST_CASE("the oldest transaction is told where something waits for it") {
    Image image;
    prepare(image);
    image.migration("2_a", "CREATE INDEX CONCURRENTLY i ON orders (id)");
    Session session{image.database.name()};
    session.value("BEGIN; UPDATE users SET id = id; SELECT 1");

    const Ran ran = plan(image);

    CHECK(ran.code == 0);
    const std::size_t begin = ran.out.find("\nin the way now\n");
    REQUIRE(begin != std::string::npos);
    CHECK(stable(plain(ran.out.substr(begin))) ==
          "\nin the way now\n"
          "  pid N, somebody (postgres@127.0.0.1), idle in transaction, transaction open for T s: BEGIN; UPDATE users "
          "SET id = id; SELECT '…'\n"
          "      has the oldest transaction, which CONCURRENTLY waits for\n");
  }

  TEST_CASE("a migration that stopped half way is planned from there") {
    Image image;
    prepare(image);
    image.migration("2_a", "CREATE INDEX CONCURRENTLY i ON orders (id);\nALTER TABLE nowhere ADD a int;\n");
    REQUIRE(image.apply().code == 65);

    const Ran ran = plan(image);

    CHECK(ran.code == 0);
    CHECK(contains(ran.out,
                   "\n2_a: 2 segments, 1 done\n"
                   "  segment 2\n"
                   "      2  harmless                 ALTER TABLE nowhere ADD a int\n"
                   "         nowhere is not there, or this role does not see it: the statement fails\n"));
  }

  TEST_CASE("it writes nothing, runs nothing, takes no migration lock and asks five times") {
    Image image;
    prepare_example(image);
    const std::vector<std::string> history = image.database.history();
    Session session{image.database.name()};
    REQUIRE(session.value("SELECT pg_advisory_lock(72707369)").empty());

    const Ran ran = plan(image, image.database.url("?application_name=planner"));

    CHECK(ran.code == 0);
    CHECK(image.database.history() == history);
    const std::vector<std::string> statements = image.database.statements("planner");
    REQUIRE(statements.size() == 7);
    CHECK(statements[1] == "SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))");
    for (const std::size_t asked : {2UL, 3UL, 4UL})
      CHECK(contains(statements[asked], "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "));
    // What lies between is parsed, and not run.
    CHECK(statements[5].ends_with(";COMMIT"));
    CHECK(contains(statements[6], "WITH RECURSIVE named"));
    CHECK(image.database.value("SELECT count(*) FROM pg_class WHERE relname = 'teams'") == "0");
  }

  TEST_CASE("what PostgreSQL cannot parse is told with its line, and apply would fail") {
    Image image;
    prepare(image);
    image.migration("2_a",
                    "CREATE TABLE later (id int);\nALTER TABLE orders ADD COLUM c int;\nINSERT INTO later VALUES (1) "
                    "RETURNNG id;\nSELECT * FROM later;\nCREATE TABLE copy AS TABLE later;\nCALL later();\n"
                    "CREATE TABLE last (id int,);\n");

    const Ran ran = plan(image);

    CHECK(ran.code == 65);
    CHECK(contains(ran.out,
                   "\n2_a: one transaction, or in parts if line 6 cannot run in one\n"
                   "      1  harmless                 CREATE TABLE later (id int)\n"
                   "      2  unknown                  ALTER TABLE orders ADD COLUM c int\n"
                   "         PostgreSQL cannot parse it: syntax error at or near \"int\" (42601)\n"
                   "      3  unknown                  INSERT INTO later VALUES (1) RETURNNG id\n"
                   "         PostgreSQL cannot parse it: syntax error at or near \"RETURNNG\" (42601)\n"
                   "      4  harmless                 SELECT * FROM later\n"
                   "      5  harmless                 CREATE TABLE copy AS TABLE later\n"
                   "      6  unknown                  CALL later()\n"));
    CHECK(ran.err ==
          "schemagate: apply would fail:\n"
          "  2_a, line 2: syntax error at or near \"int\" (42601)\n"
          "  2_a, line 3: syntax error at or near \"RETURNNG\" (42601)\n"
          "  2_a, line 7: syntax error at or near \")\" (42601)\n"
          "  where  " +
              image.database.place() +
              "\n"
              "  state  the database was not changed; the program was not started\n"
              "  next   correct 2_a\n");
  }

  TEST_CASE("it creates no database, whatever the settings are for apply") {
    Image image;
    image.migration("1_a", "SELECT 1");
    const std::string url = image.database.url() + "_missing";

    const Ran ran = plan(image, url, {"--create-database", "--wait", "1s"});

    CHECK(ran.code == 69);
    CHECK(image.database.value("SELECT count(*) FROM pg_database WHERE datname = '" + image.database.name() +
                               "_missing'") == "0");
  }
}

TEST_SUITE("plan: refusals") {
  TEST_CASE("where folder and history disagree there is no plan, but what verify says") {
    Image image;
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.apply().code == 0);
    image.migration("1_a", "SELECT 2");

    const Ran ran = plan(image);

    CHECK(ran.code == 76);
    CHECK(ran.out.empty());
    CHECK(ran.err == image.command({"verify"}).err);
  }

  TEST_CASE("rights that are missing are told behind the plan, all at once") {
    Image image;
    prepare(image);
    image.migration("2_a", "ALTER TABLE users ADD COLUMN a int;\nCREATE TABLE b ();\n");
    const std::string role = image.database.role("reader");
    image.database.query("GRANT SELECT ON _prisma_migrations TO " + role);

    const Ran ran = plan(image, image.database.url_as(role));

    CHECK(ran.code == 77);
    CHECK(contains(ran.out, "ACCESS EXCLUSIVE on " + std::string{users} + ", catalog only\n"));
    const std::string place = role + image.database.place().substr(std::string{"postgres"}.size());
    CHECK(ran.err ==
          "schemagate: apply would fail:\n"
          "  the role \"" +
              role +
              "\" lacks INSERT on \"public\".\"_prisma_migrations\"\n"
              "  the role \"" +
              role +
              "\" lacks UPDATE on \"public\".\"_prisma_migrations\"\n"
              "  the role \"" +
              role +
              "\" is not the owner of \"public\".\"users\"\n"
              "  the role \"" +
              role +
              "\" lacks CREATE on SCHEMA \"public\"\n"
              "  where  " +
              place +
              "\n"
              "  state  the database was not changed; the program was not started\n"
              "  next   as its owner:  GRANT INSERT ON \"public\".\"_prisma_migrations\" TO \"" +
              role +
              "\"\n"
              "         as its owner:  GRANT UPDATE ON \"public\".\"_prisma_migrations\" TO \"" +
              role +
              "\"\n"
              "         as its owner:  ALTER TABLE \"public\".\"users\" OWNER TO \"" +
              role +
              "\"\n"
              "         as its owner:  GRANT CREATE ON SCHEMA \"public\" TO \"" +
              role + "\"\n");
    CHECK(Json::parse(plan(image, image.database.url_as(role), {"--json"}).out)["refusal"]["code"] == 77);
  }

  TEST_CASE("a schema and a type need rights of their own, and apply ends as the plan says") {
    Image image;
    prepare(image);
    image.database.query("CREATE TYPE mood AS ENUM ('a')");
    const std::string role = image.database.role("maker");
    image.database.query("GRANT SELECT, INSERT, UPDATE ON _prisma_migrations TO " + role);
    const std::string url = image.database.url_as(role);
    image.migration("2_a", "CREATE SCHEMA IF NOT EXISTS extra;\n");

    const Ran schema = plan(image, url);

    CHECK(schema.code == 77);
    CHECK(
        contains(schema.err, "  the role \"" + role + "\" may not create a schema: it lacks CREATE on the database\n"));
    CHECK(image.command({"apply"}, url).code == 77);
    image.migration("2_a", "ALTER TYPE mood ADD VALUE 'b';\n");
    const Ran type = plan(image, url);
    CHECK(type.code == 77);
    CHECK(contains(type.err, "  the role \"" + role + "\" is not the owner of the type \"public\".\"mood\"\n"));
    CHECK(contains(type.err, "  next   as its owner:  ALTER TYPE \"public\".\"mood\" OWNER TO \"" + role + "\"\n"));
    CHECK(image.command({"apply"}, url).code == 77);
  }

  TEST_CASE("what a role may not see of others is told, and what holds a lock is seen all the same") {
    Image image;
    prepare(image);
    const std::string role = image.database.role("owner");
    image.database.query("ALTER TABLE users OWNER TO " + role + "; ALTER TABLE _prisma_migrations OWNER TO " + role);
    image.migration("2_a", "ALTER TABLE users ADD COLUMN a int;\n");
    Session session{image.database.name()};
    session.value("BEGIN; UPDATE users SET id = id; SELECT 1");

    const Ran ran = plan(image, image.database.url_as(role));

    CHECK(ran.code == 0);
    CHECK(contains(ran.out, "\nunread    what other roles' sessions do and since when: for pg_read_all_stats only\n"));
    CHECK(contains(plain(ran.out),
                   "\nin the way now\n"
                   "  pid N, somebody (postgres), state hidden from this role\n"
                   "      holds ROW EXCLUSIVE on public.users, which 2_a:1 locks in ACCESS EXCLUSIVE\n"));
  }

  TEST_CASE("a database without history is planned from the first migration") {
    Image image{"?schema=app"};
    image.migration("1_a", "CREATE TABLE a (id int);\n");

    const Ran ran = plan(image);

    CHECK(ran.code == 0);
    CHECK(contains(ran.out, "\n1_a: one transaction\n      1  harmless                 CREATE TABLE a (id int)\n"));
    CHECK(image.database.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'app'") == "0");
  }

  TEST_CASE("an extension that is not in azure.extensions") {
    Image image;
    prepare(image);
    image.migration("2_a", "CREATE EXTENSION IF NOT EXISTS citext;\n");
    image.database.query("ALTER DATABASE " + image.database.name() + " SET azure.extensions = 'vector,pg_trgm'");

    const Ran ran = plan(image);

    CHECK(ran.code == 77);
    CHECK(contains(ran.out, "      1  harmless                 CREATE EXTENSION IF NOT EXISTS citext\n"));
    CHECK(
        ran.err ==
        "schemagate: apply would fail:\n"
        "  the extension citext is not in azure.extensions\n"
        "  where  " +
            image.database.place() +
            "\n"
            "  state  the database was not changed; the program was not started\n"
            "  next   add it to the server's list:  az postgres flexible-server parameter set --name azure.extensions "
            "--value vector,pg_trgm,citext …\n");
  }

  TEST_CASE("an extension that the server does not have ends as apply would") {
    Image image;
    prepare(image);
    image.migration("2_a", "CREATE EXTENSION no_such_thing");

    const Ran ran = plan(image);

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "\n  the server does not have the extension no_such_thing\n"));
    CHECK(image.apply().code == 65);
  }

  TEST_CASE("a server that may only be read is planned for, and refuses behind it") {
    Image image;
    prepare(image);
    image.migration("2_a", "ALTER TABLE users ADD COLUMN a int;\n");
    image.database.query("ALTER DATABASE " + image.database.name() + " SET default_transaction_read_only = on");

    const Ran ran = plan(image);

    CHECK(ran.code == 76);
    CHECK(contains(ran.out, "      1  blocks reads and writes  ALTER TABLE users ADD COLUMN a int\n"));
    CHECK(ran.err == image.apply().err);
  }

  TEST_CASE("a setting that lets nobody apply is said behind the plan") {
    Image image;
    prepare(image);
    image.migration("2_a", "ALTER TABLE users ADD COLUMN a int;\n");

    const Ran ran = plan(image, "", {"--pending", "refuse"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.out, "\n2_a: one transaction\n"));
    CHECK(ran.err == image.command({"verify"}).err);
  }
}
