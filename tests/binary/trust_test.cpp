#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/image.hpp"
#include "support/plain.hpp"
#include "support/sealed.hpp"

using namespace support;

// Nothing of ours means what another role has made, and the history is looked at before it is believed.
namespace {

constexpr const char* untouched = "the database was not changed; the program was not started\n";

/// The columns of Prisma's table.
constexpr const char* columns =
    "id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ, migration_name "
    "VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(), "
    "applied_steps_count INTEGER NOT NULL DEFAULT 0";

/// A database in which another role may create things, and has a function that would take everything over.
struct Trap {
  explicit Trap(Image& given) : image{given}, mallory{given.database.role("mallory")} {
    image.database.query("GRANT CREATE, USAGE ON SCHEMA public TO " + mallory);
    as_mallory(
        "CREATE FUNCTION public.evil() RETURNS text LANGUAGE plpgsql AS $$ BEGIN IF session_user <> '" + mallory +
        "' AND current_setting('transaction_read_only') = 'off' THEN EXECUTE 'ALTER ROLE " + mallory +
        " SUPERUSER'; END IF; RETURN 'x'; END $$; CREATE FUNCTION public.evil_trigger() RETURNS trigger LANGUAGE "
        "plpgsql "
        "AS $$ BEGIN PERFORM public.evil(); RETURN NEW; END $$; CREATE FUNCTION public.evil_number(int) RETURNS int "
        "IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.evil(); RETURN $1; END $$");
    image.migration("1_a", "CREATE TABLE a (id int)");
  }
  void as_mallory(const std::string& sql) const {
    image.database.query("SET SESSION AUTHORIZATION " + mallory + "; " + sql);
  }
  [[nodiscard]] bool sprung() const {
    return image.database.value("SELECT rolsuper FROM pg_roles WHERE rolname = '" + mallory + "'") == "t";
  }
  Image& image;
  std::string mallory;
};

std::string where(const Image& image) {
  return "  where  " + image.database.place() + ", table \"public\".\"_prisma_migrations\"\n";
}

/// Every command refuses with 76 and this text, and nothing of mallory's has run.
void check_refused(const Trap& trap, const std::vector<std::string>& commands, const std::string& text) {
  for (const std::string& command : commands) {
    CAPTURE(command);
    std::vector<std::string> words{command};
    if (command == "resolve") words = {"resolve", "--applied", "1_a"};
    if (command == "run") words = {"run", "--", "true"};
    const Ran ran = trap.image.command(words);
    CHECK(ran.code == 76);
    CHECK(ran.err == text);
    CHECK_FALSE(trap.sprung());
  }
}

/// Some of them are PostgreSQL's own, which nobody can make again in pg_catalog; in public they may be.
void make_operators(const Image& image, const std::string& mallory) {
  int number = 0;
  for (const auto& [left, right] :
       {std::pair{"oid", "regclass"}, {"oid", "int"}, {"name", "text"}, {"int", "bigint"}, {"text", "name"}})
    for (const char* sign : {"=", "<>", "<", ">", "||"})
      image.database.query(fmt::format(
          "SET SESSION AUTHORIZATION {0}; CREATE FUNCTION public.trap{1}({2}, {3}) RETURNS boolean LANGUAGE plpgsql AS "
          "$$ BEGIN RAISE EXCEPTION 'sprung'; END $$; CREATE OPERATOR public.{4} (LEFTARG = {2}, RIGHTARG = {3}, "
          "FUNCTION "
          "= public.trap{1})",
          mallory, ++number, left, right, sign));
}

const std::vector<std::string> readers{"verify", "status", "apply", "run", "resolve"};
const std::vector<std::string> writers{"apply", "run", "resolve"};

}  // namespace

