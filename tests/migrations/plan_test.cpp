#include "migrations/plan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "migrations/checksum.hpp"

namespace schemagate {
namespace {

using Names = std::vector<std::string>;
using Folder = std::vector<Migration>;

/// Without a script of its own, its name is its script.
Migration local(const std::string& name, const std::string& script = {}) {
  const std::string text = script.empty() ? name : script;
  return {.name = name, .file = name + "/migration.sql", .script = text, .checksum = checksum(text)};
}

HistoryRow applied(const std::string& name, const std::string& script = {}) {
  return {.id = "id",
          .name = name,
          .checksum = checksum(script.empty() ? name : script),
          .started_at = "s",
          .finished_at = "f",
          .rolled_back = false,
          .logs = {}};
}

HistoryRow failed(const std::string& name) {
  HistoryRow row = applied(name);
  row.finished_at.clear();
  row.logs = "error";
  return row;
}

HistoryRow rolled_back(HistoryRow row) {
  row.rolled_back = true;
  return row;
}

History history(std::vector<HistoryRow> rows) { return {.exists = true, .rows = std::move(rows), .tables = {}}; }

TEST_SUITE("plan") {
  TEST_CASE("an empty database gets every migration, in order") {
    const Plan plan = make_plan(Folder{local("1_a"), local("2_b")}, {});

    CHECK(plan == Plan{.applied = 0,
                       .pending = {"1_a", "2_b"},
                       .late = {},
                       .edited = {},
                       .ahead = {},
                       .failed = {},
                       .tables = {}});
  }

  TEST_CASE("a database that has everything has nothing pending") {
    const Plan plan = make_plan(Folder{local("1_a"), local("2_b")}, history({applied("1_a"), applied("2_b")}));

    CHECK(plan == Plan{.applied = 2, .pending = {}, .late = {}, .edited = {}, .ahead = {}, .failed = {}, .tables = {}});
  }

  TEST_CASE("only what is missing is pending") {
    const Plan plan = make_plan(Folder{local("1_a"), local("2_b")}, history({applied("1_a")}));

    CHECK(plan.applied == 1);
    CHECK(plan.pending == Names{"2_b"});
    CHECK(plan.late.empty());
  }

  TEST_CASE("an empty folder and an empty database are up to date") {
    CHECK(make_plan({}, {}) == Plan{});
    CHECK(make_plan({}, history({})) == Plan{});
  }

  TEST_CASE("what sorts before an applied migration is pending, and late") {
    const Plan plan = make_plan(Folder{local("1_a"), local("2_b"), local("3_c")}, history({applied("2_b")}));

    CHECK(plan.pending == Names{"1_a", "3_c"});
    CHECK(plan.late == Names{"1_a"});
  }

  TEST_CASE("a migration is late too when the applied one is not in the image") {
    const Plan plan = make_plan(Folder{local("1_a")}, history({applied("2_b")}));

    CHECK(plan.late == Names{"1_a"});
    CHECK(plan.ahead == Names{"2_b"});
  }

  TEST_CASE("what was rolled back makes nothing late") {
    CHECK(make_plan(Folder{local("1_a")}, history({rolled_back(failed("2_b"))})).late.empty());
  }

  TEST_CASE("tables are those that the history brings") {
    CHECK(make_plan(Folder{local("1_a")}, {.exists = false, .rows = {}, .tables = {"users"}}).tables == Names{"users"});
  }
}

TEST_SUITE("plan: edited") {
  TEST_CASE("a file that changed after it was applied is edited, and not pending") {
    const Plan plan = make_plan(Folder{local("1_a", "new")}, history({applied("1_a", "old")}));

    CHECK(plan.edited == std::vector{Edited{"1_a", "1_a/migration.sql", checksum("old"), checksum("new")}});
    CHECK(plan.pending.empty());
    CHECK(plan.applied == 1);
  }

  TEST_CASE("another form of the line ends is no edit") {
    CHECK(make_plan(Folder{local("1_a", "x\r\n")}, history({applied("1_a", "x\n")})).edited.empty());
    CHECK(make_plan(Folder{local("1_a", "x\n")}, history({applied("1_a", "x\r\n")})).edited.empty());
  }

  TEST_CASE("of several applied rows one that matches is enough") {
    const Folder folder{local("1_a", "new")};

    CHECK(make_plan(folder, history({applied("1_a", "old"), applied("1_a", "new")})).edited.empty());
    CHECK(make_plan(folder, history({applied("1_a", "new"), applied("1_a", "old")})).edited.empty());
  }

  TEST_CASE("of several rows that do not match the newest is shown") {
    const Plan plan = make_plan(Folder{local("1_a", "new")}, history({applied("1_a", "old"), applied("1_a", "older")}));

    REQUIRE(plan.edited.size() == 1);
    CHECK(plan.edited[0].recorded == checksum("older"));
  }

  TEST_CASE("the checksum of a row that was rolled back does not count") {
    const auto rows = history({rolled_back(applied("1_a", "new")), applied("1_a", "old")});

    CHECK(make_plan(Folder{local("1_a", "new")}, rows).edited.size() == 1);
    CHECK(make_plan(Folder{local("1_a", "old")}, rows).edited.empty());
  }

  TEST_CASE("a pending file is never edited") {
    CHECK(make_plan(Folder{local("1_a", "new")}, history({rolled_back(failed("1_a"))})).edited.empty());
  }
}

TEST_SUITE("plan: ahead") {
  TEST_CASE("an applied migration that the image lacks is ahead, once and in order") {
    const Plan plan =
        make_plan(Folder{local("1_a")}, history({applied("3_c"), applied("1_a"), applied("2_b"), applied("3_c")}));

    CHECK(plan.ahead == Names{"2_b", "3_c"});
    CHECK(plan.applied == 1);
  }

  TEST_CASE("a failed or rolled back migration that the image lacks is not ahead") {
    CHECK(make_plan({}, history({failed("1_a"), rolled_back(applied("2_b"))})).ahead.empty());
  }
}

TEST_SUITE("plan: failed") {
  TEST_CASE("a row that neither finished nor was rolled back has failed, and is pending") {
    const Plan plan = make_plan(Folder{local("1_a")}, history({failed("1_a")}));

    CHECK(plan.failed == std::vector{failed("1_a")});
    CHECK(plan.pending == Names{"1_a"});
  }

  TEST_CASE("a failed row counts even when its folder is gone or another row of the name is applied") {
    CHECK(make_plan({}, history({failed("1_a")})).failed.size() == 1);
    CHECK(make_plan(Folder{local("1_a")}, history({failed("1_a"), applied("1_a")})).failed.size() == 1);
  }

  TEST_CASE("what failed and was rolled back is simply pending again") {
    const Plan plan = make_plan(Folder{local("1_a")}, history({rolled_back(failed("1_a"))}));

    CHECK(plan.failed.empty());
    CHECK(plan.pending == Names{"1_a"});
  }

  TEST_CASE("what failed, was rolled back and applied again is applied") {
    const Plan plan =
        make_plan(Folder{local("1_a", "fixed")}, history({rolled_back(failed("1_a")), applied("1_a", "fixed")}));

    CHECK(plan == Plan{.applied = 1, .pending = {}, .late = {}, .edited = {}, .ahead = {}, .failed = {}, .tables = {}});
  }

  TEST_CASE("a row both finished and rolled back is pending, as in Prisma") {
    CHECK(make_plan(Folder{local("1_a")}, history({rolled_back(applied("1_a"))})).pending == Names{"1_a"});
  }

  TEST_CASE("a row of ours goes on, but not inside a statement that commits by itself") {
    const Folder folder{local("1_a", "SELECT 1;\n-- All rows.\nCALL fill();\nVACUUM")};
    const auto row = [](const std::string& script, const std::string& progress) {
      HistoryRow result = applied("1_a", script);
      result.finished_at.clear();
      result.logs = "schemagate: to be resumed: " + progress + " before= session=";
      return result;
    };
    const std::string& script = folder[0].script;
    const HistoryRow before = row(script, "done=9 running=0");
    const HistoryRow inside = row(script, "done=9 running=35");
    const HistoryRow behind = row(script, "done=35 running=42");
    const HistoryRow edited = row("SELECT 2", "done=9 running=35");

    CHECK(make_plan(folder, history({before})).begun == std::vector{before});
    CHECK(make_plan(folder, history({behind})).begun == std::vector{behind});
    CHECK(make_plan(folder, history({edited})).failed == std::vector{edited});
    const Plan plan = make_plan(folder, history({inside}));
    CHECK(plan.stuck == std::vector<Stuck>{{inside, "1_a/migration.sql:3"}});
    CHECK(plan.begun.empty());
    CHECK(plan.failed.empty());
    CHECK(plan.pending == Names{"1_a"});
  }

  TEST_CASE("neighbours that Prisma may order otherwise are told while one of them is pending") {
    const Folder folder{local("1_B"), local("1_a"), local("2_c")};

    CHECK(make_plan(folder, history({applied("1_B")})).ambiguous ==
          std::vector<std::pair<std::string, std::string>>{{"1_B", "1_a"}});
    CHECK(make_plan(folder, history({applied("1_B"), applied("1_a")})).ambiguous.empty());
  }
}

}  // namespace
}  // namespace schemagate
