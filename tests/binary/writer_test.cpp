#include <doctest/doctest.h>

#include <memory>

#include "support/advice.hpp"
#include "support/image.hpp"
#include "support/relay.hpp"

using namespace support;

// Only who holds the migration lock writes, and a row that is not kept is noticed before anything is committed.
namespace {

using Rows = std::vector<std::string>;
using Replicas = std::vector<std::unique_ptr<Running>>;

/// All at once, `count` of them.
std::vector<Ran> race(const Image& image, int count, const Variables& more = {}, const std::string& url = "") {
  Variables variables = more;
  variables["SCHEMAGATE_DATABASE_URL"] = url.empty() ? image.database.url() : url;
  Replicas replicas;
  for (int i = 0; i < count; ++i)
    replicas.push_back(std::make_unique<Running>(
        std::vector<std::string>{binary(), "apply", "--migrations", image.folder.path()}, variables));
  std::vector<Ran> ends;
  for (const auto& replica : replicas) ends.push_back(replica->finish());
  for (const Ran& ran : ends) keep(ran);
  return ends;
}

void check_all_well(const std::vector<Ran>& ends) {
  for (const Ran& ran : ends) CHECK_MESSAGE(ran.code == 0, ran.err);
}

/// An image of which the first migration is applied: a table, and functions that give the lock away.
void prepare(Image& image) {
  image.migration("1_a",
                  "CREATE TABLE a (id int, v int);\n"
                  "CREATE FUNCTION let_go() RETURNS void LANGUAGE sql AS $$ SELECT pg_advisory_unlock_all() $$;\n"
                  "CREATE FUNCTION drop_all() RETURNS boolean LANGUAGE sql AS $$ SELECT pg_advisory_unlock(72707369) "
                  "$$;\n");
  REQUIRE(image.apply().code == 0);
}

void check_once(const Image& image, const std::string& rows) {
  CHECK(image.database.value("SELECT count(*) FROM a") == rows);
  CHECK(image.database.history() == Rows{"1_a|t|f|1|", "2_b|t|f|1|"});
  image.check_second_run_does_nothing();
}

/// What is written does not stay: `making` says how.
Ran refused(Image& image, const std::string& making) {
  image.migration("1_a", "CREATE TABLE a (id int)");
  REQUIRE(image.apply().code == 0);
  image.database.query(making);
  image.migration("2_b", "INSERT INTO a VALUES (1)");
  Ran ran = image.apply();
  CHECK(ran.code == 76);
  CHECK(image.database.value("SELECT count(*) FROM a") == "0");
  CHECK(image.database.value("SELECT count(*) FROM _prisma_migrations") == "1");
  return ran;
}

std::string row_refusal(const Image& image, const std::string& said) {
  return "schemagate: migration 2_b ran, and the migration history did not take its row, or did not keep it" + said +
         "\n  where  " + image.database.place() +
         ", table \"public\".\"_prisma_migrations\"\n"
         "  state  2_b: what is not recorded was rolled back; 0 migrations applied before it by this start; the "
         "program "
         "was not started\n  next   " +
         writers_advice().substr(9) +
         "         drop or disable it, and start again. Rows are written with search_path = pg_catalog: a function "
         "that "
         "needs another sets its own (ALTER FUNCTION … SET search_path = …)\n";
}

std::string without_first_line(const std::string& text) { return text.substr(text.find('\n') + 1); }

constexpr const char* overtaken =
    "schemagate: 2_b gave the migration lock away, or another session wrote its row first: what was not recorded is "
    "rolled back, and the history is read again\n";

std::string trigger(const std::string& when, const std::string& body) {
  return "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
         " END $$; CREATE TRIGGER t " + when + " INSERT ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION meddle()";
}

}  // namespace