TEST_SUITE("trust") {
  TEST_CASE("a history that is no ordinary table is not read") {
    Image image;
    const Trap trap{image};
    trap.as_mallory(
        "CREATE VIEW public._prisma_migrations AS SELECT public.evil() AS id, 'x'::text AS migration_name, 'x'::text "
        "AS "
        "checksum, now() AS started_at, now() AS finished_at, now() AS rolled_back_at, ''::text AS logs");

    check_refused(trap, readers,
                  R"(schemagate: "public"."_prisma_migrations" is a view of the role ")" + trap.mallory +
                      "\", and Prisma's migration history is an ordinary table\n" + where(image) + "  state  " +
                      untouched +
                      "  next   find out who made it; rename or drop it, or point the URL to the right database and "
                      "?schema=\n");
  }

  TEST_CASE("a partition, and a partitioned table, are no history either") {
    for (const auto& [make, what] :
         {std::pair{"CREATE TABLE p (LIKE _prisma_migrations) PARTITION BY LIST (id); ALTER TABLE p ATTACH PARTITION "
                    "_prisma_migrations DEFAULT",
                    "a partition"},
          std::pair{"DROP TABLE _prisma_migrations; CREATE TABLE _prisma_migrations (id text) PARTITION BY LIST (id)",
                    "a partitioned table"}}) {
      Image image;
      image.migration("1_a", "SELECT 1");
      REQUIRE(image.apply().code == 0);
      image.database.query(make);
      const Ran ran = image.command({"verify"});
      CHECK(ran.code == 76);
      CHECK(contains(ran.err, std::string{"is "} + what + " of the role \"postgres\", and Prisma's"));
    }
  }

  TEST_CASE("columns of types that PostgreSQL does not bring are not read") {
    Image image;
    const Trap trap{image};
    trap.as_mallory(
        "CREATE DOMAIN public.d AS text CHECK (public.evil() = VALUE OR true); CREATE TABLE public._prisma_migrations "
        "(id d, checksum text, finished_at timestamptz, migration_name d, logs text, rolled_back_at timestamptz, "
        "started_at timestamptz, applied_steps_count int)");

    check_refused(trap, readers,
                  "schemagate: \"public\".\"_prisma_migrations\" has columns that Prisma's migration history does not "
                  "have: id, migration_name, of a type that is not PostgreSQL's own, or computed when they are read\n" +
                      where(image) + "  state  " + untouched +
                      "  next   change them to Prisma's types (varchar, text, timestamptz, integer), or drop them\n");
  }

  TEST_CASE("a history of a role that cannot be relied on is read, and not written") {
    Image image;
    const Trap trap{image};
    trap.as_mallory(std::string{"CREATE TABLE public._prisma_migrations ("} + columns +
                    "); CREATE TRIGGER t BEFORE INSERT ON public._prisma_migrations FOR EACH ROW EXECUTE FUNCTION "
                    "public.evil_trigger()");

    CHECK(contains(image.command({"verify"}).err, "1 migration is pending"));
    check_refused(
        trap, writers,
        R"(schemagate: the migration history "public"."_prisma_migrations" belongs to the role ")" + trap.mallory +
            "\", who could have anything done with the rights of \"postgres\": it is neither that role nor one "
            "of which it is a member, no superuser, and not the owner of the database or schema\n" +
            where(image) + "  state  " + untouched +
            "  next   find out why; if the rows are right, as a superuser:\n"
            "           ALTER TABLE \"public\".\"_prisma_migrations\" OWNER TO \"postgres\";\n");
  }

  TEST_CASE("an expression that the planner evaluates for any reader keeps such a history from being read") {
    for (const std::string expression :
         {"CREATE INDEX i ON public._prisma_migrations ((public.evil_number(1)))",
          "CREATE INDEX i ON public._prisma_migrations (id) WHERE public.evil_number(1) = 1",
          "CREATE STATISTICS s ON (public.evil_number(1)), id FROM public._prisma_migrations"}) {
      CAPTURE(expression);
      Image image;
      const Trap trap{image};
      trap.as_mallory(std::string{"CREATE TABLE public._prisma_migrations ("} + columns + "); " + expression);
      for (const std::string command : {"verify", "status", "apply"}) {
        const Ran ran = image.command({command});
        CHECK(ran.code == 76);
        CHECK(contains(ran.err, "belongs to the role \"" + trap.mallory + "\""));
        CHECK_FALSE(trap.sprung());
      }
    }
  }

  TEST_CASE("what a trusted owner's table calls must belong to such roles too") {
    for (const auto& one :
         {std::pair{"CREATE TRIGGER t BEFORE INSERT ON _prisma_migrations FOR EACH ROW EXECUTE FUNCTION evil_trigger()",
                    "trigger t calls public.evil_trigger()"},
          std::pair{"ALTER TABLE _prisma_migrations ADD CONSTRAINT c CHECK (public.evil_number(1) = 1) NOT VALID",
                    "constraint c calls public.evil_number(integer)"},
          std::pair{"ALTER TABLE _prisma_migrations ALTER COLUMN applied_steps_count SET DEFAULT public.evil_number(1)",
                    "default of applied_steps_count calls public.evil_number(integer)"}}) {
      const std::string by = one.second;
      CAPTURE(by);
      Image image;
      const Trap trap{image};
      REQUIRE(image.apply().code == 0);
      image.database.query(std::string{"SET search_path = public; "} + one.first);
      image.migration("2_b", "SELECT 1");
      const Ran ran = image.apply();
      const std::string function = by.substr(by.find("public."));
      CHECK(ran.code == 76);
      CHECK(ran.err ==
            fmt::format(
                "schemagate: to write the migration history \"public\".\"_prisma_migrations\" would run code of other "
                "roles with the rights of \"postgres\":\n  {} of the role \"{}\"\n{}  state  {}  next   find out why; "
                "drop what uses it, or give it to the table's owner:\n           ALTER FUNCTION {} OWNER TO "
                "\"postgres\";\n",
                by, trap.mallory, where(image), untouched, function));
      CHECK_FALSE(trap.sprung());
    }
  }

  TEST_CASE("a type whose CHECK is another role's is its code too, also where only a trigger's condition names it") {
    Image image;
    const Trap trap{image};
    REQUIRE(image.apply().code == 0);
    image.database.query("GRANT ALL ON _prisma_migrations TO " + trap.mallory);
    trap.as_mallory(
        "CREATE DOMAIN public.d AS text CHECK (public.evil() = 'x'); CREATE TRIGGER t BEFORE INSERT ON "
        "public._prisma_migrations FOR EACH ROW WHEN (NEW.migration_name::public.d IS NULL) EXECUTE FUNCTION "
        "suppress_redundant_updates_trigger()");
    image.migration("2_b", "SELECT 1");

    const Ran ran = image.apply();

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "  trigger t calls public.evil() of the role \"" + trap.mallory + "\"\n"));
    CHECK(contains(ran.err, "  trigger t uses the type public.d of the role \"" + trap.mallory + "\"\n"));
    CHECK_FALSE(trap.sprung());
  }

  TEST_CASE("a trigger that is made while a migration runs is seen by the transaction that writes the row") {
    Image image;
    const Trap trap{image};
    REQUIRE(image.apply().code == 0);
    image.database.query("GRANT ALL ON _prisma_migrations TO " + trap.mallory);
    image.migration("2_b", "CREATE TABLE b (id int); SELECT pg_sleep(1)");
    Running running{{binary(), "apply", "--migrations", image.folder.path()},
                    {{"SCHEMAGATE_DATABASE_URL", image.database.url()}}};
    REQUIRE(eventually([&] {
      return image.database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = "
                 "current_database()") == "1";
    }));
    trap.as_mallory(
        "CREATE TRIGGER t BEFORE INSERT ON public._prisma_migrations FOR EACH ROW EXECUTE FUNCTION "
        "public.evil_trigger()");

    const Ran ran = running.finish();

    CHECK(ran.code == 76);
    CHECK(contains(ran.err, "trigger t calls public.evil_trigger() of the role \"" + trap.mallory + "\"\n"));
    CHECK_FALSE(trap.sprung());
    CHECK(image.database.value("SELECT to_regclass('b') IS NULL") == "t");
  }

  TEST_CASE("a type of the history's name, and an event trigger that fails, are told as that") {
    Image image;
    image.migration("1_a", "SELECT 1");
    image.database.query("CREATE DOMAIN public._prisma_migrations AS int");
    const Ran type = image.apply();
    CHECK(type.code == 76);
    CHECK(contains(type.err, "cannot be created: type \"_prisma_migrations\" already exists (42710)\n"));
    image.database.query(
        "DROP DOMAIN public._prisma_migrations; CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO ddl_log VALUES (tg_tag); END $$; CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()");
    const Ran event = image.apply();
    CHECK(event.code == 76);
    CHECK(contains(event.err, "cannot be created: relation \"ddl_log\" does not exist (42P01)\n"));
    CHECK(contains(event.err, "mend or disable the event trigger"));
  }

  TEST_CASE("an audit trigger and an index of the owner's own are nobody's trap") {
    Image image;
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.apply().code == 0);
    image.database.query(
        "CREATE TABLE audit (name text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO "
        "public.audit VALUES (NEW.migration_name); RETURN NULL; END $$; CREATE TRIGGER t AFTER INSERT ON "
        "_prisma_migrations FOR EACH ROW EXECUTE FUNCTION f(); CREATE INDEX i ON _prisma_migrations (lower(id))");
    image.migration("2_b", "SELECT 1");

    const Ran ran = image.apply();

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(image.database.query("SELECT * FROM audit") == std::vector<std::string>{"2_b"});
    CHECK(image.command({"verify"}).code == 0);
  }

  TEST_CASE("operators and casts of others do not reach what we ask") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").seal();
    REQUIRE(image.command({"apply"}).code == 0);
    const std::string mallory = image.database.role("mallory");
    image.database.query("GRANT CREATE, USAGE ON SCHEMA public TO " + mallory);
    make_operators(image, mallory);
    image.database.query("ALTER DATABASE " + image.database.name() + " SET search_path = public, pg_catalog");
    image.database.query("CREATE CAST (int AS text) WITH INOUT AS IMPLICIT");

    CHECK(image.command({"verify"}).code == 0);
    CHECK(image.command({"status"}).code == 0);
    CHECK(image.command({"run", "--", "true"}).code == 0);
    image.migration("2_b", "CREATE TABLE b (id int);\nCREATE INDEX CONCURRENTLY b_id ON b (id);").seal();
    CHECK(image.command({"plan"}).code == 0);
    const Ran ran = image.command({"apply"});
    CHECK_MESSAGE(ran.code == 0, ran.err);
    image.database.query("DROP CAST (int AS text)");
  }
}

