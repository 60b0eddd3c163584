#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "support/image.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

using namespace support;

// Which indexes a start after a crash takes for its own, and what it does about those that others are at.
namespace {

using Rows = std::vector<std::string>;

constexpr const char* base =
    "CREATE TABLE t (id int PRIMARY KEY, a int, b text);\n"
    "INSERT INTO t SELECT i, i, 'x' FROM generate_series(1, 100) i;\n"
    "CREATE INDEX t_b ON t (b);\n"
    "CREATE TABLE u (id int PRIMARY KEY, a int);\nCREATE INDEX u_a ON u (a);\n"
    "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);\n";

/// A database in which an earlier start was killed while it ran the statement.
class Crashed : public Image {
 public:
  /// In it, "DATABASE" is its own name.
  explicit Crashed(std::string statement, const std::string& before_it = "") {
    if (const std::size_t at = statement.find("\"DATABASE\""); at != std::string::npos)
      statement.replace(at, 10, "\"" + database.name() + "\"");
    migration("1_a", base + before_it);
    REQUIRE(apply().code == 0);
    const std::string script = statement + "; UPDATE counter SET n = n + 1";
    migration("2_b", script);
    const std::string evidence =
        statement.starts_with("REINDEX") ? "NOT indisvalid" : "indrelid = 'public.t'::regclass";
    database.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, logs, started_at) SELECT gen_random_uuid(), "
        "encode(sha256($$" +
        script +
        "$$), 'hex'), '2_b', 'schemagate: to be resumed: done=0 running=" + std::to_string(statement.size() + 1) +
        " before=' || COALESCE(string_agg(indexrelid::text, ','), '') || ' session=', now() FROM pg_index WHERE " +
        evidence);
  }

  /// As a build leaves it that was killed.
  const Crashed& invalid(const std::string& name, const std::string& what) const {
    const std::string unique = what.starts_with("UNIQUE ") ? "UNIQUE " : "";
    database.query("CREATE " + unique + "INDEX " + name + " ON " + what.substr(unique.size()));
    database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = '" + name + "'::regclass");
    return *this;
  }
  /// But for the primary key's.
  [[nodiscard]] Rows indexes(const std::string& table = "t") const {
    return database.query(
        "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE NOT indisprimary AND i.indrelid = '" +
        table + "'::regclass ORDER BY 1");
  }
  [[nodiscard]] std::string resumed() const { return "schemagate: resuming 2_b at " + file("2_b") + ":1\n"; }
  [[nodiscard]] Running start() const {
    return Running{{binary(), "apply", "--migrations", folder.path()}, {{"SCHEMAGATE_DATABASE_URL", database.url()}}};
  }
  void check_applied() const {
    CHECK(database.value("SELECT n FROM counter") == "1");
    check_second_run_does_nothing();
  }
};

constexpr const char* done = "schemagate: applied 2_b in T\nschemagate: migrated: 2 migrations applied\n";

/// Somebody who works at an index by hand, while an old transaction keeps the work from its end.
class Administrator {
 public:
  Administrator(const Image& image, const std::string& table, const std::string& statement)
      : image_{image}, writer_{image.database.name()}, builder_{image.database.name()} {
    writer_.value("BEGIN");
    writer_.value("UPDATE " + table + " SET a = a");
    builder_.begin(statement);
    REQUIRE(eventually([&] { return waits() == "1"; }));
  }
  void finish() {
    writer_.value("COMMIT");
    CHECK(eventually([&] { return waits() == "0"; }));
  }

 private:
  [[nodiscard]] std::string waits() const {
    return image_.database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'somebody' AND query LIKE '% CONCURRENTLY %' "
        "AND state = 'active' AND datname = current_database() AND query NOT LIKE '%pg_stat_activity%'");
  }

  const Image& image_;
  Session writer_;
  Session builder_;
};

const std::string waited =
    "schemagate: resuming 2_b: waiting for pid N, somebody (postgres), which is at the same table or its indexes\n";

}  // namespace

