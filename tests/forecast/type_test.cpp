#include "forecast/type.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace schemagate {
namespace {

TEST_SUITE("type") {
  TEST_CASE("a type is written as the server prints it") {
    CHECK(canonical_type("VARCHAR ( 20 )") == "character varying(20)");
    CHECK(canonical_type("INT") == "integer");
    CHECK(canonical_type("DECIMAL ( 65 , 30 )") == "numeric(65,30)");
    CHECK(canonical_type("numeric ( 8 )") == "numeric(8,0)");
    CHECK(canonical_type("TIMESTAMP ( 3 )") == "timestamp(3) without time zone");
    CHECK(canonical_type("timestamp ( 3 ) with time zone") == "timestamp(3) with time zone");
    CHECK(canonical_type("timestamptz") == "timestamp with time zone");
    CHECK(canonical_type("TEXT [ ]") == "text[]");
    CHECK(canonical_type("int8 []") == "bigint[]");
    CHECK(canonical_type("char") == "character(1)");
    CHECK(canonical_type("s . \"Mood\"") == "s.\"Mood\"");
  }

  TEST_CASE("wider keeps the rows") {
    for (const auto& [from, to] : {std::pair{"character varying(10)", "character varying(20)"},
                                   {"character varying(10)", "character varying"},
                                   {"character varying(10)", "text"},
                                   {"text", "character varying"},
                                   {"numeric(8,2)", "numeric(10,2)"},
                                   {"numeric(8,2)", "numeric"},
                                   {"timestamp(3) without time zone", "timestamp(6) without time zone"},
                                   {"bit varying(3)", "bit varying(5)"},
                                   {"cidr", "inet"},
                                   {"integer", "integer"}}) {
      const std::string change = std::string{from} + " to " + to;
      CAPTURE(change);
      CHECK_FALSE(rewrites(from, to, false));
    }
  }

  TEST_CASE("narrower and other writes them anew") {
    for (const auto& [from, to] : {std::pair{"character varying(20)", "character varying(10)"},
                                   {"text", "character varying(10)"},
                                   {"character varying", "character varying(10)"},
                                   {"integer", "bigint"},
                                   {"numeric(8,2)", "numeric(10,3)"},
                                   {"numeric", "numeric(10,3)"},
                                   {"character(10)", "text"},
                                   {"json", "jsonb"},
                                   {"character varying(10)[]", "text[]"},
                                   {"mood", "text"}}) {
      const std::string change = std::string{from} + " to " + to;
      CAPTURE(change);
      CHECK(rewrites(from, to, false));
    }
  }

  TEST_CASE("with and without time zone are the same bytes only at UTC") {
    CHECK(rewrites("timestamp without time zone", "timestamp with time zone", false));
    CHECK_FALSE(rewrites("timestamp without time zone", "timestamp with time zone", true));
    CHECK(rewrites("timestamp without time zone", "timestamp(3) with time zone", true));
  }
}

}  // namespace
}  // namespace schemagate