namespace {

/// The owner's database with policies on its history, and a role that the owner has granted everything.
struct Policies {
  explicit Policies(Image& given) : image{given}, app{given.database.role("app")} {
    image.migration("1_a", "CREATE TABLE a (id int)");
    REQUIRE(image.apply().code == 0);
    image.database.query("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + app + "; GRANT ALL ON SCHEMA public TO " +
                         app + "; ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY");
  }
  [[nodiscard]] Ran command(const std::vector<std::string>& words) const {
    return image.command(words, image.database.url_as(app));
  }
  [[nodiscard]] std::string refusal(const std::string& what, const std::string& why) const {
    std::string place = image.database.place();
    place.replace(0, place.find('@'), app);
    return "schemagate: row-level security keeps the role \"" + app + "\" from " + what +
           " of the migration history: " + why + "\n  where  " + place +
           ", table \"public\".\"_prisma_migrations\"\n  state  " + untouched +
           "  next   one of these; the first as the table's owner, in place of the policies that apply to the role:\n"
           "           CREATE POLICY schemagate ON \"public\".\"_prisma_migrations\" TO \"" +
           app + "\" USING (true) WITH CHECK (true);\n           ALTER ROLE \"" + app +
           "\" BYPASSRLS;\n         or set SCHEMAGATE_DATABASE_URL to the role \"postgres\", which owns the table\n";
  }
  Image& image;
  std::string app;
};

}  // namespace

