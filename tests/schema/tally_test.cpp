#include "schema/tally.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "schema/objects.hpp"

namespace schemagate {
namespace {

const Description expected =
    described({"column\tpublic.t.a\ttype=integer", "column\tpublic.t.b\ttype=text", "table\tpublic.t"});

Tally tally(const Description& objects) {
  Tally result{&expected};
  for (const Object& object : objects) result.add(object);
  return result;
}

}  // namespace

TEST_SUITE("tally") {
  TEST_CASE("complete in any order") {
    Tally found = tally({expected[2], expected[0], expected[1]});
    CHECK(found.complete());
    CHECK(std::move(found).all() == expected);
  }

  TEST_CASE("not complete while one is missing") {
    Tally found = tally({expected[2], expected[0]});
    CHECK_FALSE(found.complete());
    CHECK(std::move(found).all() == Description{expected[0], expected[2]});
  }

  TEST_CASE("not complete with one too many") {
    const Object extra = parse_object("table\tpublic.s");
    Tally found = tally({expected[2], expected[1], extra, expected[0]});
    CHECK_FALSE(found.complete());
    CHECK(std::move(found).all() == Description{expected[0], expected[1], extra, expected[2]});
  }

  TEST_CASE("not complete with one that is otherwise") {
    const Object other = parse_object("column\tpublic.t.b\ttype=text\tnotnull");
    Tally found = tally({expected[2], other, expected[0]});
    CHECK_FALSE(found.complete());
    CHECK(std::move(found).all() == Description{expected[0], other, expected[2]});
  }

  TEST_CASE("the same twice does not stand for another") {
    CHECK_FALSE(tally({expected[0], expected[0], expected[2]}).complete());
    CHECK_FALSE(tally({expected[0], expected[1], expected[2], expected[2]}).complete());
  }

  TEST_CASE("nothing expected is not the same as expecting nothing") {
    Tally any;
    any.add(expected[1]);
    any.add(expected[0]);
    CHECK_FALSE(any.complete());
    CHECK(std::move(any).all() == Description{expected[0], expected[1]});
    const Description none;
    CHECK(Tally{&none}.complete());
  }
}
}  // namespace schemagate