TEST_SUITE("recover: others at work") {
  TEST_CASE("an index that somebody else is building on the same table is built to its end, then ours again") {
    const Crashed image{"CREATE INDEX CONCURRENTLY ON t (a)"};
    image.invalid("t_a_idx", "t (a)");
    Administrator administrator{image, "t", "CREATE INDEX CONCURRENTLY dba_a ON t (a)"};

    Running running = image.start();
    CHECK(running.wait_for("waiting for pid"));
    administrator.finish();
    const Ran ran = running.finish();

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == image.resumed() + waited + done);
    CHECK(image.indexes() == Rows{"dba_a|t", "t_a_idx|t", "t_b|t"});
    image.check_applied();
  }

  TEST_CASE("an index of ours that somebody else is building by hand is waited for, and not built again") {
    const Crashed image{"CREATE INDEX CONCURRENTLY t_a ON t (a)"};
    Administrator administrator{image, "t", "CREATE INDEX CONCURRENTLY t_a ON t (a)"};
    const std::string number = image.database.value("SELECT 't_a'::regclass::oid");

    Running running = image.start();
    CHECK(running.wait_for("waiting for pid"));
    administrator.finish();
    const Ran ran = running.finish();

    CHECK(ran.code == 0);
    CHECK(image.database.value("SELECT 't_a'::regclass::oid") == number);
    CHECK(image.indexes() == Rows{"t_a|t", "t_b|t"});
    image.check_applied();
  }

  TEST_CASE("what somebody else reindexes on the same table is waited for") {
    const Crashed image{"REINDEX INDEX CONCURRENTLY t_b"};
    image.invalid("t_b_ccnew", "t (b)");
    Administrator administrator{image, "t", "REINDEX INDEX CONCURRENTLY t_pkey"};

    Running running = image.start();
    CHECK(running.wait_for("waiting for pid"));
    administrator.finish();
    const Ran ran = running.finish();

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == image.resumed() + waited + done);
    CHECK(image.indexes() == Rows{"t_b|t"});
    CHECK(image.database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_pkey'::regclass") == "t");
    image.check_applied();
  }

  TEST_CASE("what somebody else reindexes on another table is nothing to us") {
    const Crashed image{"REINDEX INDEX CONCURRENTLY t_b"};
    image.invalid("t_b_ccnew", "t (b)");
    Administrator administrator{image, "u", "REINDEX INDEX CONCURRENTLY u_a"};

    const Ran ran = image.apply();
    const Rows meanwhile = image.indexes("u");
    administrator.finish();

    CHECK(ran.code == 0);
    CHECK(meanwhile == Rows{"u_a|t", "u_a_ccnew|f"});
    CHECK(image.indexes() == Rows{"t_b|t"});
    CHECK(image.indexes("u") == Rows{"u_a|t"});
    image.check_applied();
  }

  TEST_CASE("TERM while it waits for somebody else ends the waiting, and touches nothing") {
    const Crashed image{"CREATE INDEX CONCURRENTLY t_a ON t (a)"};
    image.invalid("t_a", "t (a)");
    Administrator administrator{image, "t", "CREATE INDEX CONCURRENTLY dba_a ON t (a)"};

    Running running = image.start();
    CHECK(running.wait_for("waiting for pid"));
    running.signal(SIGTERM);
    const Ran ran = running.finish();
    administrator.finish();

    CHECK(ran.code == 143);
    CHECK(image.indexes() == Rows{"dba_a|t", "t_a|f", "t_b|t"});
    CHECK(image.apply().code == 0);
    CHECK(image.indexes() == Rows{"dba_a|t", "t_a|t", "t_b|t"});
  }

  TEST_CASE("who is at VACUUM builds nothing: ours queues behind it") {
    const Crashed image{"CREATE INDEX CONCURRENTLY t_a ON t (a)"};
    image.invalid("t_a", "t (a)");
    image.database.query(
        "ALTER TABLE t SET (fillfactor = 10); INSERT INTO t SELECT i, i FROM generate_series(101, 9000) i");
    Session vacuum{image.database.name()};
    // It sleeps behind every page, of which there are hundreds: the test ends it.
    vacuum.value("SET vacuum_cost_limit = 1; SET vacuum_cost_delay = 100");
    vacuum.begin("VACUUM (DISABLE_PAGE_SKIPPING) t");
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 't'::regclass AND datname = "
                 "current_database()") == "1";
    }));

    Running running = image.start();
    const bool queued = eventually([&] {
      return image.database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP INDEX CONCURRENTLY%' AND "
                 "wait_event_type = 'Lock' AND datname = current_database()") == "1";
    });
    image.database.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_progress_vacuum WHERE datname = current_database()");

    CHECK(queued);
    CHECK(running.finish().code == 0);
    CHECK(image.indexes() == Rows{"t_a|t", "t_b|t"});
  }
}

