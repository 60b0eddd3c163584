#include "check/dockerfile.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

#include "check/landing.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

/// `LINE NAME flags | words`.
std::string shown(const std::string& text) {
  std::string result;
  for (const Instruction& one : read_dockerfile(text))
    result += fmt::format("{} {} {}| {}\n", one.line, one.name, one.flags.empty() ? "" : join(one.flags, " ") + " ",
                          join(one.words, " "));
  return result;
}

/// How, line and place.
std::string where(const std::string& text, const std::string& folder = "prisma/migrations") {
  constexpr std::array<const char*, 5> names{"copied", "flattened", "unknown", "unlikely", "missing"};
  const Landed found = landed(read_dockerfile(text), folder);
  return fmt::format("{} {} {}", names.at(static_cast<std::size_t>(found.how)), found.line, found.place);
}

}  // namespace

TEST_SUITE("dockerfile") {
  TEST_CASE("instructions are read as BuildKit reads them") {
    CHECK(shown("# syntax=docker/dockerfile:1\n\nfrom a\n  # no\ncopy --from=b --chown=1:2 x \\\n  # in between\n\n"
                "  y/ \\  \nz\nADD [\"a b\", \"c\"]\nCOPY [not json] x\n") ==
          "3 FROM | a\n"
          "5 COPY --from=b --chown=1:2 | x y/ z\n"
          "10 ADD | a b c\n"
          "11 COPY | [not json] x\n");
    CHECK(shown("# escape=`\nFROM a\nCOPY x `\n  y\\\nRUN b\r\n") == "2 FROM | a\n3 COPY | x y\\\n5 RUN | b\n");
    CHECK(shown("FROM a\nRUN <<EOF\nCOPY . .\nEOF\nCOPY <<-\"A\" <<B x /y/\nCOPY 1\n\tA\nCOPY 2\nB\nCOPY c d\n") ==
          "1 FROM | a\n2 RUN | \n5 COPY | x /y/\n10 COPY | c d\n");
  }

  TEST_CASE("variables of a Dockerfile are filled in when they are known") {
    const Arguments known{{"A", "x"}, {"EMPTY", ""}};
    CHECK(expanded("$A/${A}s/'$A'/\"$A\"/\\$A", known) == "x/xs/$A/x/$A");
    CHECK(expanded("${B:-y}${A:-y}${A:+z}${B:+z}", known) == "yxz");
    CHECK(expanded("$B", known) == std::nullopt);
    CHECK(expanded("$", known) == std::nullopt);
  }

  TEST_CASE("where a folder lands is followed through the stages") {
    CHECK(where("FROM n\nWORKDIR /app\nCOPY . .\n") == "copied 3 /app/prisma/migrations");
    CHECK(where("FROM n\nWORKDIR /app\nCOPY prisma ./db\n") == "copied 3 /app/db/migrations");
    CHECK(where("FROM n\nCOPY prisma/migrations/ /m/\n") == "copied 2 /m");
    CHECK(where("FROM n\nCOPY --link package.json prisma/migration* m/\n") == "copied 2 ?/m");
    CHECK(where("FROM n\nCOPY [\"./prisma\", \"/app/prisma\"]\n") == "copied 2 /app/prisma/migrations");
    CHECK(where("FROM n\nCOPY --parents prisma/migrations/*/migration.sql /app/\n") ==
          "copied 2 /app/prisma/migrations");
    CHECK(where("ARG D=prisma\nFROM n\nARG D\nENV TO=/app FROM=x\nWORKDIR $TO\nCOPY ${D}/migrations $TO/m\n") ==
          "copied 6 /app/m");
    CHECK(where("ARG D=prisma\nFROM n\nCOPY ${D}/migrations /m\n") == "unknown 2 ");
    CHECK(where("ARG D=prisma\nARG D\nFROM n\nARG D\nCOPY $D /m\n") == "copied 5 /m/migrations");
    CHECK(where("FROM n\nENV A prisma\nARG B=$X\nCOPY $A /m\n") == "copied 4 /m/migrations");
    CHECK(where("FROM n\nCOPY prisma/migrations/1_a /m/1_a\n") == "unknown 1 ");
    CHECK(where("FROM n\nCOPY . /app\n", "") == "copied 2 /app");
    CHECK(where("FROM n AS base\nWORKDIR /app\nCOPY prisma prisma\nFROM base\nRUN x\n") ==
          "copied 3 /app/prisma/migrations");
    CHECK(where("FROM n AS b\nWORKDIR /app\nCOPY . .\nRUN x\nFROM n\nWORKDIR /srv\nCOPY --from=B /app .\n") ==
          "copied 7 /srv/prisma/migrations");
    CHECK(where("FROM n\nCOPY . /app\nFROM n\nCOPY --from=0 /app/prisma/migrations /m\n") == "copied 4 /m");
    CHECK(where("FROM n\nCOPY --from=schemagate /schemagate /s\nCOPY prisma/schema.prisma prisma/\n") == "missing 1 ");
    CHECK(where("FROM n AS b\nCOPY . /app\nFROM n\nCOPY --from=b /app/dist dist\n") == "missing 3 ");
    CHECK(where("FROM n AS b\nCOPY . /app\nRUN x\nFROM n\nCOPY --from=b /app/dist dist\n") == "unlikely 4 ");
    CHECK(where("FROM n\nCOPY --from=other:1 /app /app\n") == "unlikely 1 ");
    CHECK(where("FROM n\nCOPY $X /app\n") == "unknown 1 ");
    CHECK(where("FROM n\nADD app.tar.gz /app\n") == "unknown 1 ");
    CHECK(where("FROM n\nADD https://host/x.tgz /app\n") == "unknown 1 ");
    CHECK(where("FROM n\nRUN --mount=type=bind,target=/in cp -r /in/p /p\n") == "unknown 1 ");
    CHECK(where("FROM n\nRUN cp -r /x/migrations /p\n") == "unknown 1 ");
    CHECK(where("FROM n\nCOPY --exclude=*.md . .\n") == "unknown 1 ");
    CHECK(where("FROM n AS b\nCOPY . app\nFROM n\nCOPY --from=b /w/app /w\n") == "unknown 3 ");
    CHECK(where("FROM n\nCOPY <<EOF /x\nprisma\nEOF\n") == "missing 1 ");
    CHECK(where("") == "unknown 0 ");
  }

  TEST_CASE("a star behind the folder copies what is in the folders and not the folders") {
    CHECK(where("FROM n\nCOPY prisma/migrations/* /m/\n") == "flattened 2 ");
    CHECK(where("FROM n\nCOPY prisma/migrations/*/migration.sql /m/\n") == "flattened 2 ");
    CHECK(where("FROM n\nCOPY prisma/migrations/migration_lock.toml /m/\n") == "missing 1 ");
    CHECK(where("FROM n\nCOPY * /m/\n") == "copied 2 /m/migrations");
    CHECK(where("FROM n\nCOPY * /m/\n", "") == "flattened 2 ");
  }
}

}  // namespace schemagate
