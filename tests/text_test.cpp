#include "text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "terminal.hpp"

namespace schemagate {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> letters(std::size_t count) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.emplace_back(1, static_cast<char>('a' + i));
  return result;
}

TEST_SUITE("text") {
  TEST_CASE("every line but the first is indented") {
    CHECK(indent("a", 2) == "a");
    CHECK(indent("a\nb\nc", 2) == "a\n  b\n  c");
    CHECK(indent("", 2).empty());
  }

  TEST_CASE("newlines, tabs and UTF-8 are printed as they are") {
    CHECK(printable("a\n\tb é 中 \U0001F600") == "a\n\tb é 中 \U0001F600");
  }

  TEST_CASE("a control character is printed as a question mark") {
    CHECK(printable("a\rb\x07 c\x7f") == "a?b? c?");
    CHECK(printable("\x1b]0;title\x07") == "?]0;title?");
    CHECK(printable(std::string{"a\0b", 3}) == "a?b");
  }

  TEST_CASE("a control character of the second set is printed as a question mark") {
    CHECK(printable("\xc2\x9b"
                    "2J") == "?2J");
    CHECK(printable("\xc2\x85") == "?");
    CHECK(printable("\xc2\xa0\xc2") == "\xc2\xa0\xc2");
  }

  TEST_CASE("a colour is left out") {
    CHECK(printable("\x1b[1m  4\x1b[1;31m SELECT\x1b[0m") == "  4 SELECT");
    CHECK(printable("\x1b[m") == "");
  }

  TEST_CASE("another escape sequence loses its effect") {
    CHECK(printable("\x1b[2J") == "?[2J");
    CHECK(printable("\x1b[") == "?[");
    CHECK(printable("\x1b[31") == "?[31");
  }

  TEST_CASE("parts are joined by the separator") {
    CHECK(join({}, ", ").empty());
    CHECK(join({"a"}, ", ") == "a");
    CHECK(join({"a", "b"}, ", ") == "a, b");
  }

  TEST_CASE("a text is cut at the first mark") {
    using Halves = std::pair<std::string_view, std::string_view>;
    CHECK(cut("a=b=c", '=') == Halves{"a", "b=c"});
    CHECK(cut("a=", '=') == Halves{"a", ""});
    CHECK(cut("a", '=') == Halves{"a", ""});
    CHECK(cut("", '=') == Halves{"", ""});
  }

  TEST_CASE("a text is split at every mark") {
    using Pieces = std::vector<std::string_view>;
    CHECK(split("a,,b", ',') == Pieces{"a", "", "b"});
    CHECK(split(",", ',') == Pieces{"", ""});
    CHECK(split("", ',') == Pieces{""});
  }

  TEST_CASE("a whole number is digits and nothing else") {
    CHECK(whole_number("0") == 0);
    CHECK(whole_number("2147483647") == 2147483647);
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "2147483648"}) CHECK_FALSE(whole_number(text));
  }

  TEST_CASE("only one is singular") {
    CHECK(counted(0, "migration") == "0 migrations");
    CHECK(counted(1, "migration") == "1 migration");
    CHECK(counted(2, "migration") == "2 migrations");
  }

  TEST_CASE("a list that is too long says how much it leaves out") {
    CHECK(listed(letters(3), 3) == "a\nb\nc");
    CHECK(listed(letters(5), 3) == "a\nb\nc\nand 2 more");
    CHECK(listed({}).empty());
  }

  TEST_CASE("a span is spoken in the unit that fits") {
    CHECK(spoken(0ms) == "0 ms");
    CHECK(spoken(999ms) == "999 ms");
    CHECK(spoken(1000ms) == "1.0 s");
    CHECK(spoken(3456ms) == "3.4 s");
    CHECK(spoken(59'999ms) == "59.9 s");
    CHECK(spoken(1min) == "1 min 0 s");
    CHECK(spoken(125s) == "2 min 5 s");
  }

  TEST_CASE("a line of a terminal holds so many characters and nothing that steers it") {
    CHECK(one_line("12345", 5) == "12345");
    CHECK(one_line("123456", 5) == "12345");
    CHECK(one_line("üüüüüü", 5) == "üüüüü");
    CHECK(one_line("a\nb\tc\rd\033[1m", 20) == "a b c?d");
    CHECK(one_line("a", 0).empty());
  }
}

}  // namespace
}  // namespace schemagate
