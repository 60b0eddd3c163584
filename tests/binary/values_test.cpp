#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/image.hpp"
#include "support/sealed.hpp"
#include "support/session.hpp"

using namespace support;

// What is said of rows, of other sessions' statements, and of statements with a password.
namespace {

const std::string stays =
    "  state  2_b: it was rolled back whole; 1 migration applied before it by this start; the program was not started\n"
    "  next   ship a corrected 2_b in a new image; it will simply be applied\n";

constexpr const char* base =
    "CREATE EXTENSION btree_gist; CREATE TABLE p (id int PRIMARY KEY, email text UNIQUE, a int NOT NULL DEFAULT 1 "
    "CHECK "
    "(a > 0));\nCREATE TABLE c (p int REFERENCES p);\nCREATE TABLE x (a int, b int, EXCLUDE USING gist (a WITH =, b "
    "WITH =));\nCREATE UNIQUE INDEX expressions ON p (lower(email), a);\nINSERT INTO p VALUES (1, "
    "'s3cret@example.com');"
    "\nINSERT INTO x VALUES (4711, 4712);\n";

/// All that a migration with this statement leaves to read: console, history, termination log.
struct Failed {
  Image image;
  Ran ran;
  std::string logs;

  explicit Failed(const std::string& script, const std::vector<std::string>& options = {}) {
    image.migration("1_a", base).migration("2_b", script);
    std::vector<std::string> words{"apply"};
    words.insert(words.end(), options.begin(), options.end());
    ran = image.command(words);
    logs = image.database.value("SELECT logs FROM _prisma_migrations WHERE migration_name = '2_b'");
  }
  [[nodiscard]] std::string what() const {
    const std::string err = plain(ran.err);
    const std::size_t begin = err.find("migration 2_b failed: ") + 22;
    return err.substr(begin, err.find("\n  where") - begin);
  }
  [[nodiscard]] bool tells(const std::string& value) const { return contains(ran.err, value) || contains(logs, value); }
};

/// Built by the script, so that no line of it shows the value.
std::string shout(const std::string& statement) { return "DO $$BEGIN EXECUTE '" + statement + "'; END$$"; }

}  // namespace

