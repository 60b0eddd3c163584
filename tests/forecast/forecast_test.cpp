#include "forecast/forecast.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace schemagate {
namespace {

Facts facts() {
  Facts result{.version = 170002, .role = "app", .superuser = false, .may_create = true};
  result.time_zone = "UTC";
  result.path = {"pg_catalog", "public"};
  result.schemas = {{"public", true}, {"closed", false}};
  result.functions = {{"now", 's'}, {"random", 'v'}, {"count", 'i'}};
  result.own_functions = {"now", "random", "count"};
  Relation users{.oid = 1, .schema = "public", .name = "users", .rights = {"OWNER"}};
  users.columns = {{"id", {"integer", true, true}},
                   {"email", {"character varying(20)", false, false}},
                   {"mood", {"mood", true, false}}};
  users.constraints = {{.name = "users_pkey", .kind = 'p', .columns = {"id"}}};
  Relation orders{.oid = 2, .schema = "public", .name = "orders", .rights = {"OWNER"}};
  orders.columns = {{"user_id", {"integer", false, false}}};
  orders.constraints = {
      {.name = "orders_user", .kind = 'f', .columns = {"user_id"}, .other = 1, .other_columns = {"id"}}};
  Relation index{.oid = 3, .schema = "public", .name = "users_email", .kind = 'i', .unique = true, .table = 1};
  Relation other{.oid = 4, .schema = "public", .name = "other", .rights = {"INSERT"}};
  result.relations = {{1, users}, {2, orders}, {3, index}, {4, other}};
  return result;
}

Forecast forecast(const std::vector<std::string>& scripts, const Facts& live = facts()) {
  std::vector<Ahead> pending;
  pending.reserve(scripts.size());
  for (const std::string& script : scripts)
    pending.push_back({.name = std::to_string(pending.size() + 1), .script = script});
  return make_forecast(pending, live);
}

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

std::vector<std::string> notices(const Forecast& forecast) {
  std::vector<std::string> lines;
  for (const Course& course : forecast.courses)
    for (const Step& step : course.steps)
      for (const Notice& notice : step.notices)
        lines.push_back((notice.older == Older::breaks ? "breaks " : "risky ") + notice.object + " " + notice.sqlstate);
  return lines;
}

std::vector<std::string> problems(const Forecast& forecast) {
  std::vector<std::string> lines;
  for (const Problem& problem : forecast.problems) lines.push_back(std::to_string(problem.code) + " " + problem.what);
  return lines;
}

using Lines = std::vector<std::string>;

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

  TEST_CASE("what depends on the column decides what older images notice") {
    CHECK(notices(forecast({"ALTER TABLE users ALTER email TYPE text; ALTER TABLE users ALTER email TYPE varchar(5);"
                            "ALTER TABLE users ALTER id TYPE bigint; ALTER TABLE users ALTER id DROP DEFAULT;"
                            "ALTER TABLE users ALTER email SET DEFAULT 'x'; ALTER TABLE users ALTER id SET DEFAULT 2;"
                            "ALTER TABLE users ALTER id SET NOT NULL"})) ==
          Lines{"breaks public.users.email 22001", "risky public.users.id 0A000", "breaks public.users.id 23502",
                "risky public.users.id "});
  }

  TEST_CASE("what comes back under its name is risky and no longer breaking") {
    CHECK(notices(
              forecast({"CREATE TYPE mood_new AS ENUM ('a'); ALTER TABLE users ALTER mood TYPE mood_new USING "
                        "mood::text::mood_new; ALTER TYPE mood RENAME TO mood_old; ALTER TYPE mood_new RENAME TO mood;"
                        "DROP TYPE mood_old"})) ==
          Lines{"risky public.users.mood ", "risky public.mood ", "risky public.mood "});
    CHECK(notices(forecast({"DROP TABLE orders", "CREATE TABLE orders ()"})) == Lines{"risky public.orders "});
    CHECK(notices(forecast({"DROP TYPE mood"})) == Lines{"breaks public.mood 42704"});
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
