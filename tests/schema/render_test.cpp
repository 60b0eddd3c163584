#include "schema/render.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace schemagate {
namespace {

const Finding column{.level = Level::breaking,
                     .change = Change::missing,
                     .kind = "column",
                     .identity = "public.users.email",
                     .property = {},
                     .expected = "type=text notnull",
                     .found = {},
                     .reason = "every statement that names it fails",
                     .sqlstate = "42703"};
const Finding function{.level = Level::risky,
                       .change = Change::changed,
                       .kind = "function",
                       .identity = "public.total(integer)",
                       .property = "def",
                       .expected = "CREATE FUNCTION total\n SELECT a | b\n",
                       .found = "CREATE FUNCTION total\n SELECT c\n",
                       .reason = "behaviour may differ",
                       .sqlstate = {}};
const Finding type{.level = Level::harmless,
                   .change = Change::changed,
                   .kind = "column",
                   .identity = "public.users.name",
                   .property = "type",
                   .expected = "character varying(10)",
                   .found = "text",
                   .reason = "wider",
                   .sqlstate = "0A000"};

const std::string column_text =
    "breaking  column public.users.email: missing  (42703: every statement that names it fails)\n"
    "    - type=text notnull";
const std::string function_text =
    "risky     function public.total(integer): def changed  (behaviour may differ)\n"
    "    @@ -1,2 +1,2 @@\n"
    "     CREATE FUNCTION total\n"
    "    - SELECT a | b\n"
    "    + SELECT c";
const std::string type_text =
    "harmless  column public.users.name: type changed  (0A000: wider)\n"
    "    - character varying(10)\n"
    "    + text";

TEST_SUITE("render") {
  TEST_CASE("for people there is a block a finding") {
    CHECK(render_text({column, function, type}, {}) == column_text + "\n" + function_text + "\n" + type_text);
    CHECK(render_text({}, {}).empty());
  }

  TEST_CASE("whole blocks are shown while they fit, and the rest is counted") {
    CHECK(render_text({column, function, type}, {.most = 7}) ==
          column_text + "\n" + function_text + "\n… and 1 more difference");
    CHECK(render_text({column, function, type}, {.most = 6}) == column_text + "\n… and 2 more differences");
    CHECK(render_text({function, type}, {.most = 2}) ==
          "risky     function public.total(integer): def changed  (behaviour may differ)\n    @@ -1,2 +1,2 @@\n"
          "… and 1 more difference");
  }

  TEST_CASE("only when asked, what is gone is red and what is new is green") {
    CHECK(render_text({type}, {.colour = true}) ==
          "harmless  column public.users.name: type changed  (0A000: wider)\n"
          "    \x1b[31m- character varying(10)\x1b[0m\n"
          "    \x1b[32m+ text\x1b[0m");
  }

  TEST_CASE("names and definitions cannot steer the terminal") {
    Finding hostile = column;
    hostile.identity = "public.a\x1b[2J";
    hostile.expected = "default='\x1b]0;x\x07'";

    CHECK(render_text({hostile}, {}) ==
          "breaking  column public.a?[2J: missing  (42703: every statement that names it fails)\n"
          "    - default='?]0;x?'");
  }

  TEST_CASE("a missing definition of several lines is shown by its first") {
    Finding gone = function;
    gone.change = Change::missing;
    gone.property = {};
    gone.found = {};

    CHECK(render_text({gone}, {}) ==
          "risky     function public.total(integer): missing  (behaviour may differ)\n    - CREATE FUNCTION total …");
  }

  TEST_CASE("for programs there is an object a finding, with null where there is nothing") {
    CHECK(render_json({column}) ==
          R"([{"level":"breaking","change":"missing","kind":"column","identity":"public.users.email","property":null,)"
          R"("expected":"type=text notnull","found":null,"reason":"every statement that names it fails",)"
          R"("sqlstate":"42703","diff":null}])");
    CHECK(nlohmann::json::parse(render_json({function}))[0]["diff"] ==
          "@@ -1,2 +1,2 @@\n CREATE FUNCTION total\n- SELECT a | b\n+ SELECT c");
    CHECK(render_json({}) == "[]");
  }

  TEST_CASE("bytes that are not UTF-8 make no invalid JSON") {
    Finding latin = column;
    latin.expected = "default='\xe9'";

    CHECK(nlohmann::json::parse(render_json({latin}))[0]["expected"] == "default='\xef\xbf\xbd'");
  }

  TEST_CASE("for a pull request there is a table, and below it the diffs") {
    CHECK(render_markdown({column, function}) ==
          "| level | object | difference | expected | found | why |\n"
          "|---|---|---|---|---|---|\n"
          "| breaking | column `public.users.email` | missing | `type=text notnull` |  | 42703: every statement that "
          "names it fails |\n"
          "| risky | function `public.total(integer)` | def changed |  | below | behaviour may differ |\n"
          "\n"
          "function `public.total(integer)`\n"
          "\n"
          "````diff\n"
          "@@ -1,2 +1,2 @@\n"
          " CREATE FUNCTION total\n"
          "- SELECT a | b\n"
          "+ SELECT c\n"
          "````\n");
  }

  TEST_CASE("a cell of the table ends where it should") {
    Finding bar = column;
    bar.expected = "default='a|b`'";

    CHECK(render_markdown({bar}).find(R"(| ``default='a\|b`'`` |)") != std::string::npos);
  }

  TEST_CASE("the name of a property is one line") {
    Finding domain = function;
    domain.property = "check a\nb|c";

    CHECK(render_text({domain}, {}).find("check a?b|c changed") != std::string::npos);
    CHECK(render_markdown({domain}).find("| check a?b\\|c changed |") != std::string::npos);
  }

  TEST_CASE("findings are counted by level, without the zeros") {
    CHECK(counted({column, column, function, type}) == "2 breaking, 1 risky, 1 harmless differences");
    CHECK(counted({function}) == "1 risky difference");
    CHECK(counted(std::vector<Finding>{}) == "no differences");
  }

  TEST_CASE("a unified diff has hunks with three lines around them") {
    CHECK(unified("a\nb\n", "a\nb\n").empty());
    CHECK(unified("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\n5\nsix\n7\n8\n9") ==
          "@@ -3,7 +3,7 @@\n 3\n 4\n 5\n-6\n+six\n 7\n 8\n 9");
    CHECK(unified("", "a") == "@@ -1,1 +1,1 @@\n-\n+a");
  }
}

}  // namespace
}  // namespace schemagate