TEST_SUITE("values: rows") {
  TEST_CASE("a constraint that rows violate is told with its columns, not with them") {
    const std::vector<std::vector<std::string>> cases{
        {"INSERT INTO p SELECT 2, email FROM p",
         "duplicate key value violates unique constraint \"p_email_key\" (23505)\n  detail: columns email"},
        {"INSERT INTO p SELECT 2, upper(email) FROM p",
         "duplicate key value violates unique constraint \"expressions\" (23505)\n  detail: columns a"},
        {"INSERT INTO p SELECT 2, email, NULL FROM p",
         R"(null value in column "a" of relation "p" violates not-null constraint (23502))"},
        {"INSERT INTO c SELECT a FROM x",
         "insert or update on table \"c\" violates foreign key constraint \"c_p_fkey\" (23503)\n  detail: columns p"},
        {"INSERT INTO p SELECT a, 'o', -a FROM x",
         "new row for relation \"p\" violates check constraint \"p_a_check\" (23514)\n  detail: columns a"},
        {"INSERT INTO x SELECT * FROM x",
         "conflicting key value violates exclusion constraint \"x_a_b_excl\" (23P01)\n  detail: columns a, b"},
        {"CREATE TABLE y AS SELECT * FROM x UNION ALL SELECT * FROM x; CREATE UNIQUE INDEX y_a ON y (a)",
         "could not create unique index \"y_a\" (23505)"},
        {"SELECT email::int FROM p", "invalid input syntax for type integer: \"…\" (22P02)"},
        {"CREATE TABLE y (a varchar(3)); INSERT INTO y SELECT email FROM p",
         "value too long for type character varying(3) (22001)"},
        {"SELECT (a::text || a || a)::int FROM x", "value \"…\" is out of range for type integer (22003)"},
        {"SELECT email::date FROM p", "invalid input syntax for type date: \"…\" (22007)"},
        {"SELECT email::json FROM p", "invalid input syntax for type json (22P02)"}};

    for (const auto& both : cases) {
      CAPTURE(both[0]);
      const Failed failed{both[0]};

      CHECK(failed.ran.code == 65);
      CHECK(failed.what() == both[1]);
      for (const char* value : {"s3cret", "S3CRET", "4711"}) CHECK_FALSE(failed.tells(value));
      CHECK(contains(failed.logs, failed.what()));
    }
  }

  TEST_CASE("JSON and the termination log tell no more") {
    Image image;
    image.migration("1_a", base).migration("2_b", "INSERT INTO p SELECT 2, email FROM p");
    const std::string left = image.folder.file("left", "");

    const Ran ran = image.command({"apply", "--log-format", "json", "--termination-log", left});

    CHECK(contains(ran.err, R"(\n  detail: columns email")"));
    CHECK_FALSE(contains(ran.err, "s3cret"));
    const Ran kept = run({"cat", left});
    CHECK(contains(kept.out, "columns email"));
    CHECK_FALSE(contains(kept.out, "s3cret"));
  }

  TEST_CASE("--show-values shows them") {
    const Failed failed{"INSERT INTO p SELECT 2, email FROM p", {"--show-values"}};

    CHECK(failed.what() ==
          "duplicate key value violates unique constraint \"p_email_key\" (23505)\n  detail: Key "
          "(email)=(s3cret@example.com) already exists.");
    CHECK(contains(failed.logs, "s3cret@example.com"));
  }
}

TEST_SUITE("values: passwords") {
  TEST_CASE("the lines of a statement with a password are not shown, nor what the server repeats of it") {
    const Failed failed{"SELECT 1;\nALTER ROLE nobody_here\n\n\n\n PASSWORD 'hunter2' 'hunter3';\n"};

    CHECK(plain(failed.ran.err) ==
          "schemagate: applied 1_a in T\n"
          "schemagate: migration 2_b failed: syntax error at or near \"…\" (42601)\n  where  " +
              failed.image.file("2_b") +
              ":6:21\n         (not shown: a password may stand there; --show-values shows it)\n" + stays);
    CHECK_FALSE(failed.tells("hunter"));
  }

  TEST_CASE("a password in a block, in another spelling, or beside the error is not told either") {
    for (const std::string& script :
         {shout("ALTER ROLE a_b_c PASSWORD ''hunter2''"), shout("alter role a_b_c encrypted password ''hunter2'' x"),
          std::string{"-- password: hunter2\nSELEC"},
          std::string{"CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'hunter2')"},
          std::string{"ALTER ROLE x PASSWORD 'hunter2"}, std::string{R"(SELECT '{"password": "hunter2"}'::nothing)"},
          std::string{"ALTER ROLE x PASSWORD E'hunter2\\x'"},
          std::string{"ALTER ROLE x\nPASSWORD $$hunter2$$ hunter2"}}) {
      CAPTURE(script);
      const Failed failed{script};

      CHECK(failed.ran.code == 65);
      CHECK_FALSE(failed.tells("hunter"));
    }
  }

  TEST_CASE("plan shows such a statement without its constants") {
    Image image;
    image.migration("1_a", "ALTER ROLE postgres\n  PASSWORD 'hunter2' VALID UNTIL '2030-01-01'");

    const Ran ran = image.command({"plan"});

    CHECK(ran.code == 0);
    CHECK(contains(ran.out, "ALTER ROLE postgres PASSWORD '…' VALID UNTIL '…'"));
    CHECK_FALSE(contains(ran.out, "hunter"));
    CHECK(contains(image.command({"plan", "--show-values"}).out, "hunter2"));
  }

  TEST_CASE("lines are shown where password is only a name, or when it is asked for") {
    CHECK(contains(Failed{"CREATE TABLE u (\"password\" text, password_hash text, x nothing)"}.ran.err,
                   "1 | CREATE TABLE u (\"password\" text"));
    CHECK(Failed{"ALTER ROLE x PASSWORD 'hunter2' y", {"--show-values"}}.tells("hunter2"));
  }
}

TEST_SUITE("values: other sessions") {
  TEST_CASE("the statement of who is in the way is shown without its constants") {
    Image image;
    image.migration("1_a", "CREATE TABLE t (a text)");
    REQUIRE(image.apply().code == 0);
    image.migration("2_b", "ALTER TABLE t ADD b int");
    Session session{image.database.name()};
    session.value("BEGIN; INSERT INTO t /* s3cret */ VALUES ('s3cret'),\n ($$s3cret$$), (4711)");
    const std::vector<std::string> brief{"apply", "--lock-wait", "1s", "--ddl-lock-timeout", "500ms"};

    const Ran hidden = image.command(brief);
    std::vector<std::string> open = brief;
    open.emplace_back("--show-values");
    const Ran shown = image.command(open);

    CHECK(hidden.code == 75);
    CHECK(contains(hidden.err, ": BEGIN; INSERT INTO t VALUES ('…'), ('…'), ('…')"));
    CHECK_FALSE(contains(hidden.err, "s3cret"));
    CHECK_FALSE(contains(hidden.err, "4711"));
    CHECK(contains(shown.err, "BEGIN; INSERT INTO t /* s3cret */ VALUES ('s3cret'),  ($$s3cret$$), (4711)"));
  }
}
