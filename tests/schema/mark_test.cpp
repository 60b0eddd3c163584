#include "schema/mark.hpp"

#include <doctest/doctest.h>

namespace schemagate {

TEST_SUITE("mark") {
  TEST_CASE("a mark holds for its fingerprint and the names verified under it") {
    const Mark mark{"1/2/3", {"a", "b"}};

    CHECK(mark.holds("1/2/3", "a"));
    CHECK(mark.holds("1/2/3", "b"));
    CHECK_FALSE(mark.holds("1/2/3", "c"));
    CHECK_FALSE(mark.holds("1/2/4", "a"));
    CHECK_FALSE(Mark{}.holds("", ""));
    CHECK_FALSE(Mark{"", {"a"}}.holds("", "a"));
  }

  TEST_CASE("a mark is read as it was written") {
    const Mark mark{"1/2/3", {"a", "b"}};

    CHECK(text(mark) == "schemagate verified this schema: 1/2/3 a b");
    CHECK(parse_mark(text(mark)) == mark);
  }

  TEST_CASE("another comment is no mark") {
    CHECK(parse_mark("") == Mark{});
    CHECK(parse_mark("do not touch") == Mark{});
    CHECK(parse_mark("schemagate verified this schema:") == Mark{});
  }

  TEST_CASE("names are kept while the fingerprint stays, the last four of them") {
    Mark mark = with({}, "1", "a");
    for (const char* name : {"b", "c", "a", "d"}) mark = with(mark, "1", name);

    CHECK(mark == Mark{"1", {"b", "c", "a", "d"}});
    CHECK(with(mark, "1", "e") == Mark{"1", {"c", "a", "d", "e"}});
    CHECK(with(mark, "2", "e") == Mark{"2", {"e"}});
  }
}

}  // namespace schemagate
