#include "schema/snapshot.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "migrations/checksum.hpp"
#include "schema/objects.hpp"

namespace schemagate {
namespace {

const std::string written =
    "# schemagate snapshot 1\n"
    "# server 15\n"
    "# schema public\n"
    "migration\t20240115093012_init\tabc\n"
    "column\tpublic.users.email\ttype=text\tnotnull\n"
    "function\tpublic.f(integer)\tdef:\n"
    "\tCREATE OR REPLACE FUNCTION public.f(a integer)\n"
    "\t RETURNS integer\n"
    "\t\n"
    "rule\tpublic.users.r\tdef:\tenabled=D\n"
    "\tCREATE RULE r AS\n"
    "\t    ON DELETE\n"
    "schema\tpublic\n"
    "# end\n";

Snapshot snapshot() {
  return {.major = 15,
          .schema = "public",
          .migrations = {{"20240115093012_init", "abc"}},
          .objects = described({"schema\tpublic", "column\tpublic.users.email\ttype=text\tnotnull",
                                "function\tpublic.f(integer)\tdef=CREATE OR REPLACE FUNCTION public.f(a integer)\\n"
                                R"( RETURNS integer\n)",
                                "rule\tpublic.users.r\tdef=CREATE RULE r AS\\n    ON DELETE\tenabled=D"})};
}

std::string with_crlf(std::string text) {
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
  return text;
}

/// The line and the message.
std::string refused(const std::string& text) {
  try {
    static_cast<void>(read_snapshot(text));
  } catch (const BadSnapshot& bad) {
    return std::to_string(bad.line) + ": " + bad.what();
  }
  return "not refused";
}

std::string with(const std::string& lines) { return "# schemagate snapshot 1\n# server 15\n# schema public\n" + lines; }

/// Of the characters that files and formats trip over.
std::string random_text(std::mt19937& random, std::string_view alphabet) {
  std::string text;
  for (auto length = random() % 12; length > 0; --length) text += alphabet[random() % alphabet.size()];
  return text;
}

Object random_object(std::mt19937& random, int number) {
  Object object{.kind = "view", .identity = "public.v" + std::to_string(number), .properties = {}};
  for (auto count = random() % 4; count > 0; --count)
    object.properties.emplace_back(random_text(random, "def:= x\\\n\r\t"),
                                   random_text(random, "a\\nrt\n\r\t=: #<\xc3\xa9"));
  if (random() % 2 == 0) object.properties.emplace_back("def", random_text(random, "a\\n\n\r\t="));
  return object;
}

TEST_SUITE("snapshot") {
  TEST_CASE("a snapshot is text with a line an object and a definition on lines of its own") {
    CHECK(write_snapshot(snapshot()) == written);
  }

  TEST_CASE("what was written is read") { CHECK(read_snapshot(written) == snapshot()); }

  TEST_CASE("a checkout with CRLF is read alike") { CHECK(read_snapshot(with_crlf(written)) == snapshot()); }

  TEST_CASE("a snapshot without its last newline is read alike") {
    CHECK(read_snapshot(written.substr(0, written.size() - 1)) == snapshot());
  }

  TEST_CASE("whatever the values hold, what is read is what was written") {
    std::mt19937 random{7};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same objects every time
    Snapshot any{.major = 18, .schema = "a\tb\\c", .migrations = {{"1_a\tb", "00"}, {"0_late", "11"}}, .objects = {}};
    any.objects.push_back(parse_object("schema\tpublic"));
    for (int number = 0; number < 2000; ++number) any.objects.push_back(random_object(random, number));
    sort(any.objects);

    const std::string text = write_snapshot(any);

    CHECK(read_snapshot(text) == any);
    CHECK(read_snapshot(with_crlf(text)) == any);
  }

  TEST_CASE("what is no snapshot is refused with its line") {
    CHECK(refused("") == "1: this is not a snapshot: \"# schemagate snapshot \" is missing");
    CHECK(refused("# schemagate snapshot 2\n") == "1: the snapshot has format 2, and this schemagate reads format 1");
    CHECK(refused("# schemagate snapshot 1\n# server x\n") == "2: the server's major version is not a number");
    CHECK(refused("# schemagate snapshot 1\n# server 15\ntable\tpublic.a\n") ==
          "3: this is not a snapshot: \"# schema \" is missing");
    CHECK(refused(with("migration\tinit\n")) == "4: a migration without its checksum");
    CHECK(refused(with("table\n")) == "4: this is not an object of a schema");
    CHECK(refused(with("\ttable\tpublic.a\n")) == "4: this is not an object of a schema");
    CHECK(refused(with("\n")) == "4: this is not an object of a schema");
    CHECK(refused(with("view\tpublic.v\tdef:\n")) == "4: the lines of the definition are missing");
  }

  TEST_CASE("a snapshot that was cut off is refused wherever it was") {
    const std::string text = written.substr(0, written.size() - 1);
    for (std::size_t length = 0; length < text.size(); ++length) {
      CAPTURE(length);
      CHECK(refused(text.substr(0, length)) != "not refused");
    }
    CHECK(refused(with("schema\tpublic\n")) == "5: the snapshot is cut off: its last line is \"# end\"");
    CHECK(refused(with("schema\tpublic\n# end\ntable\tpublic.a\n")) == "6: something follows the snapshot's last line");
    CHECK(refused(with("table\tpublic.a\n# end\n")) == "5: the snapshot describes no schema: make it again");
  }

  TEST_CASE("a constraint's name may hold what separates lines and properties") {
    Snapshot odd = snapshot();
    odd.objects = {{.kind = "domain",
                    .identity = "public.d",
                    .properties = {{"type", "text"}, {"check a\nb\t=:\\", "CHECK (\nVALUE)"}, {"c:", ""}}}};
    odd.objects.push_back(parse_object("schema\tpublic"));

    const std::string text = write_snapshot(odd);

    CHECK(text.find("domain\tpublic.d\ttype=text\tcheck a\\nb\\t\\=\\:\\\\:\tc\\:\n\tCHECK (\n\tVALUE)\n") !=
          std::string::npos);
    CHECK(read_snapshot(text) == odd);
  }

  TEST_CASE("a merge conflict is told as such") {
    const std::string conflict = "a merge conflict: make the snapshot again from the merged migrations";
    CHECK(refused(with("table\tpublic.a\n<<<<<<< HEAD\n")) == "5: " + conflict);
    CHECK(refused(with("=======\n")) == "4: " + conflict);
    CHECK(refused("<<<<<<< HEAD\n") == "1: " + conflict);
    CHECK(refused(with("schema\tpublic\n# end\n>>>>>>> other\n")) == "6: " + conflict);
  }

  TEST_CASE("objects out of order or twice were not written by schemagate") {
    const std::string order = "the objects are not in order: make the snapshot again instead of editing it";
    CHECK(refused(with("table\tpublic.b\ntable\tpublic.a\n")) == "5: " + order);
    CHECK(refused(with("table\tpublic.a\ntable\tpublic.a\n")) == "5: " + order);
    CHECK(refused(with("table\tpublic.a\nmigration\tinit\tabc\n")) == "5: " + order);
  }

  TEST_CASE("a snapshot describes the schemas that are in it") {
    Snapshot two = snapshot();
    two.objects = described({"schema\tpublic", "schema\ta\\.b", "table\tpublic.t"});

    CHECK(schemas(two) == std::vector<std::string>{"a.b", "public"});
    CHECK(schemas(write_snapshot(two)) == schemas(two));
    CHECK(schemas(with_crlf(write_snapshot(two))) == schemas(two));
  }

  TEST_CASE("folder and snapshot contradict each other by name and by checksum") {
    const auto migration = [](const std::string& name, const std::string& script) {
      return Migration{.name = name, .file = name, .script = script, .checksum = checksum(script)};
    };
    Snapshot known = snapshot();
    known.migrations = {{"1_a", checksum("SELECT 1;\n")}, {"2_b", checksum("b")}, {"3_c", checksum("c")}};

    CHECK(contradictions(known, {migration("1_a", "SELECT 1;\r\n"), migration("2_b", "b"), migration("3_c", "c")})
              .empty());
    CHECK(contradictions(known, {migration("1_a", "SELECT 1;\n"), migration("2_b", "B"), migration("4_d", "d")}) ==
          std::vector<std::string>{"2_b was edited after the snapshot was made", "4_d is not in the snapshot",
                                   "3_c is in the snapshot, but not in the folder"});
  }
}

}  // namespace
}  // namespace schemagate