TEST_SUITE("recover: whose an index is") {
  TEST_CASE("an INVALID index without a name of ours is ours only with the definition of the statement") {
    const Crashed image{"CREATE INDEX CONCURRENTLY ON t (a, \"b\")"};
    image.invalid("t_a_b_idx", "t (a, b)");
    image.invalid("t_a_b_idx1", "t (b, a)");
    image.invalid("t_a_b_idx2", "UNIQUE t (a, b)");
    image.invalid("t_a_b_idx3", "t (a, b) WHERE a > 0");
    image.invalid("t_a_b_idx4", "t (a, b DESC)");
    image.invalid("t_a_b_idx5", "t (a, b text_pattern_ops)");
    image.invalid("t_a_b_idx6", "t (a, b COLLATE \"POSIX\")");
    image.invalid("t_a_b_idx7", "t (a, b) INCLUDE (id)");
    image.invalid("t_a_b_idx8", "t (a, b) WITH (fillfactor = 50)");
    image.invalid("dba", "t (a, b)");
    image.invalid("u_a_b_idx", "u (a)");

    const Ran ran = image.apply();

    CHECK(ran.code == 0);
    CHECK(plain(ran.err) == image.resumed() + done);
    CHECK(image.indexes() == Rows{"dba|f", "t_a_b_idx|t", "t_a_b_idx1|f", "t_a_b_idx2|f", "t_a_b_idx3|f",
                                  "t_a_b_idx4|f", "t_a_b_idx5|f", "t_a_b_idx6|f", "t_a_b_idx7|f", "t_a_b_idx8|f",
                                  "t_b|t"});
    CHECK(image.indexes("u") == Rows{"u_a|t", "u_a_b_idx|f"});
    image.check_applied();
  }

  TEST_CASE("a valid index of another definition is not taken for ours") {
    const Crashed image{"CREATE UNIQUE INDEX CONCURRENTLY ON t USING btree (a)"};
    image.database.query("CREATE INDEX t_a_idx ON t (a); CREATE INDEX dba ON t (a, b)");

    CHECK(image.apply().code == 0);

    CHECK(image.indexes() == Rows{"dba|t", "t_a_idx|t", "t_a_idx1|t", "t_b|t"});
    image.check_applied();
  }

  TEST_CASE("a valid one of ours without a name is not built again") {
    const Crashed image{"CREATE UNIQUE INDEX CONCURRENTLY ON t USING btree (a)"};
    image.database.query("CREATE UNIQUE INDEX ON t (a)");

    CHECK(image.apply().code == 0);

    CHECK(image.indexes() == Rows{"t_a_idx|t", "t_b|t"});
    image.check_applied();
  }

  TEST_CASE("what may be ours and is not proven stays, and a warning names it") {
    for (const bool valid : {false, true}) {
      CAPTURE(valid);
      const Crashed image{"CREATE INDEX CONCURRENTLY ON t (lower(b))"};
      image.invalid("t_lower_idx", "t (lower(b))");
      if (valid)
        image.database.query("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 't_lower_idx'::regclass");

      const Ran ran = image.apply();

      CHECK(ran.code == 0);
      CHECK(plain(ran.err) ==
            image.resumed() +
                "schemagate: warning: the index public.t_lower_idx has come to public.t since CREATE INDEX "
                "CONCURRENTLY was begun there, and nothing proves whose it is; it stays, and the statement runs "
                "again. If nobody needs it: DROP INDEX CONCURRENTLY public.t_lower_idx\n" +
                done);
      CHECK(image.indexes() == Rows{"t_b|t", valid ? "t_lower_idx|t" : "t_lower_idx|f", "t_lower_idx1|t"});
      image.check_applied();
    }
  }

  TEST_CASE("while its session lives, nothing stays of what fails, however often") {
    Image image;
    image.migration("1_a", base).migration("2_b", "SELECT 1;\nCREATE UNIQUE INDEX CONCURRENTLY ON t (lower(b));");

    CHECK(image.apply().code == 65);
    const Ran again = image.apply();

    CHECK(again.code == 65);
    CHECK(contains(again.err, "could not create unique index \"t_lower_idx\" (23505)"));
    CHECK(image.database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0");
  }

  TEST_CASE("a copy of REINDEX is ours only beside the index that it copies") {
    const std::string longest(63, 'x');
    const Crashed image{"REINDEX TABLE CONCURRENTLY public.t", "CREATE INDEX " + longest + " ON t (a, b);"};
    image.invalid("t_b_ccnew", "t (b)").invalid("t_b_ccold1", "t (b)").invalid("t_pkey_ccnew", "UNIQUE t (id)");
    image.invalid(longest.substr(6) + "_ccnew", "t (a, b)");
    image.invalid("t_b_ccnew2", "t (b DESC)").invalid("t_c_ccnew", "t (b)").invalid("u_a_ccnew", "u (a)");

    const Ran ran = image.apply();

    CHECK(ran.code == 0);
    CHECK(image.indexes() == Rows{"t_b|t", "t_b_ccnew2|f", "t_c_ccnew|f", longest + "|t"});
    CHECK(image.indexes("u") == Rows{"u_a|t", "u_a_ccnew|f"});
    image.check_applied();
  }

  TEST_CASE("REINDEX of partitions, a schema, or one index leaves copies where it works, and nowhere else") {
    const std::string tables =
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
        "CREATE INDEX p_a ON p (a); CREATE SCHEMA s; CREATE TABLE s.v (a int); CREATE INDEX v_a ON s.v (a);";
    const std::vector<std::pair<std::string, Rows>> expected{
        {"REINDEX INDEX CONCURRENTLY p_a", {"t_b_ccnew", "v_a_ccnew"}},
        {"REINDEX TABLE CONCURRENTLY p", {"t_b_ccnew", "v_a_ccnew"}},
        {"REINDEX SCHEMA CONCURRENTLY s", {"p1_a_idx_ccnew", "t_b_ccnew"}},
        {"REINDEX INDEX CONCURRENTLY t_b", {"p1_a_idx_ccnew", "v_a_ccnew"}},
        {"REINDEX (CONCURRENTLY) DATABASE \"DATABASE\"", {}}};
    for (const auto& [written, left] : expected) {
      const std::string& statement = written;
      CAPTURE(statement);
      const Crashed image{statement, tables};
      image.invalid("t_b_ccnew", "t (b)").invalid("p1_a_idx_ccnew", "p1 (a)");
      image.database.query("CREATE INDEX v_a_ccnew ON s.v (a)");
      image.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 's.v_a_ccnew'::regclass");

      CHECK(image.apply().code == 0);

      CHECK(image.database.query("SELECT relname FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid "
                                 "WHERE NOT indisvalid ORDER BY 1") == left);
      image.check_applied();
    }
  }
}

TEST_SUITE("recover: what names mean") {
  TEST_CASE("a script's search_path holds for the names in it, also after a crash") {
    Image image;
    image.migration("1_a", std::string{base} + "CREATE SCHEMA other; CREATE TABLE other.t (a int);");
    REQUIRE(image.apply().code == 0);
    image.migration("2_b", "SET search_path TO other;\nCREATE INDEX CONCURRENTLY \"T a\" ON t (a);");
    Session writer{image.database.name()};
    writer.value("BEGIN");
    writer.value("INSERT INTO other.t VALUES (1)");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(
        eventually([&] { return image.database.value("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "1"; }));
    running.signal(SIGKILL);
    CHECK(running.finish().code == 128 + SIGKILL);
    writer.value("COMMIT");
    image.database.query("CREATE INDEX \"T a\" ON public.t (a)");
    image.database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.\"T a\"'::regclass");

    CHECK(image.apply().code == 0);

    CHECK(image.database.query("SELECT n.nspname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                               "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'T a' ORDER BY 1") ==
          Rows{"other|t", "public|f"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("operators and functions of other roles in a schema of the search_path are not called") {
    for (const char* statement : {"CREATE INDEX CONCURRENTLY ON t (a)", "CREATE INDEX CONCURRENTLY t_a_idx ON t (a)",
                                  "REINDEX TABLE CONCURRENTLY t"}) {
      CAPTURE(statement);
      Crashed image{statement};
      image.invalid("t_a_idx", "t (a)").invalid("t_b_ccnew", "t (b)");
      const std::string role = '"' + image.database.role("lowly") + '"';
      image.database.query("CREATE TABLE called (what text); GRANT INSERT ON called TO public");
      image.database.query("GRANT CREATE ON SCHEMA public TO " + role);
      std::string traps = "SET ROLE " + role;
      for (const char* types : {"oid, oid", "name, name", "text, text", "name, text"})
        traps += fmt::format(
            "; CREATE FUNCTION trap({0}) RETURNS bool LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.called VALUES "
            "('{0}'); RETURN true; END$$",
            types);
      for (const char* type : {"oid", "name", "text"})
        traps += fmt::format("; CREATE OPERATOR public.= (LEFTARG = {0}, RIGHTARG = {0}, FUNCTION = trap)", type);
      traps += "; CREATE OPERATOR public.~ (LEFTARG = name, RIGHTARG = text, FUNCTION = trap)";
      for (const char* call : {"substr(text, int) RETURNS text", "to_regclass(text) RETURNS regclass"})
        traps += fmt::format(
            "; CREATE FUNCTION {} LANGUAGE plpgsql AS $$BEGIN INSERT INTO public.called VALUES ('call'); RETURN NULL; "
            "END$$",
            call);
      image.database.query(traps);
      image.database.query("ALTER DATABASE \"" + image.database.name() + "\" SET search_path = public, pg_catalog");

      CHECK(image.apply().code == 0);

      CHECK(image.database.query("SELECT pg_catalog.string_agg(what, ',') FROM public.called") == Rows{""});
      image.database.query("ALTER DATABASE \"" + image.database.name() + "\" RESET search_path");
      CHECK(image.database.value("SELECT n FROM counter") == "1");
    }
  }
}
