#include "schema/rules.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <initializer_list>

#include "schema/column_rules.hpp"
#include "schema/objects.hpp"

namespace schemagate {
namespace {

std::string told(const Meaning& meaning) {
  return name(meaning.level) + (meaning.sqlstate.empty() ? "" : " " + meaning.sqlstate);
}

/// A difference of which only the change and the meaning are given: `missing breaking 42703`.
struct Row {
  std::string expected;  ///< a line of the catalogs; empty when it is not there
  std::string live;
  std::string result;
};

/// All that changed, in the order of the description.
std::string result(const Row& row, const std::vector<std::string>& around) {
  const auto with = [&](const std::string& line) {
    std::vector<std::string> lines = around;
    if (!line.empty()) lines.push_back(line);
    return described(lines);
  };
  std::vector<std::string> parts;
  for (const Finding& finding : compare(with(row.expected), with(row.live), {})) {
    CHECK(!finding.reason.empty());
    parts.push_back(fmt::format("{}{} {}", finding.property.empty() ? "" : finding.property + " ", name(finding.change),
                                told({finding.level, {}, finding.sqlstate})));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void check(const std::vector<Row>& rows, const std::vector<std::string>& around = {}) {
  for (const Row& row : rows) {
    CAPTURE(row.expected);
    CAPTURE(row.live);
    CHECK(result(row, around) == row.result);
  }
}

std::string key(const std::string& name, const std::string& definition) {
  return "constraint\tpublic.t." + name + "\tdef=" + definition;
}
std::string index(const std::string& name, const std::string& definition) {
  return "index\tpublic." + name + "\ttable=public.t\tdef=" + definition;
}
std::string column(const std::string& properties) { return "column\tpublic.t.c\t" + properties; }

struct Types {
  std::string expected;
  std::string live;
  std::string meaning;
};

TEST_SUITE("rules") {
  TEST_CASE("types are wider, for drivers to convert, or narrower") {
    const std::vector<Types> rows{
        {"character varying(10)", "character varying(20)", "harmless 0A000"},
        {"character varying(10)", "character varying", "harmless 0A000"},
        {"character varying(10)", "text", "harmless 0A000"},
        {"text", "character varying", "harmless 0A000"},
        {"character varying(10)[]", "text[]", "harmless 0A000"},
        {"bit varying(5)", "bit varying(6)", "harmless 0A000"},
        {"numeric(10,2)", "numeric(12,2)", "harmless 0A000"},
        {"numeric(10,0)", "numeric(12,0)", "harmless 0A000"},
        {"numeric(10,2)", "numeric", "risky"},
        {"numeric(10,2)", "numeric(12,4)", "risky 0A000"},
        {"numeric(10,2)", "numeric(10,4)", "breaking 22003"},
        {"numeric(10,2)", "numeric(8,2)", "breaking 22003"},
        {"numeric", "numeric(8,2)", "breaking 22003"},
        {"character varying(20)", "character varying(10)", "breaking 22001"},
        {"character varying", "character varying(10)", "breaking 22001"},
        {"text", "character varying(10)", "breaking 22001"},
        {"text", "character(10)", "breaking 22001"},
        {"character(5)", "character(6)", "risky 0A000"},
        {"character(6)", "character(5)", "breaking 22001"},
        {"bit(5)", "bit(6)", "breaking 22026"},
        {"smallint", "integer", "risky 0A000"},
        {"integer", "bigint", "risky 0A000"},
        {"integer[]", "bigint[]", "risky 0A000"},
        {"bigint", "integer", "breaking 22003"},
        {"real", "double precision", "risky 0A000"},
        {"json", "jsonb", "risky 0A000"},
        {"jsonb", "json", "risky 0A000"},
        {"timestamp without time zone", "timestamp with time zone", "risky 0A000"},
        {"timestamp(3) without time zone", "timestamp(6) without time zone", "risky 0A000"},
        {"timestamp(3) without time zone", "timestamp with time zone", "risky 0A000"},
        {"integer", "text", "breaking 42883"},
        {"integer", "integer[]", "breaking 42883"},
        {"text", "uuid", "breaking 42883"},
        {"public.mood", "text", "breaking 42883"},
        {"date", "timestamp without time zone", "breaking 42883"},
    };
    for (const Types& types : rows) {
      CAPTURE(types.expected);
      CAPTURE(types.live);
      CHECK(told(changed_type(types.expected, types.live)) == types.meaning);
    }
  }

  TEST_CASE("columns") {
    check({
        {column("type=text"), "", "missing breaking 42703"},
        {"", column("type=text"), "extra harmless 0A000"},
        {"", column("type=text\tnotnull\tdefault=''::text"), "extra harmless 0A000"},
        {"", column("type=bigint\tnotnull\tidentity=always"), "extra harmless 0A000"},
        {"", column("type=text\tnotnull\tstored=lower(a)"), "extra harmless 0A000"},
        {"", column("type=text\tnotnull"), "extra breaking 23502"},
        {column("type=text"), column("type=integer"), "type changed breaking 42883"},
        {column("type=text"), column("type=text\tnotnull"), "notnull changed breaking 23502"},
        {column("type=text\tdefault=1"), column("type=text\tnotnull\tdefault=1"), "notnull changed risky 23502"},
        {column("type=text\tnotnull"), column("type=text"), "notnull changed risky"},
        {column("type=text\tnotnull\tdefault=1"), column("type=text\tnotnull"), "default changed breaking 23502"},
        {column("type=text\tdefault=1"), column("type=text"), "default changed risky"},
        {column("type=text\tdefault=1"), column("type=text\tdefault=2"), "default changed risky"},
        {column("type=text"), column("type=text\tdefault=1"), "default changed harmless"},
        {column("type=text\tdefault=1"), column("type=text\tstored=1"), "stored changed breaking 428C9"},
        {column("type=text"), column("type=text\tvirtual=1"), "virtual changed breaking 428C9"},
        {column("type=text\tstored=1"), column("type=text"), "stored changed breaking"},
        {column("type=text\tstored=1"), column("type=text\tdefault=1"), "stored changed breaking"},
        {column("type=text\tstored=1"), column("type=text\tvirtual=1"), "stored changed harmless"},
        {column("type=text\tstored=1"), column("type=text\tstored=2"), "stored changed risky"},
        {column("type=bigint\tnotnull"), column("type=bigint\tnotnull\tidentity=always"),
         "identity changed breaking 428C9"},
        {column("type=bigint\tnotnull\tidentity=bydefault"), column("type=bigint\tnotnull\tidentity=always"),
         "identity changed breaking 428C9"},
        {column("type=bigint\tidentity=always"), column("type=bigint\tidentity=bydefault"),
         "identity changed harmless"},
        {column("type=bigint"), column("type=bigint\tidentity=bydefault"), "identity changed harmless"},
        {column("type=bigint\tdefault=1"), column("type=bigint\tidentity=bydefault"), "identity changed risky"},
        {column("type=bigint\tnotnull\tidentity=always"), column("type=bigint\tnotnull"),
         "identity changed breaking 23502"},
        {column("type=bigint\tnotnull\tidentity=always"), column("type=bigint\tnotnull\tdefault=nextval('s')"),
         "identity changed risky"},
        {column("type=text\tcollate=public.a"), column("type=text\tcollate=public.b"), "collate changed risky"},
        {column("type=text\tstorage=e"), column("type=text\tcompression=l\tstats=3\toptions=n_distinct=1"),
         "storage changed harmless, compression changed harmless, stats changed harmless, options changed harmless"},
        {"viewcolumn\tpublic.v.c\ttype=text", "", "missing breaking 42703"},
        {"", "viewcolumn\tpublic.v.c\ttype=text", "extra harmless"},
        {"viewcolumn\tpublic.v.c\ttype=text", "viewcolumn\tpublic.v.c\ttype=uuid", "type changed breaking 42883"},
    });
  }

  TEST_CASE("keys") {
    const std::string unique = "CREATE UNIQUE INDEX u ON public.t USING btree (a, b)";
    check({
        {key("k", "PRIMARY KEY (a)"), "", "missing breaking 42P10"},
        {key("k", "UNIQUE (a)"), "", "missing breaking 42P10"},
        {key("k", "UNIQUE (a) DEFERRABLE"), "", "missing risky"},
        {"", key("k", "UNIQUE (a)"), "extra risky 23505"},
        {"", key("k", "PRIMARY KEY (a)"), "extra risky 23505"},
        {key("k", "UNIQUE (a)"), key("k", "UNIQUE (a) DEFERRABLE"), "def changed breaking 55000"},
        {key("k", "UNIQUE (a) DEFERRABLE INITIALLY DEFERRED"), key("k", "UNIQUE (a)"), "def changed risky 23505"},
        {key("k", "UNIQUE (a)"), key("k", "UNIQUE (a, b)"), "def changed breaking 42P10"},
        {key("k", "UNIQUE (a, b)"), key("k", "UNIQUE (b, a)"), "def changed harmless"},
        {key("k", "UNIQUE (a)"), key("k", "UNIQUE (a) INCLUDE (b)"), "def changed harmless"},
        {key("k", "UNIQUE (a)"), key("k", "UNIQUE NULLS NOT DISTINCT (a)"), "def changed risky 23505"},
        {key("k", "PRIMARY KEY (a)"), key("k", "UNIQUE (a)"), "def changed breaking 42803"},
        {key("k", "UNIQUE (a)"), key("k", "PRIMARY KEY (a)"), "def changed harmless"},
        {index("u", unique), "", "missing breaking 42P10"},
        {"", index("u", unique), "extra risky 23505"},
        {"", index("u", unique) + "\tINVALID", "extra risky 23505"},
        {index("u", unique), index("u", unique) + "\tINVALID", "INVALID changed breaking 42P10"},
        {index("u", unique) + "\tINVALID", index("u", unique), "INVALID changed harmless"},
        {index("u", unique), index("u", unique + " WHERE (a > 0)"), "def changed breaking 42P10"},
        {index("u", unique + " WHERE (a > 0)"), index("u", unique), "def changed risky 23505"},
        {index("u", unique + " WHERE (a > 0)"), index("u", unique + " WHERE (a > 1)"), "def changed breaking 42P10"},
        {index("u", unique + " WHERE (((a > 0) AND (b > 0)) AND (c > 0))"),
         index("u", unique + " WHERE ((a > 0) AND (b > 0) AND (c > 0))"), ""},
        {index("u", unique), index("u", unique + " INCLUDE (c) NULLS NOT DISTINCT"), "def changed risky 23505"},
        {index("u", unique + " NULLS NOT DISTINCT"), index("u", unique), "def changed harmless"},
        {key("k", "PRIMARY KEY (a, b)"), key("k", "PRIMARY KEY (a, b)") + "\tinherited", "inherited changed harmless"},
        {index("u", unique), index("u", "CREATE INDEX u ON public.t USING btree (a, b)"), "def changed breaking 42P10"},
        {index("u", unique), index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (b DESC, a)"),
         "def changed harmless"},
    });
  }

  TEST_CASE("a key whose columns stay unique is not lost") {
    const std::string other = "CREATE UNIQUE INDEX o ON public.t USING btree (b, a)";
    check({{key("k", "UNIQUE (a, b)"), "", "missing risky 42704"},
           {key("k", "PRIMARY KEY (a, b)"), "", "missing risky 42803"},
           {index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (a, b)"), "", "missing harmless"},
           {"", key("k", "UNIQUE (a, b)"), "extra harmless"},
           {"", index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (a, b)"), "extra harmless"},
           {"", index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (c, b, a)"), "extra harmless"},
           {"", index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (a, b) WHERE (a > 0)"), "extra harmless"},
           {"", index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (a)"), "extra risky 23505"},
           {"", index("u", "CREATE UNIQUE INDEX u ON public.t USING btree (a, b) NULLS NOT DISTINCT"),
            "extra risky 23505"},
           {"", key("k", "UNIQUE NULLS NOT DISTINCT (a, b)"), "extra risky 23505"},
           {key("k", "UNIQUE (a)"), "", "missing breaking 42P10"}},
          {index("o", other)});
    check({{"", key("k", "UNIQUE NULLS NOT DISTINCT (a, b)"), "extra harmless"}}, {key("p", "PRIMARY KEY (b, a)")});
    check({{"", index("u", other), "extra risky 23505"}}, {index("o", other + " WHERE (a > 0)")});
    check({{key("k", "UNIQUE (a, b)"), "", "missing breaking 42P10"}}, {index("o", other) + "\tINVALID"});
    check({{key("k", "UNIQUE (a, b)"), "", "missing breaking 42P10"}}, {index("o", other + " WHERE (a > 0)")});
    check({{key("k", "UNIQUE (a, b)"), "", "missing breaking 42P10"}}, {key("o", "UNIQUE (a, b) DEFERRABLE")});
    check({{key("k", "UNIQUE (a, b)"), "", "missing breaking 42P10"}},
          {"index\tpublic.o\ttable=public.other\tdef=" + other});
  }

  TEST_CASE("indexes that are not unique are speed") {
    const std::string plain = "CREATE INDEX i ON public.t USING btree (a)";
    check({{index("i", plain), "", "missing harmless"},
           {"", index("i", plain), "extra harmless"},
           {"", index("i", plain) + "\tINVALID", "extra harmless"},
           {index("i", plain), index("i", plain) + "\tINVALID", "INVALID changed harmless"},
           {index("i", plain), index("i", plain + " WHERE (a > 0)"), "def changed harmless"},
           {index("i", plain), index("i", "CREATE UNIQUE INDEX i ON public.t USING btree (a)"),
            "def changed risky 23505"},
           {index("i", plain), index("i", "CREATE UNIQUE INDEX i ON public.t USING btree (a)") + "\tINVALID",
            "def changed risky 23505, INVALID changed harmless"},
           {index("i", plain), index("i", plain) + "\treplident", "replident changed harmless"}});
  }

  TEST_CASE("foreign keys, checks and exclusions") {
    const std::string fk = "FOREIGN KEY (a) REFERENCES public.u(id)";
    const std::string check_a = "CHECK ((a > 0))";
    const std::string exclude = "EXCLUDE USING gist (r WITH &&)";
    check({
        {key("f", fk), "", "missing risky"},
        {key("f", fk + " NOT ENFORCED"), "", "missing harmless"},
        {"", key("f", fk), "extra risky 23503"},
        {"", key("f", fk + " NOT VALID"), "extra risky 23503"},
        {"", key("f", fk + " NOT ENFORCED"), "extra harmless"},
        {key("f", fk), key("f", fk + " ON DELETE CASCADE"), "def changed risky 23503"},
        {key("f", fk), key("f", "FOREIGN KEY (a) REFERENCES public.x(id)"), "def changed risky 23503"},
        {key("f", fk + " DEFERRABLE INITIALLY DEFERRED"), key("f", fk), "def changed breaking 23503"},
        {key("f", fk + " DEFERRABLE INITIALLY DEFERRED"), key("f", fk + " DEFERRABLE"), "def changed breaking 23503"},
        {key("f", fk + " DEFERRABLE"), key("f", fk), "def changed breaking 42809"},
        {key("f", fk), key("f", fk + " DEFERRABLE INITIALLY DEFERRED"), "def changed risky 23503"},
        {key("f", fk), key("f", fk + " NOT VALID"), "def changed risky"},
        {key("f", fk + " NOT VALID"), key("f", fk), "def changed harmless"},
        {key("f", fk), key("f", fk + " NOT ENFORCED"), "def changed risky"},
        {key("f", fk + " NOT ENFORCED"), key("f", fk), "def changed risky 23503"},
        {key("c", check_a), "", "missing harmless"},
        {"", key("c", check_a), "extra risky 23514"},
        {"", key("c", check_a + " NOT VALID"), "extra risky 23514"},
        {"", key("c", check_a + " NOT ENFORCED"), "extra harmless"},
        {key("c", check_a), key("c", "CHECK ((a > 1))"), "def changed risky 23514"},
        {key("c", check_a), key("c", check_a + " NOT VALID"), "def changed harmless"},
        {key("c", check_a), key("c", check_a + " NOT ENFORCED"), "def changed harmless"},
        {key("c", check_a + " NOT ENFORCED"), key("c", check_a), "def changed risky 23514"},
        {key("c", check_a), key("c", check_a + " NO INHERIT"), "def changed risky 23514"},
        {key("c", check_a), key("c", check_a) + "\tinherited", "inherited changed harmless"},
        {key("x", exclude), "", "missing risky"},
        {"", key("x", exclude), "extra risky 23P01"},
        {key("x", exclude), key("x", "EXCLUDE USING gist (s WITH &&)"), "def changed risky 23P01"},
        {key("k", "UNIQUE (a)"), key("k", check_a), "def changed breaking 42P10"},
        {key("k", check_a), key("k", "UNIQUE (a)"), "def changed risky 23505"},
        {key("old", check_a), key("new", check_a), "missing risky 42704, extra harmless"},
        {key("old", "UNIQUE (a)"), key("new", "UNIQUE (a)"), "missing risky 42704, extra harmless"},
        {"", "fkdisabled\tpublic.t.f\tenabled=D", "extra risky"},
        {"notnull\tpublic.t.n\tnotvalid", "", "missing harmless"},
    });
  }

  TEST_CASE("relations") {
    check({
        {"schema\tapp", "", "missing breaking 42P01"},
        {"", "schema\tapp", "extra harmless"},
        {"table\tpublic.t", "", "missing breaking 42P01"},
        {"", "table\tpublic.t", "extra harmless"},
        {"table\tpublic.t", "table\tpublic.t\trls", "rls changed breaking 42501"},
        {"table\tpublic.t\trls", "table\tpublic.t\trls\tforcerls", "forcerls changed breaking 42501"},
        {"table\tpublic.t\trls", "table\tpublic.t", "rls changed risky"},
        {"table\tpublic.t", "table\tpublic.t\treplident=nothing", "replident changed risky 55000"},
        {"table\tpublic.t", "table\tpublic.t\tpartkey=RANGE (a)", "partkey changed risky"},
        {"table\tpublic.t", "table\tpublic.t\tunlogged", "unlogged changed harmless"},
        {"table\tpublic.t", "table\tpublic.t\toptions=fillfactor=70", "options changed harmless"},
        {"foreigntable\tpublic.t\tserver=a", "foreigntable\tpublic.t\tserver=b", "server changed risky"},
        {"view\tpublic.v\tdef=SELECT 1", "", "missing breaking 42P01"},
        {"view\tpublic.v\tdef=SELECT 1", "view\tpublic.v\tdef=SELECT 2", "def changed risky"},
        {"view\tpublic.v\tdef=SELECT 1", "view\tpublic.v\toptions=security_invoker=true\tdef=SELECT 1",
         "options changed risky"},
        {"view\tpublic.v\tupdatable", "view\tpublic.v", "updatable changed breaking 55000"},
        {"view\tpublic.v", "view\tpublic.v\tupdatable", "updatable changed harmless"},
        {"table\tpublic.t", "view\tpublic.t\tupdatable\tdef=1", "kind changed risky 42809"},
        {"table\tpublic.t", "view\tpublic.t\tdef=1", "kind changed breaking 55000"},
        {"table\tpublic.t", "matview\tpublic.t\tdef=1", "kind changed breaking 42809"},
        {"table\tpublic.t", "composite\tpublic.t", "kind changed breaking 42809"},
        {"table\tpublic.t", "foreigntable\tpublic.t\tserver=s", "kind changed breaking 42P10"},
        {"view\tpublic.t\tupdatable\tdef=1", "matview\tpublic.t\tdef=1", "kind changed breaking 42809"},
        {"view\tpublic.t\tupdatable\tdef=1", "table\tpublic.t", "kind changed risky"},
        {"view\tpublic.t\tdef=1", "matview\tpublic.t\tdef=1", "kind changed risky"},
        {"matview\tpublic.v\tdef=SELECT 1", "matview\tpublic.v\tdef=SELECT 2", "def changed risky"},
        {"inherits\tpublic.t\tparent=public.p\tseq=1", "", "missing risky"},
        {"sequence\tpublic.s\tinc=1", "", "missing breaking 42P01"},
        {"", "sequence\tpublic.s\tinc=1", "extra harmless"},
        {"sequence\tpublic.s\tinc=1", "sequence\tpublic.s\tinc=50", "inc changed risky"},
        {"sequence\tpublic.s", "sequence\tpublic.s\tcycle", "cycle changed risky"},
        {"sequence\tpublic.s\tstart=1", "sequence\tpublic.s\tstart=2", "start changed harmless"},
        {"colorder\tpublic.t\tcolumns=a,b", "colorder\tpublic.t\tcolumns=b,a", "columns changed harmless"},
        {"statistics\tpublic.s\tdef=a", "", "missing harmless"},
    });
  }

  TEST_CASE("a new table whose foreign key refers to a known table may refuse deletes") {
    const Description expected = described({"table\tpublic.a\\.b"});
    const Description live =
        described({"table\tpublic.a\\.b", "table\tpublic.n",
                   "constraint\tpublic.n.f\tdef=FOREIGN KEY (x) REFERENCES public.\"a.b\"(id) ON DELETE CASCADE"});

    const auto findings = compare(expected, live, {});

    REQUIRE(findings.size() == 1);
    CHECK(findings[0].identity == "public.n");
    CHECK(told({findings[0].level, {}, findings[0].sqlstate}) == "risky 23503");
    CHECK(findings[0].reason == R"(its foreign key may refuse to delete rows of public.a\.b)");
  }

  TEST_CASE("a view that is written through triggers is not read-only") {
    check({{"view\tpublic.v\tupdatable", "view\tpublic.v", "updatable changed risky"}},
          {"trigger\tpublic.v.t\tdef=CREATE TRIGGER t INSTEAD OF INSERT ON public.v"});
  }

  TEST_CASE("a new child shows its rows in a known parent") {
    const Description expected = described({"table\tpublic.a\\.b"});
    const auto with_child_of = [](const std::string& parent) {
      return described({"table\tpublic.a\\.b", "table\tpublic.n", "table\tpublic.o",
                        "inherits\tpublic.n\tparent=public.o," + parent});
    };

    const auto findings = compare(expected, with_child_of("public.\"a.b\""), {});

    REQUIRE(findings.size() == 2);
    CHECK(findings[0].identity == "public.n");
    CHECK(findings[0].level == Level::risky);
    CHECK(findings[0].reason == R"(it inherits from public.a\.b, which shows its rows too)");
    CHECK(compare(expected, with_child_of("public.other"), {}).at(0).level == Level::harmless);
  }

  TEST_CASE("a new column is as strict as its domain") {
    check({{"", column("type=public.d"), "extra breaking 23502"},
           {"", column("type=public.outer"), "extra breaking 23502"},
           {"", column("type=public.d\tdefault=1"), "extra harmless 0A000"},
           {"", column("type=public.d[]"), "extra harmless 0A000"},
           {"", column("type=public.given"), "extra harmless 0A000"},
           {"", column("type=public.given\tnotnull"), "extra harmless 0A000"},
           {"", column("type=public.\"a.b\""), "extra risky 23514"}},
          {"domain\tpublic.d\ttype=text\tnotnull", "domain\tpublic.outer\ttype=public.d",
           "domain\tpublic.given\ttype=public.d\tdefault=''::text",
           "domain\tpublic.a\\.b\ttype=text\tcheck c=CHECK (VALUE IS NOT NULL)"});
  }

  TEST_CASE("a view's columns in another order break SELECT *") {
    check({{"colorder\tpublic.v\tcolumns=a,b", "colorder\tpublic.v\tcolumns=b,a", "columns changed breaking"},
           {"colorder\tpublic.v\tcolumns=a,b", "colorder\tpublic.v\tcolumns=a,x,b", "columns changed breaking"},
           {"colorder\tpublic.v\tcolumns=a,b", "colorder\tpublic.v\tcolumns=a,b,c", "columns changed harmless"}},
          {"view\tpublic.v\tdef=SELECT 1"});
  }

  TEST_CASE("types of our own") {
    check({
        {"enum\tpublic.m\tlabels='a','b'", "", "missing breaking 42704"},
        {"", "enum\tpublic.m\tlabels='a'", "extra harmless"},
        {"enum\tpublic.m\tlabels='a'", "enum\tpublic.m\tlabels='a','b, c'", "labels changed risky"},
        {"enum\tpublic.m\tlabels='a','b, c'", "enum\tpublic.m\tlabels='a','b','c'", "labels changed breaking 22P02"},
        {"enum\tpublic.m\tlabels='a','b'", "enum\tpublic.m\tlabels='b','a'", "labels changed risky"},
        {"domain\tpublic.d\ttype=text", "", "missing breaking 42704"},
        {"domain\tpublic.d\ttype=text", "domain\tpublic.d\ttype=uuid", "type changed breaking 42883"},
        {"domain\tpublic.d\ttype=text", "domain\tpublic.d\ttype=text\tnotnull", "notnull changed breaking 23502"},
        {"domain\tpublic.d\ttype=text", "domain\tpublic.d\ttype=text\tcheck c=CHECK (true)",
         "check c changed risky 23514"},
        {"domain\tpublic.d\ttype=text\tcheck c=CHECK (true)", "domain\tpublic.d\ttype=text",
         "check c changed harmless"},
        {"composite\tpublic.c", "", "missing breaking 42704"},
        {"attribute\tpublic.c.a\ttype=text", "", "missing breaking 42703"},
        {"", "attribute\tpublic.c.a\ttype=text", "extra breaking 42846"},
        {"attribute\tpublic.c.a\ttype=text", "attribute\tpublic.c.a\ttype=uuid", "type changed breaking 42883"},
        {"range\tpublic.r\tsubtype=text", "", "missing breaking 42704"},
        {"range\tpublic.r\tsubtype=text", "range\tpublic.r\tsubtype=integer", "subtype changed breaking 42883"},
        {"range\tpublic.r\tdiff=a", "range\tpublic.r\tdiff=b", "diff changed risky"},
    });
  }

  TEST_CASE("functions, triggers, rules and policies") {
    const std::string f = "function\tpublic.f(a integer)\tdef=CREATE FUNCTION public.f(a integer DEFAULT 0)\\n";
    check({
        {f + " RETURNS integer", "", "missing breaking 42883"},
        {"", f + " RETURNS integer", "extra harmless"},
        {f + " RETURNS integer", f + " RETURNS text", "def changed breaking 42883"},
        {f + R"( RETURNS integer\nSELECT 1)", f + R"( RETURNS integer\nSELECT 2)", "def changed risky"},
        {f + " RETURNS integer",
         "function\tpublic.f(a integer)\tdef=CREATE FUNCTION public.f(a integer)\\n RETURNS integer",
         "def changed breaking 42883"},
        {"procedure\tpublic.p()\tdef=1", "", "missing breaking 42883"},
        {"aggregate\tpublic.g(integer)\tdef=1", "aggregate\tpublic.g(integer)\tdef=2", "def changed risky"},
        {"trigger\tpublic.t.g\tdef=1", "", "missing risky"},
        {"", "trigger\tpublic.t.g\tdef=1", "extra risky"},
        {"trigger\tpublic.t.g\tdef=1", "trigger\tpublic.t.g\tdef=1\tenabled=D", "enabled changed risky"},
        {"", "rule\tpublic.t.r\tdef=1", "extra risky"},
        {"", "eventtrigger\te\ton=ddl_command_end", "extra risky"},
    });
    check({{"", "function\tpublic.f(a integer, b integer)\tdef=2", "extra risky 42725"}},
          {"function\tpublic.f(a integer)\tdef=1"});
    check({{"policy\tpublic.t.p\tcmd=*\tusing=true", "", "missing breaking 42501"},
           {"policy\tpublic.t.p\tcmd=*\tusing=true", "policy\tpublic.t.p\tcmd=*\tusing=false",
            "using changed breaking 42501"},
           {"policy\tpublic.t.p\trestrictive\tcmd=*", "", "missing risky"},
           {"", "policy\tpublic.t.p\tcmd=*", "extra risky"},
           {"", "policy\tpublic.t.p\trestrictive\tcmd=*", "extra breaking 42501"}},
          {"table\tpublic.t\trls"});
    check({{"policy\tpublic.t.p\tcmd=*\tusing=true", "", "missing harmless"}}, {"table\tpublic.t"});
  }

  TEST_CASE("extensions and the rare kinds") {
    check({
        {"extension\tcitext\tschema=public", "", "missing breaking"},
        {"", "extension\tcitext\tschema=public", "extra harmless"},
        {"extension\tcitext\tschema=public", "extension\tcitext\tschema=ext", "schema changed harmless"},
        {"extversion\tcitext\tversion=1.4", "extversion\tcitext\tversion=1.6", "version changed harmless"},
        {"operator\tpublic.+(a,b)\tfunc=f", "", "missing breaking 42883"},
        {"operator\tpublic.+(a,b)\tfunc=f", "operator\tpublic.+(a,b)\tfunc=g", "func changed risky"},
        {"cast\ta -> b\tdef=1", "", "missing breaking 42846"},
        {"collation\tpublic.c\tdef=1", "", "missing breaking 42704"},
        {"collation\tpublic.c\tdef=1", "collation\tpublic.c\tdef=2", "def changed risky"},
        {"tsconfig\tpublic.c\tdef=1", "", "missing breaking 42704"},
        {"tsdict\tpublic.c\tdef=1", "tsdict\tpublic.c\tdef=2", "def changed risky"},
        {"novelty\tpublic.n\tdef=1", "", "missing risky"},
        {"novelty\tpublic.n\tdef=1", "novelty\tpublic.n\tdef=2", "def changed risky"},
        {"", "novelty\tpublic.n\tdef=1", "extra harmless"},
    });
  }
}

}  // namespace
}  // namespace schemagate
