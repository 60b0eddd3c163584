#include "schema/compare.hpp"

#include <doctest/doctest.h>

#include "schema/objects.hpp"

namespace schemagate {
namespace {

using Lines = std::vector<std::string>;

const Lines users{
    "colorder\tpublic.users\tcolumns=id,email",
    "column\tpublic.users.email\ttype=text",
    "column\tpublic.users.id\ttype=bigint\tnotnull\tidentity=always",
    "constraint\tpublic.users.users_pkey\tdef=PRIMARY KEY (id)",
    "index\tpublic.users_email\ttable=public.users\tdef=CREATE INDEX users_email ON public.users USING btree (email)",
    "index\tpublic.users_pkey\ttable=public.users\tconstraint",
    "schema\tpublic",
    "sequence\tpublic.users_id_seq\tinc=1\tidentity=public.users.id",
    "table\tpublic.users\trls",
    "trigger\tpublic.users.t\tdef=1",
    "policy\tpublic.users.p\tcmd=*",
};

Lines with(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

/// Without the lines that begin so.
Lines without(const Lines& lines, const Lines& beginnings) {
  Lines result;
  for (const std::string& line : lines) {
    bool kept = true;
    for (const std::string& beginning : beginnings) kept = kept && !line.starts_with(beginning);
    if (kept) result.push_back(line);
  }
  return result;
}

/// `breaking column public.users.email type changed`.
Lines told(const Lines& expected, const Lines& live, const Lines& ignore = {}) {
  Lines result;
  for (const Finding& finding : compare(described(expected), described(live), {.ignore = ignore}))
    result.push_back(std::string{name(finding.level)} + " " + finding.kind + " " + finding.identity + " " +
                     finding.property + (finding.property.empty() ? "" : " ") + name(finding.change));
  return result;
}

TEST_SUITE("compare") {
  TEST_CASE("equal schemas have no differences") { CHECK(told(users, users).empty()); }

  TEST_CASE("a missing or extra table tells about everything in it") {
    CHECK(told(users, {"schema\tpublic"}) == Lines{"breaking table public.users missing"});
    CHECK(told({"schema\tpublic"}, users) == Lines{"harmless table public.users extra"});
  }

  TEST_CASE("a missing schema tells about everything in it") {
    CHECK(told(with(users, {"enum\tpublic.mood\tlabels='a'", "function\tpublic.f(a public.mood)\tdef=1"}), {}) ==
          Lines{"breaking schema public missing"});
  }

  TEST_CASE("a constraint tells about its index") {
    CHECK(told(users, without(users, {"constraint", "index\tpublic.users_pkey"})) ==
          Lines{"breaking constraint public.users.users_pkey missing"});
    CHECK(told(without(users, {"constraint", "index\tpublic.users_pkey"}), users) ==
          Lines{"risky constraint public.users.users_pkey extra"});
  }

  TEST_CASE("a column tells about its sequence and about the order of columns") {
    const Lines gone = without(users, {"column\tpublic.users.id", "sequence", "colorder"});
    CHECK(told(users, with(gone, {"colorder\tpublic.users\tcolumns=email"})) ==
          Lines{"breaking column public.users.id missing"});
    CHECK(told(users, with(without(users, {"column\tpublic.users.id", "sequence"}),
                           {"column\tpublic.users.id\ttype=bigint\tnotnull\tdefault=1"})) ==
          Lines{"breaking sequence public.users_id_seq missing", "risky column public.users.id identity changed"});
  }

  TEST_CASE("a change of identity hides no sequence") {
    const std::string sequence = "sequence\tpublic.s_seq\tmax=9\t";
    const Lines column{"column\tpublic.t.c\ttype=bigint\tidentity=always", sequence + "identity=public.t.c"};
    CHECK(told(column, {"column\tpublic.t.c\ttype=bigint\tidentity=bydefault",
                        "sequence\tpublic.zz\tmax=9\tidentity=public.t.c"}) ==
          Lines{"breaking sequence public.s_seq missing", "harmless column public.t.c identity changed",
                "harmless sequence public.zz extra"});
    CHECK(told({"column\tpublic.t.c\ttype=bigint\tdefault=1", sequence + "owned=public.t.c"},
               {"column\tpublic.t.c\ttype=bigint\tidentity=bydefault",
                "sequence\tpublic.s_seq\tmax=3\tidentity=public.t.c"}) ==
          Lines{"risky column public.t.c identity changed", "risky sequence public.s_seq max changed"});
    CHECK(told({"column\tpublic.t.c\ttype=bigint"}, column) == Lines{"breaking column public.t.c identity changed"});
  }

  TEST_CASE("an index that became a constraint's is still looked at") {
    const std::string unique = "CREATE UNIQUE INDEX k ON public.t USING btree (a)";
    const Lines index{"index\tpublic.k\ttable=public.t\tdef=" + unique};
    const auto constraint = [](const std::string& definition) {
      return Lines{"constraint\tpublic.t.k\tdef=" + definition, "index\tpublic.k\ttable=public.t\tconstraint"};
    };
    CHECK(told(index, constraint("UNIQUE (a)")) == Lines{"harmless constraint public.t.k extra"});
    CHECK(told(index, constraint("UNIQUE (b)")) ==
          Lines{"breaking index public.k def changed", "risky constraint public.t.k extra"});
    CHECK(told(constraint("UNIQUE (a)"), index) == Lines{"risky constraint public.t.k missing"});
  }

  TEST_CASE("line ends of a checkout are no difference") {
    CHECK(
        told({"function\tpublic.f()\tdef=AS $$\\n1\\n$$"}, {"function\tpublic.f()\tdef=AS $$\\r\\n1\\r\\n$$"}).empty());
    CHECK(told({"function\tpublic.f()\tdef=AS $$\\n1\\n$$"}, {"function\tpublic.f()\tdef=AS $$\\r\\n2\\r\\n$$"}) ==
          Lines{"risky function public.f() def changed"});
  }

  TEST_CASE("an extension in another schema is one difference") {
    const auto schema = [](const std::string& name, const std::string& printed) {
      return Lines{"extension\tcitext\tschema=" + name,
                   "column\tpublic.t.a\ttype=" + printed + ".citext[]\tdefault='public.x'::" + printed + ".citext",
                   "function\tpublic.f(" + printed + R"(\.citext))" + "\tdef=public.f(a " + printed + ".citext)",
                   "constraint\tpublic.t.c\tdef=CHECK ((a OPERATOR(" + printed + ".<>) 'b'::text))",
                   "cast\t" + printed + R"(\.citext -> text)" + "\tdef=1",
                   "table\tpublic.t"};
    };
    const Lines moved{"harmless extension citext schema changed"};
    CHECK(told(schema("public", "public"), schema("extensions", "extensions")) == moved);
    CHECK(told(schema("extensions", "extensions"), schema("public", "public")) == moved);
    CHECK(told(schema("public", "public"), schema("a b", "\"a b\"")) == moved);
    CHECK(told(schema("public", "public"), schema("public", "extensions")).size() > 1);
  }

  TEST_CASE("what a schema has of its own is not an extension's that moved") {
    const auto typed = [](const std::string& home, const std::string& column, const std::string& type) {
      return Lines{"extension\tcitext\tschema=" + home, "column\tpublic.t.c\ttype=" + column, type};
    };
    CHECK(told(typed("public", "public.mood", "enum\tpublic.mood\tlabels='a'"),
               typed("extensions", "extensions.mood", "enum\textensions.mood\tlabels='a'")) ==
          Lines{"breaking column public.t.c type changed", "breaking enum public.mood missing",
                "harmless enum extensions.mood extra", "harmless extension citext schema changed"});
  }

  TEST_CASE("an extension tells about its version") {
    CHECK(told({"extension\tcitext\tschema=public", "extversion\tcitext\tversion=1.6"}, {}) ==
          Lines{"breaking extension citext missing"});
  }

  TEST_CASE("a table that became a view is compared by its columns") {
    const Lines view{"schema\tpublic", "view\tpublic.users\tupdatable\tdef=SELECT 1",
                     "viewcolumn\tpublic.users.id\ttype=bigint", "colorder\tpublic.users\tcolumns=id"};
    CHECK(told(users, view) ==
          Lines{"breaking column public.users.email missing", "risky table public.users kind changed"});
    CHECK(told(users,
               with(view, {"viewcolumn\tpublic.users.email\ttype=uuid", "viewcolumn\tpublic.users.more\ttype=text"})) ==
          Lines{"breaking column public.users.email type changed", "risky table public.users kind changed",
                "harmless viewcolumn public.users.more extra"});
  }

  TEST_CASE("findings are sorted by level, kind and identity") {
    CHECK(told({"table\tpublic.b", "table\tpublic.a", "trigger\tpublic.t.g\tdef=1"},
               {"index\tpublic.i\ttable=public.t\tdef=CREATE INDEX"}) ==
          Lines{"breaking table public.a missing", "breaking table public.b missing",
                "risky trigger public.t.g missing", "harmless index public.i extra"});
  }

  TEST_CASE("what is ignored hides what is in it") {
    CHECK(told({"schema\tpublic"}, users, {"public.users"}).empty());
    CHECK(told({"schema\tpublic"}, users, {"public.us*"}).empty());
    CHECK(told(users, without(users, {"index\tpublic.users_email", "trigger"}), {"public.users"}).empty());
    CHECK(told(users, without(users, {"trigger"}), {"public.users.t"}).empty());
    CHECK(told(users, without(users, {"trigger"}), {"public.user", "users*"}) ==
          Lines{"risky trigger public.users.t missing"});
  }

  TEST_CASE("a finding has both values, and of a flag its name") {
    const auto findings = compare(described({"column\tpublic.t.c\ttype=text\tnotnull"}),
                                  described({"column\tpublic.t.c\ttype=integer"}), {});

    REQUIRE(findings.size() == 2);
    CHECK(findings[0] == Finding{.level = Level::breaking,
                                 .change = Change::changed,
                                 .kind = "column",
                                 .identity = "public.t.c",
                                 .property = "type",
                                 .expected = "text",
                                 .found = "integer",
                                 .reason = "another type: comparisons and functions of the old one fail",
                                 .sqlstate = "42883"});
    CHECK(findings[1].expected == "notnull");
    CHECK(findings[1].found.empty());
  }

  TEST_CASE("a finding about a whole object has all its properties") {
    const auto findings = compare(described({"column\tpublic.t.c\ttype=text\tnotnull\tdefault=1"}), {}, {});

    REQUIRE(findings.size() == 1);
    CHECK(findings[0].expected == "type=text notnull default=1");
    CHECK(findings[0].found.empty());
  }

  TEST_CASE("definitions that mean the same do not differ") {
    CHECK(told({"view\tpublic.v\tdef= SELECT t.a FROM s.t;"}, {"view\tpublic.v\tdef= SELECT a FROM s.t;"}).empty());
    CHECK(told({"constraint\tpublic.t.c\tdef=CHECK (((a > 0) AND ((b > 0) AND (c > 0))))"},
               {"constraint\tpublic.t.c\tdef=CHECK (((a > 0) AND (b > 0) AND (c > 0)))"})
              .empty());
  }

  TEST_CASE("between majors a definition that differs may only be spelled differently") {
    const Description expected = described({"view\tpublic.v\tdef=SELECT 1"});
    const Description live = described({"view\tpublic.v\tdef=SELECT 2"});

    CHECK(compare(expected, live, {.expected_major = 15, .live_major = 15, .ignore = {}}).at(0).reason ==
          "it may show other rows or values");
    CHECK(compare(expected, live, {.expected_major = 15, .live_major = 18, .ignore = {}}).at(0).reason ==
          "it may show other rows or values (snapshot of PostgreSQL 15, server 18: perhaps only spelled differently)");
  }
}

}  // namespace
}  // namespace schemagate