TEST_SUITE("row-level security") {
  TEST_CASE("hidden rows are no rows that are not there") {
    Image image;
    const Policies policies{image};
    const auto check = [&](const std::string& why) {
      for (const std::vector<std::string>& words : {std::vector<std::string>{"verify"},
                                                    {"status"},
                                                    {"apply"},
                                                    {"run", "--", "true"},
                                                    {"resolve", "--applied", "1_a"}}) {
        const Ran ran = policies.command(words);
        CHECK(ran.code == 77);
        CHECK(ran.err == policies.refusal("reading rows", why));
      }
    };

    check("no policy allows it");
    image.database.query("CREATE POLICY w ON _prisma_migrations FOR INSERT WITH CHECK (true)");
    check("no policy allows it");
    image.database.query("CREATE POLICY s ON _prisma_migrations FOR SELECT USING (migration_name < '1')");
    check("policy \"s\"");
    image.database.query("CREATE POLICY \"all\" ON _prisma_migrations USING (true)");
    check("policy \"s\"");
  }

  TEST_CASE("policies that are permissive and true are fine, to read and to write") {
    Image image;
    const Policies policies{image};
    image.database.query("CREATE POLICY s ON _prisma_migrations FOR SELECT USING (true)");
    CHECK(policies.command({"verify"}).code == 0);
    CHECK(policies.command({"run", "--", "true"}).code == 0);
    image.migration("2_b", "CREATE TABLE b (id int)");

    CHECK(policies.command({"apply"}).err == policies.refusal("writing rows", "no policy allows it"));
    image.database.query("CREATE POLICY i ON _prisma_migrations FOR INSERT WITH CHECK (true)");
    CHECK(policies.command({"apply"}).code == 77);
    image.database.query("CREATE POLICY u ON _prisma_migrations FOR UPDATE USING (true)");
    const Ran ran = policies.command({"apply"});

    CHECK_MESSAGE(ran.code == 0, ran.err);
    CHECK(image.database.history() == std::vector<std::string>{"1_a|t|f|1|", "2_b|t|f|1|"});
  }

  TEST_CASE("FORCE holds for the owner too, who is told how to end it") {
    Image image;
    const std::string owner = image.database.role("owner");
    image.database.query("GRANT ALL ON SCHEMA public TO " + owner);
    image.migration("1_a", "SELECT 1");
    REQUIRE(image.command({"apply"}, image.database.url_as(owner)).code == 0);
    image.database.query("ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY");
    CHECK(image.command({"verify"}, image.database.url_as(owner)).code == 0);
    image.database.query("ALTER TABLE _prisma_migrations FORCE ROW LEVEL SECURITY");

    const Ran ran = image.command({"verify"}, image.database.url_as(owner));

    CHECK(ran.code == 77);
    CHECK(ran.err.ends_with("  next   ALTER TABLE \"public\".\"_prisma_migrations\" NO FORCE ROW LEVEL SECURITY;\n"));
  }
}
