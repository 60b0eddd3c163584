#include "migrations/excerpt.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace schemagate {
namespace {

std::string shown(std::string_view script, std::size_t position) { return "\n" + excerpt(script, position).lines; }

/// `line:column`.
std::string place(std::string_view script, std::size_t position) {
  const Excerpt found = excerpt(script, position);
  return std::to_string(found.line) + ":" + std::to_string(found.column);
}

TEST_SUITE("excerpt") {
  TEST_CASE("the line is shown with a caret under the position") {
    CHECK(excerpt("SELECT 1;\nSELECT x;", 18) == Excerpt{2, 8, "   1 | SELECT 1;\n   2 | SELECT x;\n     |        ^"});
  }

  TEST_CASE("at most two lines stand before it, and none after it") {
    CHECK(shown("a\nb\nc\nd\ne\nf", 9) == R"(
   3 | c
   4 | d
   5 | e
     | ^)");
  }

  TEST_CASE("a position counts characters, not bytes") {
    CHECK(place("é中😀 x", 5) == "1:5");
    CHECK(shown("é中😀 x", 5) == "\n   1 | é中😀 x\n     |     ^");
    CHECK(place("é\né x", 5) == "2:3");
  }

  TEST_CASE("a CR is a character but not a part of the line") {
    CHECK(place("a\r\nb\r\ncd", 8) == "3:2");
    CHECK(shown("a\r\nb\r\ncd\r\ne", 8) == "\n   1 | a\n   2 | b\n   3 | cd\n     |  ^");
  }

  TEST_CASE("a tab before the position is kept, so that the caret stands right") {
    CHECK(shown("\tx\ty", 4) == "\n   1 | \tx\ty\n     | \t \t^");
    CHECK(place("\tx\ty", 4) == "1:4");
  }

  TEST_CASE("the end of input is behind the last text") {
    CHECK(place("SELECT (\n", 10) == "1:9");
    CHECK(place("SELECT (\r\n\r\n", 13) == "1:9");
    CHECK(shown("SELECT (", 9) == "\n   1 | SELECT (\n     |         ^");
  }

  TEST_CASE("a position beyond the end means the end") {
    CHECK(excerpt("ab", 99) == excerpt("ab", 3));
    CHECK(place("ab", 99) == "1:3");
  }

  TEST_CASE("no position means the beginning") { CHECK(excerpt("ab\ncd", 0) == excerpt("ab\ncd", 1)); }

  TEST_CASE("an empty script has a place too") {
    CHECK(excerpt("", 1) == Excerpt{1, 1, "   1 | \n     | ^"});
    CHECK(place("\n\n", 3) == "1:1");
  }

  TEST_CASE("a position on an empty line stays there") { CHECK(place("a\n\nb", 3) == "2:1"); }

  TEST_CASE("of a long line the surroundings are shown, at the true column") {
    const std::string script = std::string(500, 'a') + "X" + std::string(500, 'b');
    const Excerpt found = excerpt(script, 501);

    CHECK(found.column == 501);
    CHECK(found.lines ==
          "   1 | " + std::string(60, 'a') + "X" + std::string(59, 'b') + "\n     | " + std::string(60, ' ') + "^");
  }

  TEST_CASE("a long line is cut between characters") {
    std::string umlauts;
    for (int i = 0; i < 300; ++i) umlauts += "ü";
    std::string shortened = umlauts.substr(0, 240);

    CHECK(excerpt(umlauts + "\nX", 302).lines == "   1 | " + shortened + "\n   2 | X\n     | ^");
    CHECK(excerpt(umlauts, 200).lines == "   1 | " + shortened + "\n     | " + std::string(60, ' ') + "^");
  }

  TEST_CASE("the line behind an offset is that of the next word, not of a comment before it") {
    const Migration migration{
        .name = "1_a", .file = "f.sql", .script = "SELECT 1;\n\n-- b\n; /* c\n*/ CALL d();\n", .checksum = {}};

    CHECK(line_behind(migration, 0) == "f.sql:1");
    CHECK(line_behind(migration, 9) == "f.sql:5");
    CHECK(line_behind(migration, 1000) == "f.sql:6");
  }
}

}  // namespace
}  // namespace schemagate
