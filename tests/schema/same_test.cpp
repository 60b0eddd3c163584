#include "schema/same.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace schemagate {
namespace {

struct Texts {
  std::string kind;
  std::string left;
  std::string right;
};

bool both_ways(const Texts& texts) {
  const bool there = same_sql(texts.kind, texts.left, texts.right);
  CHECK(there == same_sql(texts.kind, texts.right, texts.left));
  return there;
}

const std::vector<Texts> equal{
    // varchar IN (…), before and after dump and restore.
    {"constraint", "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
     "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))"},
    {"index",
     "CREATE INDEX i ON public.t USING btree (id) WHERE ((s)::text = ANY ((ARRAY['a'::character varying])::text[]))",
     "CREATE INDEX i ON public.t USING btree (id) WHERE ((s)::text = ANY (ARRAY[('a'::character varying)::text]))"},
    {"column", "(ARRAY[1, 2])::bigint[]", "ARRAY[(1)::bigint, (2)::bigint]"},
    {"column", "(ARRAY['x'::text])::timestamp(3) without time zone[]",
     "ARRAY[('x'::text)::timestamp(3) without time zone]"},
    {"column", R"((ARRAY['x'::text])::app."Mood"[])", R"(ARRAY[('x'::text)::app."Mood"])"},
    // BETWEEN … AND, likewise.
    {"constraint", "CHECK ((((a >= 1) AND (a <= 10)) AND (b > 0)))", "CHECK (((a >= 1) AND (a <= 10) AND (b > 0)))"},
    {"constraint", "CHECK (((b > 0) AND ((a >= 1) AND ((a <= 10) AND (c > 0)))))",
     "CHECK (((b > 0) AND (a >= 1) AND (a <= 10) AND (c > 0)))"},
    {"constraint", "CHECK ((((a = 1) OR (a = 2)) OR (b > 0)))", "CHECK (((a = 1) OR (a = 2) OR (b > 0)))"},
    {"constraint", "CHECK (((CASE WHEN a THEN 1 ELSE 2 END = b) AND ((c > 0) AND (d > 0))))",
     "CHECK (((CASE WHEN a THEN 1 ELSE 2 END = b) AND (c > 0) AND (d > 0)))"},
    // 14 and 15 qualify the columns of a view's only relation, 16 does not.
    {"view", " SELECT t.id,\n    t.a AS b\n   FROM s.t\n  WHERE (t.a > 0)\n  ORDER BY t.id;",
     " SELECT id,\n    a AS b\n   FROM s.t\n  WHERE (a > 0)\n  ORDER BY id;"},
    {"matview", " SELECT count(*) AS n FROM s.t x GROUP BY x.a;", " SELECT count(*) AS n FROM s.t x GROUP BY a;"},
    {"view", R"( SELECT "T"."Id" FROM s."T";)", R"( SELECT "Id" FROM s."T";)"},
    {"view", " SELECT n.i FROM generate_series(1, 3) n(i);", " SELECT i FROM generate_series(1, 3) n(i);"},
    {"view", " SELECT x.id FROM ( SELECT t.id FROM s.t) x;", " SELECT id FROM ( SELECT t.id FROM s.t) x;"},
    {"view", " WITH c AS ( SELECT t.id FROM s.t) SELECT c.id FROM c;",
     " WITH c AS ( SELECT t.id FROM s.t) SELECT id FROM c;"},
    {"view", " SELECT lower(t.name) AS name FROM s.t;", " SELECT lower(name) AS name FROM s.t;"},
    {"view", " SELECT t.id FROM s.t WHERE (EXISTS ( SELECT 1 FROM s.o WHERE (o.id = t.id)));",
     " SELECT id FROM s.t WHERE (EXISTS ( SELECT 1 FROM s.o WHERE (o.id = t.id)));"},
    {"view", " SELECT t.id FROM s.t TABLESAMPLE system (10) WHERE (t.id > 1);",
     " SELECT id FROM s.t TABLESAMPLE system (10) WHERE (id > 1);"},
    {"view", " SELECT x.id FROM s.t x TABLESAMPLE bernoulli (1) REPEATABLE (2);",
     " SELECT id FROM s.t x TABLESAMPLE bernoulli (1) REPEATABLE (2);"},
    {"view", "SELECT 1\n", "SELECT   1"},
    {"function", "not SQL '", "not SQL '"},
};

const std::vector<Texts> different{
    {"constraint", "CHECK ((a > 1))", "CHECK ((a > 2))"},
    {"constraint", "CHECK ((a = 'x y'::text))", "CHECK ((a = 'x  y'::text))"},
    // Parentheses that mean something.
    {"constraint", "CHECK ((((a) OR (b)) AND (c)))", "CHECK (((a) OR ((b) AND (c))))"},
    {"constraint", "CHECK ((((a) AND (b)) OR (c)))", "CHECK (((a) AND ((b) OR (c))))"},
    {"constraint", "CHECK (((NOT ((a) AND (b))) AND (c)))", "CHECK (((NOT (a)) AND (b) AND (c)))"},
    {"constraint", "CHECK ((NOT ((a) AND (b)) AND (c)))", "CHECK ((NOT (a) AND (b) AND (c)))"},
    {"constraint", "CHECK (((a - b) - c))", "CHECK ((a - (b - c)))"},
    {"constraint", "CHECK ((((a) OR (b)) AND ((c) OR (d))))", "CHECK (((a) OR (b) AND (c) OR (d)))"},
    {"constraint", "CHECK (((a) AND (b)))", "CHECK (((b) AND (a)))"},
    {"constraint", "CHECK (((a) AND (b)))", "CHECK (((a) AND (b) AND (b)))"},
    {"view", "SELECT sum(a) OVER (ROWS BETWEEN 1 PRECEDING AND (2) FOLLOWING)",
     "SELECT sum(a) OVER (ROWS BETWEEN (1 PRECEDING AND 2) FOLLOWING)"},
    // Casts of arrays whose elements may be arrays, and other casts.
    {"column", "(ARRAY[a, b])::text[]", "ARRAY[(a)::text, (b)::text]"},
    {"column", "(ARRAY[ARRAY[1], ARRAY[2]])::text[]", "ARRAY[(ARRAY[1])::text, (ARRAY[2])::text]"},
    {"column", "(ARRAY['{1}'::integer[]])::text[]", "ARRAY[('{1}'::integer[])::text]"},
    {"column", "(ARRAY['a'::text])::character varying[]", "ARRAY[('a'::text)::text]"},
    {"column", "(ARRAY['a'::text])::text", "ARRAY[('a'::text)::text]"},
    // Names that only look like the relation's.
    {"view", "SELECT t.id FROM s.t, s.u", "SELECT id FROM s.t, s.u"},
    {"view", "SELECT t.id FROM (s.t JOIN s.u ON (true))", "SELECT id FROM (s.t JOIN s.u ON (true))"},
    {"view", "SELECT t.id FROM s.t UNION SELECT 1", "SELECT id FROM s.t UNION SELECT 1"},
    {"view", "SELECT u.id FROM s.t", "SELECT id FROM s.t"},
    {"view", "SELECT t.id FROM s.t TABLESAMPLE system (1)", "SELECT id FROM s.t TABLESAMPLE system (2)"},
    {"view", "SELECT count(t.*) FROM s.t", "SELECT count(*) FROM s.t"},
    {"view", "SELECT t.f(a) FROM s.t", "SELECT f(a) FROM s.t"},
    {"view", "SELECT a::t.mood FROM s.t", "SELECT a::mood FROM s.t"},
    {"view", "SELECT 1 FROM t.t", "SELECT 1 FROM t"},
    {"view", "SELECT t.a AS b, t.b AS a FROM s.t ORDER BY t.a", "SELECT t.a AS b, t.b AS a FROM s.t ORDER BY a"},
    {"view", "SELECT 1 FROM s.t WHERE EXISTS (SELECT 1 FROM s.o WHERE t.id = 1)",
     "SELECT 1 FROM s.t WHERE EXISTS (SELECT 1 FROM s.o WHERE id = 1)"},
    {"function", "SELECT t.id FROM s.t", "SELECT id FROM s.t"},
    // What the lexer refuses.
    {"function", "not SQL '", "not SQL  '"},
    {"constraint", "CHECK ((a)", "CHECK ( (a)"},
};

TEST_SUITE("same") {
  TEST_CASE("spellings that dump and restore or another major change mean the same") {
    for (const Texts& texts : equal) {
      CAPTURE(texts.left);
      CAPTURE(texts.right);
      CHECK(both_ways(texts));
    }
  }

  TEST_CASE("what may mean something else is not the same") {
    for (const Texts& texts : different) {
      CAPTURE(texts.left);
      CAPTURE(texts.right);
      CHECK_FALSE(both_ways(texts));
    }
  }
}

}  // namespace
}  // namespace schemagate
