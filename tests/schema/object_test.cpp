#include "schema/object.hpp"

#include <doctest/doctest.h>

#include "schema/objects.hpp"

namespace schemagate {
namespace {

TEST_SUITE("object") {
  TEST_CASE("a line of the catalogs has a kind, an identity and properties, some of which are flags") {
    const Object column = parse_object("column\tpublic.users.email\ttype=text\tnotnull\tdefault='a=b'::text");

    CHECK(column.kind == "column");
    CHECK(column.identity == "public.users.email");
    CHECK(column.property("type") == "text");
    CHECK(column.property("notnull") == "");
    CHECK(column.property("default") == "'a=b'::text");
    CHECK(!column.property("collate"));
    CHECK(parse_object("schema\tpublic") == Object{.kind = "schema", .identity = "public", .properties = {}});
  }

  TEST_CASE("a value's backslashes, tabs and line ends are escaped") {
    CHECK(parse_object("view\tv\tdef=a\\tb\\nc\\rd\\\\ne").property("def") == "a\tb\nc\rd\\ne");
  }

  TEST_CASE("an identity is made of names, in which dots and backslashes are escaped") {
    CHECK(names("public.users.email") == std::vector<std::string>{"public", "users", "email"});
    CHECK(names(R"(a\.b.c\\.d)") == std::vector<std::string>{"a.b", "c\\", "d"});
    CHECK(names("x") == std::vector<std::string>{"x"});
  }

  TEST_CASE("a name ends at a dot that is not escaped") {
    CHECK(parent(R"(public.a\.b)") == "public");
    CHECK(leaf(R"(public.a\.b)") == R"(a\.b)");
    CHECK(parent("public").empty());
    CHECK(leaf("public") == "public");
  }

  TEST_CASE("objects are sorted by the bytes of kind and identity") {
    const Description objects = described({"table\tpublic.b", "table\tpublic.a", "column\tpublic.b.a\ttype=text"});

    CHECK(objects[0].kind == "column");
    CHECK(objects[1].identity == "public.a");
    CHECK(find(objects, "table", "public.b") == &objects[2]);
    CHECK(find(objects, "view", "public.b") == nullptr);
  }
}

}  // namespace
}  // namespace schemagate
