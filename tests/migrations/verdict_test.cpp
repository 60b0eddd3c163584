#include "migrations/verdict.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace schemagate {
namespace {

const Place primary{.database = "app@db:5432/shop", .schema = "public", .read_only = false};
const Place standby{.database = "app@db:5432/shop", .schema = "public", .read_only = true};

Policy refusing_pending() { return {.pending = OnPending::refuse}; }

Plan pending(std::vector<std::string> names) {
  Plan plan;
  plan.applied = 2;
  plan.pending = std::move(names);
  return plan;
}

Plan up_to_date() { return pending({}); }

Plan edited(const std::string& name) {
  Plan plan = up_to_date();
  plan.edited = {{name, "m/" + name + "/migration.sql", "aaaa", "bbbb"}};
  return plan;
}

Plan ahead(std::vector<std::string> names) {
  Plan plan = up_to_date();
  plan.ahead = std::move(names);
  return plan;
}

Plan failed(const std::string& name, const std::string& logs) {
  Plan plan = pending({name});
  plan.failed = {{.id = "id",
                  .name = name,
                  .checksum = "c",
                  .started_at = "2024-01-02T03:04:05Z",
                  .finished_at = {},
                  .rolled_back = false,
                  .logs = logs}};
  return plan;
}

Plan unmanaged(std::vector<std::string> tables) {
  Plan plan = pending({"1_a", "2_b"});
  plan.applied = 0;
  plan.tables = std::move(tables);
  return plan;
}

Plan stuck(const std::string& name, const std::string& logs) {
  Plan plan = failed(name, logs);
  plan.stuck = {{plan.failed[0], "m/" + name + "/migration.sql:3"}};
  plan.failed.clear();
  return plan;
}

/// The refusal as the operator reads it, from a new line; where it happened is the same for all.
std::string refusal(const Plan& plan, const Policy& policy = {}, const Place& place = primary) {
  const Verdict verdict = judge(plan, policy, place);
  if (!verdict.refusal) return "no refusal";
  const bool usual = verdict.action == Action::refuse && verdict.refusal->code == 76 &&
                     verdict.refusal->where == R"(app@db:5432/shop, table "public"."_prisma_migrations")";
  CHECK(usual);
  return "\n" + verdict.refusal->what + "\nstate: " + verdict.refusal->state + "\nnext: " + verdict.refusal->next;
}

Action action(const Plan& plan, const Policy& policy = {}, const Place& place = primary) {
  return judge(plan, policy, place).action;
}

std::vector<std::string> warnings(const Plan& plan, const Policy& policy = {}) {
  return judge(plan, policy, primary).warnings;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_SUITE("verdict") {
  TEST_CASE("an up-to-date database starts the program without a word") {
    const Verdict verdict = judge(up_to_date(), {}, primary);

    CHECK(verdict.action == Action::start);
    CHECK(verdict.warnings.empty());
    CHECK_FALSE(verdict.refusal.has_value());
  }

  TEST_CASE("an up-to-date database starts the program on a standby and under --pending refuse") {
    CHECK(action(up_to_date(), {}, standby) == Action::start);
    CHECK(action(up_to_date(), refusing_pending()) == Action::start);
  }

  TEST_CASE("pending migrations are applied") {
    CHECK(action(pending({"3_c"})) == Action::apply);
    CHECK(refusal(pending({"3_c"})) == "no refusal");
    CHECK(warnings(pending({"3_c"})).empty());
  }

  TEST_CASE("a late migration is applied with a warning") {
    Plan plan = pending({"1_a", "9_z"});
    plan.late = {"1_a"};

    CHECK(action(plan) == Action::apply);
    CHECK(warnings(plan) ==
          std::vector<std::string>{"1_a is pending but sorts before a migration that is applied already"});
  }

  TEST_CASE("a pending migration that Prisma may order otherwise is applied with a warning") {
    Plan plan = pending({"3_a"});
    plan.ambiguous = {{"3_B", "3_a"}};

    CHECK(action(plan) == Action::apply);
    CHECK(warnings(plan) == std::vector<std::string>{
                                "3_B is applied before 3_a here, by the bytes of their names; Prisma since 6.6 may do "
                                "it the other way round: give them distinct timestamps"});
  }
}

TEST_SUITE("verdict: pending") {
  TEST_CASE("a pending migration is refused where it may not be applied") {
    CHECK(refusal(pending({"3_c"}), refusing_pending()) == R"(
1 migration is pending:
  3_c
state: 2 migrations of this image applied, 1 pending; the database was not changed; the program was not started
next: schemagate apply)");
  }

  TEST_CASE("several are listed, a great many counted") {
    CHECK(mentions(refusal(pending({"3_c", "4_d"}), refusing_pending()),
                   "\n2 migrations are pending:\n  3_c\n  4_d\nstate: "));
    std::vector<std::string> many;
    for (char c = 'a'; c <= 'm'; ++c) many.emplace_back(1, c);
    CHECK(mentions(refusal(pending(many), refusing_pending()), "\n  j\n  and 3 more\nstate: "));
  }

  TEST_CASE("a pending migration is refused on a server that accepts no writes") {
    CHECK(refusal(pending({"3_c"}), {}, standby) == R"(
1 migration is pending:
  3_c
and this session may only read: a standby, or a server or role set read-only
state: 2 migrations of this image applied, 1 pending; the database was not changed; the program was not started
next: point SCHEMAGATE_DATABASE_URL to the primary and to a role that may write, or wait until the server accepts writes again)");
  }
}

TEST_SUITE("verdict: edited") {
  TEST_CASE("an edited migration is refused with both checksums and the way out") {
    CHECK(refusal(edited("1_a")) == R"(
the migration 1_a was edited after it was applied
  recorded  sha256 aaaa
  file      sha256 bbbb  m/1_a/migration.sql
state: 2 migrations of this image applied, 0 pending; the database was not changed; the program was not started
next: restore the file as it was applied and put the change into a new migration; if the edit changes nothing in the schema:
  schemagate resolve --accept 1_a)");
  }

  TEST_CASE("under --edited warn it starts with the same words as a warning") {
    const Policy policy{.edited = OnEdited::warn};

    CHECK(action(edited("1_a"), policy) == Action::start);
    CHECK(warnings(edited("1_a"), policy) ==
          std::vector<std::string>{
              "the migration 1_a was edited after it was applied\n  recorded  sha256 aaaa\n  file      "
              "sha256 bbbb  m/1_a/migration.sql"});
  }

  TEST_CASE("an edited migration keeps pending ones from being applied") {
    Plan plan = edited("1_a");
    plan.pending = {"3_c"};

    CHECK(action(plan) == Action::refuse);
    CHECK(action(plan, {.edited = OnEdited::warn}) == Action::apply);
  }
}

TEST_SUITE("verdict: ahead") {
  TEST_CASE("a database that is ahead is refused, because nothing proves that the image works with it") {
    CHECK(refusal(ahead({"8_h", "9_i"})) == R"(
the database has 2 applied migrations that this image does not contain:
  8_h
  9_i
without a snapshot, nothing proves that this image works with them
state: 2 migrations of this image applied, 0 pending; the database was not changed; the program was not started
next: deploy an image that contains them; if this image is known to work with the newer schema, start it with
  --ahead allow  (SCHEMAGATE_AHEAD=allow))");
  }

  TEST_CASE("with a snapshot the schema decides about a database that is ahead") {
    const Place sealed{"app@db:5432/app", "public", false, true};

    CHECK(judge(ahead({"9_i"}), {}, sealed).action == Action::start);
    CHECK(judge(ahead({"9_i"}), {}, sealed).warnings.empty());
    CHECK(judge(ahead({"9_i"}), {.ahead = OnAhead::refuse}, sealed).action == Action::refuse);
  }

  TEST_CASE("under --ahead refuse no proof would help") {
    const std::string text = refusal(ahead({"9_i"}), {.ahead = OnAhead::refuse});

    CHECK(mentions(text, "the database has 1 applied migration that this image does not contain:\n  9_i\nstate: "));
  }

  TEST_CASE("under --ahead allow it starts with a warning") {
    const Policy policy{.ahead = OnAhead::allow};

    CHECK(action(ahead({"9_i"}), policy) == Action::start);
    CHECK(warnings(ahead({"9_i"}), policy) ==
          std::vector<std::string>{"the database has 1 applied migration that this image does not contain:\n  9_i"});
  }
}

TEST_SUITE("verdict: failed") {
  TEST_CASE("a failed migration is refused with its recorded error and both ways out") {
    CHECK(refusal(failed("3_c", "type \"x\" does not exist\nat line 2\n")) == R"(
the migration 3_c was started on 2024-01-02T03:04:05Z and did not finish; recorded error:
  type "x" does not exist
  at line 2
state: 2 migrations of this image applied, 1 pending; the database was not changed; the program was not started
next: look at the schema, then say which it is:
  nothing of it is there:  schemagate resolve --rolled-back 3_c
  all of it is there:      schemagate resolve --applied 3_c)");
  }

  TEST_CASE("a migration that stopped inside a statement that commits by itself is asked about, from its line on") {
    CHECK(refusal(stuck("3_c", "schemagate: to be resumed: done=9 running=35 before= session=\ndivision by zero")) ==
          R"(
the migration 3_c was started on 2024-01-02T03:04:05Z and stopped inside the statement at m/3_c/migration.sql:3, which commits by itself: what stands before it is applied, and nothing tells how far it came itself; recorded error:
  division by zero
state: 2 migrations of this image applied, 1 pending; the database was not changed; the program was not started
next: finish by hand what is left of it from m/3_c/migration.sql:3 on, or take back what is there; then say which it is:
  nothing of it is there:  schemagate resolve --rolled-back 3_c
  all of it is there:      schemagate resolve --applied 3_c)");
  }

  TEST_CASE("a migration that left no error was killed") {
    CHECK(mentions(refusal(failed("3_c", "")),
                   "and did not finish; no error was recorded: the process that ran it was killed "
                   "or lost the connection\nstate: "));
  }

  TEST_CASE("of a long recorded error the first twelve lines are shown") {
    std::string logs = "\n";
    for (int line = 1; line <= 20; ++line) logs += "line " + std::to_string(line) + "\n";

    CHECK(mentions(refusal(failed("3_c", logs)), "recorded error:\n  line 1\n  line 2\n"));
    CHECK(mentions(refusal(failed("3_c", logs)), "\n  line 12\nstate: "));
  }

  TEST_CASE("no setting makes a failed migration pass") {
    CHECK(action(failed("3_c", ""), {.ahead = OnAhead::allow, .edited = OnEdited::warn}) == Action::refuse);
  }
}

TEST_SUITE("verdict: tables without a history") {
  TEST_CASE("they are refused by name, with the way to record what is there") {
    CHECK(refusal(unmanaged({"orders", "users"})) == R"(
the schema "public" has tables but no migration history:
  orders
  users
state: 0 migrations of this image applied, 2 pending; the database was not changed; the program was not started
next: if this is the right database and its schema is what the migrations produce, record them with
  schemagate baseline)");
  }

  TEST_CASE("without a migration to apply they are nobody's business") {
    Plan plan = unmanaged({"users"});
    plan.pending.clear();

    CHECK(action(plan) == Action::start);
  }
}

constexpr const char* every_reason = R"(
the migration 3_c was started on 2024-01-02T03:04:05Z and did not finish; recorded error:
  boom
the migration 1_a was edited after it was applied
  recorded  sha256 aaaa
  file      sha256 bbbb  m/1_a/migration.sql
the database has 1 applied migration that this image does not contain:
  9_i
without a snapshot, nothing proves that this image works with them
1 migration is pending:
  3_c
state: 2 migrations of this image applied, 1 pending; the database was not changed; the program was not started
next: look at the schema, then say which it is:
  nothing of it is there:  schemagate resolve --rolled-back 3_c
  all of it is there:      schemagate resolve --applied 3_c
restore the file as it was applied and put the change into a new migration; if the edit changes nothing in the schema:
  schemagate resolve --accept 1_a
deploy an image that contains them; if this image is known to work with the newer schema, start it with
  --ahead allow  (SCHEMAGATE_AHEAD=allow)
then:  schemagate apply)";

TEST_SUITE("verdict: several reasons") {
  TEST_CASE("every reason is told, each with its own way out, in the same order") {
    Plan plan = failed("3_c", "boom");
    plan.edited = edited("1_a").edited;
    plan.ahead = {"9_i"};

    CHECK(refusal(plan, refusing_pending()) == every_reason);
  }

  TEST_CASE("warnings are told beside a refusal") {
    Plan plan = failed("3_c", "");
    plan.late = {"3_c"};

    CHECK(warnings(plan).size() == 1);
  }

  TEST_CASE("the history's place names its schema") {
    const Verdict verdict = judge(edited("1_a"), {}, {.database = "db", .schema = "sales"});

    REQUIRE(verdict.refusal.has_value());
    CHECK(verdict.refusal->where == "db, table \"sales\".\"_prisma_migrations\"");
  }
}

}  // namespace
}  // namespace schemagate
