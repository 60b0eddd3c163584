#include "forecast/forecast.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/forecast.hpp"

namespace schemagate {
namespace {

/// `LINE risk risk: LOCK relation work, …` of each statement.
std::vector<std::string> told(const Forecast& forecast) {
  std::vector<std::string> lines;
  for (const Course& course : forecast.courses)
    for (const Step& step : course.steps) {
      std::string line = std::to_string(step.line);
      for (const Risk risk : risks(step)) line.append(", ").append(name(risk));
      for (const Touch& touch : step.touches)
        line.append("; ")
            .append(name(touch.lock))
            .append(" ")
            .append(touch.relation)
            .append(" ")
            .append(name(touch.work));
      lines.push_back(line);
    }
  return lines;
}

std::vector<std::string> problems(const Forecast& forecast) {
  std::vector<std::string> lines;
  for (const Problem& problem : forecast.problems) lines.push_back(std::to_string(problem.code) + " " + problem.what);
  return lines;
}

TEST_SUITE("forecast") {
  TEST_CASE("nobody waits for what an earlier statement made") {
    CHECK(
        told(forecast({"CREATE TABLE a (id int);\nCREATE INDEX i ON a (id);\nALTER TABLE public.a ADD b serial;",
                       "ALTER TABLE a RENAME TO c; DROP TABLE c; CREATE TYPE t AS ENUM ('a'); DROP TYPE t"})) ==
        Lines{"1, harmless", "2, harmless", "3, harmless", "1, harmless", "1, harmless", "1, harmless", "1, harmless"});
  }

  TEST_CASE("a renamed table is the old one") {
    CHECK(told(forecast({"ALTER TABLE users RENAME TO people; ALTER TABLE people ADD a int; CREATE TABLE users ();"
                         "ALTER TABLE users ADD a int"})) ==
          Lines{"1, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog",
                "1, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog", "1, harmless", "1, harmless"});
  }

  TEST_CASE("a column of a domain that checks, or makes, its values is written into every row") {
    Facts live = facts();
    live.types = {{"public.plain", {}}, {"public.checked", {.checked = true}}, {"public.rolled", {.moving = true}}};
    const auto work = [&](const std::string& before, const std::string& column) {
      const Forecast found = forecast({before + "; ALTER TABLE users ADD a " + column}, live);
      return std::string{name(found.courses[0].steps.back().touches.at(0).work)};
    };
    CHECK(work("SELECT 1", "plain") == "catalog");
    CHECK(work("SELECT 1", "public . checked") == "rewrite");
    CHECK(work("SELECT 1", "checked[]") == "catalog");
    CHECK(work("SELECT 1", "checked ARRAY") == "catalog");
    CHECK(work("SELECT 1", "rolled") == "rewrite");
    CHECK(work("SELECT 1", "rolled DEFAULT 1") == "catalog");
    CHECK(work("CREATE DOMAIN d AS text", "d") == "catalog");
    CHECK(work("CREATE DOMAIN d AS text CHECK (VALUE <> '')", "d") == "rewrite");
    CHECK(work("CREATE DOMAIN d text COLLATE \"C\" DEFAULT '' NOT NULL", "d") == "rewrite");
    CHECK(work("CREATE DOMAIN d float DEFAULT random()", "d") == "rewrite");
    CHECK(work("CREATE DOMAIN d checked; CREATE DOMAIN e d; ALTER DOMAIN e RENAME TO f", "f") == "rewrite");
    CHECK(work("ALTER DOMAIN plain ADD CONSTRAINT c CHECK (VALUE <> '')", "plain") == "rewrite");
    CHECK(work("ALTER DOMAIN plain SET NOT NULL", "plain") == "rewrite");
    CHECK(work("ALTER DOMAIN plain SET DEFAULT random()", "plain") == "rewrite");
    CHECK(work("ALTER DOMAIN plain SET DEFAULT 1", "plain") == "catalog");
    CHECK(work("ALTER DOMAIN plain RENAME TO other", "other") == "catalog");
    CHECK(work("SET search_path TO closed, public", "checked") == "rewrite");
    CHECK(work("DROP DOMAIN checked; CREATE DOMAIN checked AS text", "checked") == "catalog");
  }

  TEST_CASE("what CASCADE takes with it, beyond relations, cannot be told") {
    CHECK(told(forecast({"DROP TYPE mood; DROP TYPE mood CASCADE; DROP FUNCTION f() CASCADE; DROP EXTENSION citext "
                         "CASCADE; ALTER TYPE pair ADD ATTRIBUTE z int CASCADE"})) ==
          Lines{"1, breaks older images", "1, unknown", "1, breaks older images, unknown",
                "1, breaks older images, unknown", "1, breaks older images, unknown"});
    CHECK(told(forecast({"DROP COLLATION c CASCADE; DROP COLLATION c; DROP TEXT SEARCH CONFIGURATION c CASCADE"})) ==
          Lines{"1, unknown", "1, harmless", "1, unknown"});
    CHECK(told(forecast({"DROP INDEX users_email CASCADE"})).at(0).find(", unknown; ") != std::string::npos);
    CHECK(forecast({"DROP FUNCTION f() CASCADE"}).courses[0].steps[0].notes ==
          Lines{"CASCADE also locks, and changes, every table that depends on it"});
    Facts live = facts();
    live.relations[5] = {.oid = 5, .schema = "public", .name = "numbers", .kind = 'S', .rights = {"OWNER"}};
    CHECK(told(forecast({"DROP SEQUENCE numbers"}, live)) ==
          Lines{"1, breaks older images, blocks reads and writes; ACCESS EXCLUSIVE public.numbers catalog"});
    CHECK(told(forecast({"DROP SEQUENCE numbers CASCADE"}, live)) ==
          Lines{"1, breaks older images, blocks reads and writes, unknown; ACCESS EXCLUSIVE public.numbers catalog"});
  }

  TEST_CASE("another collation or operator class reads the rows, for the indexes") {
    const auto work = [](const std::string& type) {
      Facts live = facts();
      live.relations[1].columns["email"].indexed = true;
      const Forecast found = forecast({"ALTER TABLE users ALTER email TYPE " + type}, live);
      return std::string{name(found.courses[0].steps[0].touches.at(0).work)};
    };
    CHECK(work("text") == "catalog");
    CHECK(work("text COLLATE \"C\"") == "scan");
    CHECK(work("citext") == "scan");
    CHECK(work("varchar COLLATE \"default\"") == "catalog");
    CHECK(work("bytea COLLATE \"C\"") == "rewrite");
  }

  TEST_CASE("a statement of several actions takes the strongest lock and does the most work") {
    CHECK(told(forecast({"ALTER TABLE users ALTER email SET STATISTICS 1, ADD a float DEFAULT random(), ADD b int"})) ==
          Lines{"1, rewrites; ACCESS EXCLUSIVE public.users rewrite"});
  }

  TEST_CASE("a default that is not volatile is kept in the catalog, one that nobody knows is not") {
    CHECK(told(forecast(
              {"ALTER TABLE users ADD a timestamptz DEFAULT now();\nALTER TABLE users ADD b int DEFAULT mine()"})) ==
          Lines{"1, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog",
                "2, rewrites; ACCESS EXCLUSIVE public.users rewrite"});
  }

  TEST_CASE("NOT NULL is not looked for where a CHECK has proved it, or where it is there") {
    Facts live = facts();
    live.relations[1].constraints.push_back(
        {.name = "c", .kind = 'c', .columns = {"email"}, .check = "(email IS NOT NULL)"});
    const std::string script = "ALTER TABLE users ALTER email SET NOT NULL; ALTER TABLE users ALTER id SET NOT NULL";
    CHECK(told(forecast({script}))[0] ==
          "1, breaks older images, blocks reads and writes; ACCESS EXCLUSIVE public.users scan");
    CHECK(told(forecast({script}, live)) ==
          Lines{"1, breaks older images, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog",
                "1, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog"});
    live.relations[1].constraints.back().valid = false;
    CHECK(told(forecast({script}, live))[0] ==
          "1, breaks older images, blocks reads and writes; ACCESS EXCLUSIVE public.users scan");
  }

  TEST_CASE("what a key connects is locked with it") {
    CHECK(
        told(forecast({"ALTER TABLE orders DROP CONSTRAINT orders_user;", "DROP TABLE orders"})) ==
        Lines{
            "1, blocks reads and writes; ACCESS EXCLUSIVE public.orders catalog; ACCESS EXCLUSIVE public.users catalog",
            "1, breaks older images, blocks reads and writes; ACCESS EXCLUSIVE public.orders catalog; ACCESS "
            "EXCLUSIVE public.users catalog"});
    CHECK(
        told(forecast({"TRUNCATE users CASCADE"})) ==
        Lines{"1, blocks reads and writes; ACCESS EXCLUSIVE public.users empty; ACCESS EXCLUSIVE public.orders empty"});
  }

  TEST_CASE("an index is its table's, and a unique one is what ON CONFLICT needs") {
    const Forecast found = forecast({"DROP INDEX users_email"});
    CHECK(told(found) ==
          Lines{"1, breaks older images, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog; "
                "ACCESS EXCLUSIVE public.users_email catalog"});
    CHECK(notices(found) == Lines{"breaks public.users_email 42P10"});
  }

  TEST_CASE("search_path decides what a name means") {
    Facts live = facts();
    live.relations[5] = {.oid = 5, .schema = "closed", .name = "users", .rights = {"OWNER"}};
    CHECK(told(forecast({"SET search_path TO closed, public; LOCK users; RESET search_path; LOCK users"}, live)) ==
          Lines{"1, harmless", "1, blocks reads and writes; ACCESS EXCLUSIVE closed.users catalog", "1, harmless",
                "1, blocks reads and writes; ACCESS EXCLUSIVE public.users catalog"});
  }

  TEST_CASE("every row, and what cannot be told, have a word") {
    CHECK(
        told(forecast({"UPDATE users SET email = ''; UPDATE users SET email = '' WHERE id = 1; SELECT count(*), mine() "
                       "FROM users; SELECT count(*) FROM users; DO ''; ALTER TABLE users WOBBLE"})) ==
        Lines{"1, blocks writes; ROW EXCLUSIVE public.users catalog", "1, harmless; ROW EXCLUSIVE public.users catalog",
              "1, unknown", "1, harmless", "1, unknown",
              "1, blocks reads and writes, unknown; ACCESS EXCLUSIVE public.users catalog"});
  }

  TEST_CASE("a lock is kept while the rest of its transaction runs, and only of its transaction") {
    const auto notes = [](const std::string& script) { return forecast({script}).courses[0].steps[0].notes; };
    CHECK(notes("ALTER TABLE users ADD a int;\nCREATE INDEX i ON orders (user_id);") ==
          Lines{"public.users stays locked to the end of the transaction, while line 2 runs"});
    CHECK(notes("ALTER TABLE users ADD a int;\nALTER TABLE users ADD b int").empty());
    CHECK(notes("ALTER TABLE users ADD a int;\nCREATE INDEX CONCURRENTLY i ON orders (user_id);").empty());
  }

  TEST_CASE("a migration that was begun goes on where it stopped") {
    const std::string script = "CREATE INDEX CONCURRENTLY i ON users (id);\nDROP INDEX CONCURRENTLY users_email;";
    const Forecast found = make_forecast({{.name = "1", .script = script, .done = 42}}, facts());
    CHECK(found.courses[0].segments == 2);
    CHECK(found.courses[0].done == 1);
    REQUIRE(found.courses[0].steps.size() == 1);
    CHECK(found.courses[0].steps[0].line == 2);
    CHECK(found.courses[0].steps[0].segment == 2);
  }

  TEST_CASE("a name that is not there, and what is there already, are told") {
    const auto notes = [](const std::string& script) { return forecast({script}).courses[0].steps[0].notes; };
    CHECK(notes("ALTER TABLE nowhere ADD a int") ==
          Lines{"nowhere is not there, or this role does not see it: the statement fails"});
    CHECK(notes("DROP TABLE IF EXISTS nowhere") == Lines{"nowhere is not there: nothing is done"});
    CHECK(notes("CREATE TABLE IF NOT EXISTS users (id int REFERENCES orders)") ==
          Lines{"it is there already: nothing is done"});
    CHECK(notes("ALTER TABLE users ADD a int NOT NULL") ==
          Lines{"fails (23502) if public.users has a row: the column is NOT NULL without a default"});
  }
}

TEST_SUITE("forecast: rights") {
  TEST_CASE("a right that is missing is said once, with what gives it") {
    const Forecast found =
        forecast({"INSERT INTO other VALUES (1); DELETE FROM other; ALTER TABLE other ADD a int;"
                  "ALTER TABLE other ADD b int; CREATE TABLE closed.a (); CLUSTER other;"
                  "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES other"});
    CHECK(problems(found) == Lines{"77 the role \"app\" lacks DELETE on \"public\".\"other\"",
                                   "77 the role \"app\" is not the owner of \"public\".\"other\"",
                                   "77 the role \"app\" lacks CREATE on SCHEMA \"closed\"",
                                   "77 the role \"app\" lacks MAINTAIN on \"public\".\"other\"",
                                   "77 the role \"app\" lacks REFERENCES on \"public\".\"other\""});
    CHECK(found.problems[0].next == "as its owner:  GRANT DELETE ON \"public\".\"other\" TO \"app\"");
  }

  TEST_CASE("a schema takes a right on the database, also where it is there, and a type takes its owner") {
    Facts live = facts();
    live.database = "shop";
    live.types = {{"public.mood", {.owned = false, .droppable = true}},
                  {"public.mine", {.owned = true, .droppable = true}},
                  {"public.theirs", {}}};
    const std::string script =
        "CREATE SCHEMA IF NOT EXISTS public; ALTER TYPE mine ADD VALUE 'b'; DROP TYPE mood, mine, nothing; "
        "CREATE TYPE mood AS ENUM (); ALTER TYPE mood RENAME TO m; ALTER TYPE public.theirs ADD VALUE IF NOT EXISTS "
        "'b'";
    const Forecast found = forecast({script}, live);
    CHECK(problems(found) == Lines{"77 the role \"app\" is not the owner of the type \"public\".\"theirs\""});
    CHECK(found.problems[0].next == "as its owner:  ALTER TYPE \"public\".\"theirs\" OWNER TO \"app\"");
    CHECK(problems(forecast({"ALTER TYPE mood ADD VALUE 'b'"}, live)) ==
          Lines{"77 the role \"app\" is not the owner of the type \"public\".\"mood\""});
    live.may_create = false;
    const Forecast refused = forecast({"CREATE SCHEMA a; CREATE SCHEMA IF NOT EXISTS public"}, live);
    CHECK(problems(refused) == Lines{"77 the role \"app\" may not create a schema: it lacks CREATE on the database"});
    CHECK(refused.problems[0].next == "as the owner:  GRANT CREATE ON DATABASE \"shop\" TO \"app\"");
  }

  TEST_CASE("a superuser, and a script that becomes another role, are not judged") {
    Facts live = facts();
    live.superuser = true;
    CHECK(problems(forecast({"ALTER TABLE other ADD a int"}, live)).empty());
    CHECK(problems(forecast({"SET ROLE owner; ALTER TABLE other ADD a int"})).empty());
  }

  TEST_CASE("extensions that the server would not allow") {
    Facts live = facts();
    live.extensions = {{"citext", {.installed = false, .available = true, .trusted = true}},
                       {"vector", {.installed = false, .available = true, .trusted = false}},
                       {"pgcrypto", {.installed = true, .available = true, .trusted = false}}};
    const std::string script =
        "CREATE EXTENSION citext; CREATE EXTENSION \"vector\"; CREATE EXTENSION IF NOT EXISTS pgcrypto;"
        "CREATE EXTENSION postgis";
    CHECK(problems(forecast({script}, live)) ==
          Lines{"77 the role \"app\" may not create the extension vector: it is not trusted, only a superuser may",
                "65 the server does not have the extension postgis"});
    live.may_create = false;
    CHECK(problems(forecast({script}, live))[0] ==
          "77 the role \"app\" may not create the extension citext: it lacks CREATE on the database");
  }

  TEST_CASE("Azure has a list, and asks for its administrator even where the extension is there") {
    Facts live = facts();
    live.extensions = {{"vector", {.installed = true, .available = true, .trusted = false}},
                       {"citext", {.installed = false, .available = true, .trusted = true}}};
    live.allow_list = "VECTOR, pg_trgm";
    const std::string script = "CREATE EXTENSION IF NOT EXISTS vector; CREATE EXTENSION citext";
    CHECK(problems(forecast({script}, live)) == Lines{"77 the extension citext is not in azure.extensions"});
    live.azure_admin = false;
    CHECK(problems(forecast({script}, live))[0] ==
          "77 the role \"app\" is not a member of azure_pg_admin, which CREATE EXTENSION vector asks for, also IF NOT "
          "EXISTS and there");
  }
}

TEST_SUITE("forecast: who is in the way") {
  TEST_CASE("whose lock conflicts, once") {
    Facts live = facts();
    live.holders = {{.pid = 7, .who = "a", .relation = 1, .mode = LockMode::row_exclusive},
                    {.pid = 7, .who = "a", .relation = 1, .mode = LockMode::access_share},
                    {.pid = 8, .who = "b", .relation = 1, .mode = LockMode::access_share},
                    {.pid = 9, .who = "c", .relation = 2, .mode = LockMode::access_exclusive}};
    const auto pids = [&](const std::string& script) {
      std::vector<int> result;
      for (const Blocker& blocker : forecast({script}, live).blockers) result.push_back(blocker.holder.pid);
      return result;
    };
    CHECK(pids("CREATE INDEX i ON users (id)") == std::vector{7});
    CHECK(pids("ALTER TABLE users ADD a int; ALTER TABLE users ADD b int") == std::vector{7, 8});
    CHECK(pids("CREATE INDEX CONCURRENTLY i ON users (id)") == std::vector{7});
    CHECK(pids("COMMENT ON TABLE users IS ''").empty());
  }

  TEST_CASE("the oldest transaction matters to CONCURRENTLY") {
    Facts live = facts();
    live.oldest = Holder{.pid = 5, .who = "old"};
    CHECK_FALSE(forecast({"CREATE INDEX i ON users (id)"}, live).oldest);
    const Forecast found = forecast({"CREATE INDEX CONCURRENTLY i ON users (id)"}, live);
    REQUIRE(found.oldest);
    CHECK(found.oldest->pid == 5);
  }
}

}  // namespace
}  // namespace schemagate