TEST_SUITE("writer") {
  TEST_CASE("a script that gives the lock away, in whatever words, is applied once by two and by eight replicas") {
    for (const std::string words : {"SELECT pg_advisory_unlock_all();", "SELECT let_go();", "SELECT drop_all();",
                                    "DO $$ BEGIN PERFORM let_go(); END $$;"})
      for (const int count : {2, 8}) {
        CAPTURE(words);
        CAPTURE(count);
        Image image;
        prepare(image);
        image.migration("2_b", words + " INSERT INTO a VALUES (1); SELECT pg_sleep(0.3);");

        check_all_well(race(image, count));

        check_once(image, "1");
      }
  }

  TEST_CASE("under every isolation level, that of the role and that of the script") {
    for (const std::string level : {"read committed", "repeatable read", "serializable"})
      for (const bool says : {false, true}) {
        CAPTURE(level);
        CAPTURE(says);
        Image image;
        prepare(image);
        const std::string set = says ? "SET TRANSACTION ISOLATION LEVEL " + level + "; " : "";
        if (!says)
          image.database.query("ALTER DATABASE " + image.database.name() + " SET default_transaction_isolation = '" +
                               level + "'");
        image.migration("2_b", set + "SELECT let_go(); INSERT INTO a VALUES (1); SELECT pg_sleep(0.3);");

        check_all_well(race(image, 3));

        check_once(image, "1");
      }
  }

  TEST_CASE("a script that is taken apart and gives the lock away is applied once") {
    for (const std::string words :
         {"SELECT let_go(); INSERT INTO a VALUES (1, 1);", "INSERT INTO a VALUES (1, 1);\nDISCARD ALL;",
          "INSERT INTO a VALUES (1, 1);\nSELECT let_go();"}) {
      CAPTURE(words);
      Image image;
      prepare(image);
      image.migration("2_b",
                      words + "\nCREATE INDEX CONCURRENTLY a_v ON a (v);\nVACUUM a;\nINSERT INTO a VALUES (2, 2);");

      check_all_well(race(image, 4));

      check_once(image, "2");
    }
  }

  TEST_CASE("another session goes on behind DISCARD ALL, which has reset what it sets for itself") {
    for (const std::string parameters : {"", "?schema=other"}) {
      CAPTURE(parameters);
      Image image{parameters};
      image.migration(
          "1_a",
          "CREATE SCHEMA IF NOT EXISTS other; CREATE TABLE public.a (id int); CREATE TABLE public.ready (id int)");
      REQUIRE(image.apply().code == 0);
      image.migration("2_b",
                      "INSERT INTO public.a VALUES (1);\nDISCARD ALL;\nINSERT INTO public.a SELECT 1 / count(*) FROM "
                      "public.ready;\nCREATE TABLE b AS SELECT 1;\nVACUUM public.a;");

      const Ran failed = image.apply();
      image.database.query("INSERT INTO ready VALUES (1)");
      const Ran resumed = image.apply();

      CHECK(failed.code == 65);
      CHECK_MESSAGE(resumed.code == 0, resumed.err);
      CHECK(image.database.value("SELECT count(*) FROM a") == "2");
      // As in the session that was lost.
      CHECK(image.database.value("SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'b'") == "public");
      image.check_second_run_does_nothing();
    }
  }

  TEST_CASE("without the lock the row alone lets one replica through") {
    Image image;
    prepare(image);
    image.migration("2_b", "INSERT INTO a VALUES (1); SELECT pg_sleep(0.5);");

    check_all_well(race(image, 4, {{"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1"}}));

    check_once(image, "1");
  }

  TEST_CASE("without the lock a script that is taken apart is begun by one replica") {
    Image image;
    prepare(image);
    image.migration("2_b", "INSERT INTO a VALUES (1, 1);\nVACUUM a;\nINSERT INTO a VALUES (2, 2);");

    for (const Ran& ran : race(image, 4, {{"PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "1"}}))
      // Who is overtaken twice says that it could not record what it did.
      CHECK_MESSAGE((ran.code == 0 || ran.code == 65 || ran.code == 76), ran.err);

    CHECK(image.apply().code == 0);
    check_once(image, "2");
  }

  TEST_CASE("a trigger that takes the row away is found before anything is committed") {
    for (const auto& one :
         {std::pair{"BEFORE", "RETURN NULL;"}, std::pair{"BEFORE", "NEW.rolled_back_at = now(); RETURN NEW;"},
          std::pair{"BEFORE", "NEW.migration_name = 'other'; RETURN NEW;"},
          std::pair{"BEFORE", "NEW.finished_at = NULL; RETURN NEW;"},
          std::pair{"AFTER", "DELETE FROM public._prisma_migrations WHERE id = NEW.id; RETURN NULL;"},
          std::pair{"AFTER",
                    "UPDATE public._prisma_migrations SET finished_at = NULL WHERE id = "
                    "NEW.id; RETURN NULL;"}}) {
      CAPTURE(one.second);
      Image image;
      const Ran ran = refused(image, trigger(one.first, one.second));
      CHECK(ran.err == overtaken + row_refusal(image, ""));
      CHECK(image.apply().err == ran.err);
    }
  }

  TEST_CASE("a call that commits and gives the lock away is applied by one and by four replicas") {
    for (const int count : {1, 4}) {
      Image image;
      image.migration("1_a",
                      "CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES "
                      "(1); COMMIT; INSERT INTO a VALUES (2); END $$");
      REQUIRE(image.apply().code == 0);
      image.migration("2_b", "SELECT pg_advisory_unlock_all();\nCALL p();");

      check_all_well(race(image, count));

      check_once(image, "2");
    }
  }

  TEST_CASE("a trigger that defers others again hides nothing") {
    Image image;
    const Ran ran = refused(
        image,
        "CREATE FUNCTION pre() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NEW; "
        "END "
        "$$; CREATE TRIGGER p BEFORE INSERT ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION pre(); CREATE FUNCTION "
        "post() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public._prisma_migrations WHERE id = NEW.id; "
        "RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER q AFTER INSERT ON _prisma_migrations DEFERRABLE INITIALLY "
        "DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION post()");
    CHECK(ran.err == overtaken + row_refusal(image, ""));
  }

  TEST_CASE("a deferred trigger that takes the row away is found too") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);
    image.database.query(
        "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public._prisma_migrations "
        "WHERE id = NEW.id; RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER t AFTER INSERT ON _prisma_migrations "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION meddle()");
    image.migration("2_b", "INSERT INTO a VALUES (1)");

    const Ran ran = image.apply();

    CHECK(ran.code == 76);
    CHECK(ran.err == overtaken + row_refusal(image, ""));
    CHECK(image.database.value("SELECT count(*) FROM a") == "0");
  }

  TEST_CASE("a rule, a constraint and an exception that refuse the row are told with their words") {
    Image rule;
    CHECK(
        refused(rule, "CREATE RULE r AS ON INSERT TO _prisma_migrations DO INSTEAD NOTHING").err ==
        row_refusal(rule,
                    ": cannot perform INSERT RETURNING on relation \"_prisma_migrations\" (0A000)\n  hint: You need an "
                    "unconditional ON INSERT DO INSTEAD rule with a RETURNING clause."));
    Image check;
    CHECK(contains(refused(check, "ALTER TABLE _prisma_migrations ADD CHECK (migration_name < '2')").err,
                   "violates check constraint \"_prisma_migrations_migration_name_check\" (23514)\n"));
    Image raised;
    CHECK(contains(refused(raised, trigger("BEFORE", "RAISE EXCEPTION 'not today';")).err,
                   "did not keep it: not today (P0001)\n"));
  }

  TEST_CASE("resolve ends in the same refusal") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);
    image.database.query(trigger("BEFORE", "RETURN NULL;"));
    image.migration("2_b", "SELECT 1");

    const Ran ran = image.command({"resolve", "--applied", "2_b"});

    CHECK(ran.code == 76);
    CHECK(ran.err ==
          "schemagate: the migration history did not take what was to be recorded, or did not keep it\n  where  " +
              image.database.place() +
              ", table \"public\".\"_prisma_migrations\"\n  state  the history was not changed\n"
              "  next   see what is there, and whether another session is migrating:\n           schemagate status\n" +
              writers_advice());
  }

  TEST_CASE("an answer that is lost at COMMIT is told as unknown, and looked up") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    const Relay relay{"INSERT INTO", 1, Relay::Fault::last};

    const Ran ran = image.command({"resolve", "--applied", "1_a"}, relay.url(image.database.name()));

    CHECK(relay.faults() == 1);
    CHECK(ran.code == 0);
    CHECK(
        ran.err ==
        "schemagate: warning: the connection was lost: server closed the connection unexpectedly; whether the history "
        "was changed is unknown: looking\n"
        "schemagate: it was recorded before the connection was lost: 1_a\n");
    CHECK(image.database.history() == Rows{"1_a|t|f|0|"});
  }

  TEST_CASE("what was lost on its way is not recorded, and said so") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);
    image.migration("1_a", "CREATE TABLE a (id int) ");
    const Relay relay{"SET checksum", 1};

    const Ran ran = image.command({"resolve", "--accept", "1_a"}, relay.url(image.database.name()));

    CHECK(ran.code == 69);
    CHECK(without_first_line(ran.err) ==
          "schemagate: the connection was lost: server closed the connection unexpectedly\n  where  " +
              relay.place(image.database.name()) + "\n  state  the history was not changed\n  next   start again\n");
  }
}

