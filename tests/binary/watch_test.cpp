#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <regex>

#include "support/image.hpp"
#include "support/session.hpp"

using namespace support;

// What is told of something long on a terminal, where it is told every second.
namespace {

/// `script` gives it a terminal of 100 columns for stdout and stderr, which both come out as stderr here.
std::unique_ptr<Running> on_terminal(const Image& image, const std::string& options = "") {
  const std::string command =
      "stty cols 100; exec " + binary() + " apply --migrations " + image.folder.path() + " " + options;
  return std::make_unique<Running>(
      std::vector<std::string>{"sh", "-c", "exec script -qec '" + command + "' /dev/null >&2"},
      Variables{{"SCHEMAGATE_DATABASE_URL", image.database.url()}});
}

Ran end(Running& running) {
  Ran ran = running.finish();
  keep(ran);
  return ran;
}

constexpr const char* slow_index =
    "CREATE FUNCTION slow(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN i; "
    "END $$;\nCREATE TABLE t (id int);\nINSERT INTO t SELECT generate_series(1, 1000);\n";

struct Long {
  std::string script;
  std::string said;
};

}  // namespace

TEST_SUITE("watch") {
  TEST_CASE("on a terminal a long statement is one line that is drawn again, and erased before the next event") {
    Image image;
    image.migration("1_slow", "SELECT pg_sleep(3)");

    const Ran ran = end(*on_terminal(image));

    CHECK(ran.code == 0);
    const std::regex said{
        R"((\rschemagate: applying 1_slow for \d+(\.\d)? m?s: waiting on Timeout PgSleep *){2,4}\r +\r)"
        R"(schemagate: applied 1_slow in [0-9.]+ s\r\nschemagate: migrated: 1 migration applied\r\n)"};
    CHECK_MESSAGE(std::regex_match(ran.err, said), ran.err);
  }

  TEST_CASE("on a terminal waiting for the lock is one line too, cut at its width, and gives way to a refusal") {
    Image image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    Session holder{image.database.name(), "postgres", "somebody with a name that is as long as names can be here"};
    holder.value("SELECT pg_advisory_lock(72707369)");

    const Ran ran = end(*on_terminal(image, "--lock-wait 2s"));

    CHECK(ran.code == 75);
    const std::regex said{
        R"((\rschemagate: waiting for the migration lock \(up to 2.0 s without progress\); held by [^\r\n]*)+)"
        R"(\r +\rschemagate: another session has held the migration lock for 2.0 s [^]*)"};
    CHECK_MESSAGE(std::regex_match(ran.err, said), ran.err);
    CHECK(ran.err.find('\r', 1) <= 100);
  }

  TEST_CASE("json on a terminal stays a line an event") {
    Image image;
    image.migration("1_slow", "SELECT pg_sleep(2)");

    const Ran ran = end(*on_terminal(image, "--log-format json"));

    CHECK(ran.code == 0);
    CHECK(std::regex_match(ran.err, std::regex{R"((\{"time":[^\r\n]*\}\r\n){2})"}));
  }

  TEST_CASE("what PostgreSQL counts is told with its phase and percent") {
    for (const Long& one : {
             Long{"CREATE INDEX t_slow ON t (slow(id))",
                  R"(building index: scanning table, \d+ % \(\d of \d blocks\))"},
             Long{"CREATE INDEX CONCURRENTLY t_slow ON t (slow(id))",
                  R"(building index: scanning table, \d+ % \(\d of \d blocks\))"},
             Long{"COPY t FROM PROGRAM 'seq 1 100000; sleep 5'", R"(COPY FROM, \d+ tuples)"},
             Long{"SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1; DELETE FROM t; VACUUM t",
                  R"((scanning|vacuuming) heap, \d+ % \(\d of \d blocks\))"},
             Long{"CREATE INDEX t_one ON t (slow(id)) WHERE id < 150; VACUUM FULL t",
                  R"(rebuilding index, 1000 tuples)"},
             Long{"CREATE INDEX t_one ON t (slow(id)) WHERE id < 150; ANALYZE t", R"(computing statistics, 100 % \()"},
         }) {
      CAPTURE(one.script);
      Image image;
      image.migration("1_a", slow_index);
      REQUIRE(image.apply().code == 0);
      image.migration("2_b", one.script);
      const auto running = on_terminal(image);

      const bool seen = running->wait_for(std::regex{one.said});
      running->signal(SIGTERM);
      const Ran ran = end(*running);

      CHECK_MESSAGE(seen, ran.err);
    }
  }
}