TEST_SUITE("ourselves") {
  TEST_CASE(
      "deferred triggers and cursors run as the script has left role and path, and the row is ours all the same") {
    Image image;
    const std::string low = image.database.role("low");
    image.database.query("CREATE SCHEMA other AUTHORIZATION " + low +
                         "; CREATE TABLE other.seen (who text, path text); ALTER TABLE other.seen OWNER TO " + low);
    image.migration(
        "1_a",
        "CREATE TABLE t (id int);\n"
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES (current_user, "
        "current_setting('search_path')); RETURN NULL; END $$;\n"
        "CREATE CONSTRAINT TRIGGER c AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
        "note();\n"
        "GRANT INSERT ON t TO " +
            low + "; INSERT INTO t VALUES (1); SET search_path TO other; SET ROLE " + low + ";");

    CHECK(image.apply().code == 0);

    CHECK(image.database.query("SELECT * FROM other.seen") == Rows{low + "|other"});
    CHECK(image.database.history() == Rows{"1_a|t|f|1|"});
    image.check_second_run_does_nothing();
  }

  TEST_CASE("a cursor that outlives its part is run to its end as the script's role") {
    Image image;
    const std::string low = image.database.role("low");
    image.migration("1_a",
                    "CREATE TABLE a (id int); CREATE TABLE seen (who text); GRANT INSERT ON seen TO " + low +
                        "; ALTER TABLE a OWNER TO " + low + "; GRANT CREATE ON SCHEMA public TO " + low +
                        ";\n"
                        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ INSERT INTO seen VALUES (current_user); "
                        "SELECT $1 $$;\n"
                        "SET ROLE " +
                        low +
                        "; DECLARE k CURSOR WITH HOLD FOR SELECT f(i) FROM generate_series(1, 2) i;\n"
                        "CREATE INDEX CONCURRENTLY a_id ON a (id);\nFETCH ALL FROM k;");

    const Ran ran = image.apply();

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(image.database.query("SELECT * FROM seen") == Rows{low, low});
  }

  TEST_CASE("a login role that becomes the owner by ALTER ROLE … SET role writes as that, whole and in parts") {
    Image image;
    const std::string owner = image.database.role("owner");
    const std::string login = image.database.role("login", "NOINHERIT IN ROLE " + owner);
    image.database.query("ALTER ROLE " + login + " SET role = '" + owner + "'; ALTER DATABASE " +
                         image.database.name() + " OWNER TO " + owner + "; GRANT ALL ON SCHEMA public TO " + owner);
    image.migration("1_a", "CREATE TABLE a (id int, v int)")
        .migration("2_b",
                   "INSERT INTO a VALUES (1, 1);\nCREATE INDEX CONCURRENTLY a_v ON a (v);\nINSERT INTO a VALUES (2, 2)")
        .migration("3_c", "BEGIN; INSERT INTO a VALUES (3, 3); COMMIT;");

    const Ran ran = image.command({"apply"}, image.database.url_as(login));

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(image.database.value("SELECT count(*) FROM a") == "3");
    CHECK(image.database.value("SELECT tableowner FROM pg_tables WHERE tablename = 'a'") == owner);
    CHECK(image.database.history() == Rows{"1_a|t|f|1|", "2_b|t|f|1|", "3_c|t|f|1|"});
  }

  TEST_CASE("a call or block that is rolled back whole is recorded as that, and the next image simply deploys") {
    for (const std::string script :
         {"CALL p()", "DO $$ BEGIN\n -- no COMMIT here\n INSERT INTO a VALUES (1); PERFORM 1/0; END $$",
          "REINDEX TABLE nothing", "CLUSTER nothing"}) {
      CAPTURE(script);
      Image image;
      image.migration("1_a",
                      "CREATE TABLE a (id int); CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a VALUES "
                      "(1); PERFORM 1/0; END $$");
      image.migration("2_b", script);
      CHECK(image.apply().code == 65);
      CHECK(image.database.value("SELECT count(*) FROM a") == "0");
      CHECK(image.database.value("SELECT rolled_back_at IS NOT NULL FROM _prisma_migrations WHERE migration_name = "
                                 "'2_b'") == "t");

      image.migration("2_b", "SELECT 1");

      CHECK(image.apply().code == 0);
    }
  }
}
