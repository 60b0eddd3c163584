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
std::string where(const std::string& text, const std::string& folder = "prisma/migrations",
                  const std::string& target = "") {
  constexpr std::array<const char*, 8> names{"copied",   "displaced", "flattened", "unknown",
                                             "unlikely", "elsewhere", "missing",   "no stage"};
  const Landed found = landed(read_dockerfile(text), folder, target);
  return fmt::format("{} {} {}", names.at(static_cast<std::size_t>(found.how)), found.line,
                     found.how == Landing::elsewhere ? found.stage : found.place);
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
    CHECK(where("FROM n\nCOPY prisma/migrations/1_a /m/1_a\n") == "unlikely 1 ");
    CHECK(where("FROM n\nCOPY . /app\n", "") == "copied 2 /app");
    CHECK(where("FROM n AS base\nWORKDIR /app\nCOPY prisma prisma\nFROM base\nRUN x\n") ==
          "copied 3 /app/prisma/migrations");
    CHECK(where("FROM n AS b\nWORKDIR /app\nCOPY . .\nRUN x\nFROM n\nWORKDIR /srv\nCOPY --from=B /app .\n") ==
          "copied 7 /srv/prisma/migrations");
    CHECK(where("FROM n\nCOPY . /app\nFROM n\nCOPY --from=0 /app/prisma/migrations /m\n") == "copied 4 /m");
    CHECK(where("FROM n\nCOPY --from=schemagate /schemagate /s\nCOPY prisma/schema.prisma prisma/\n") == "missing 1 ");
    CHECK(where("FROM n AS b\nCOPY . /app\nFROM n\nCOPY --from=b /app/dist dist\n") == "missing 3 ");
    CHECK(where("FROM n AS b\nCOPY . /app\nRUN x\nFROM n\nCOPY --from=b /app/out out\n") == "unlikely 4 ");
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

  TEST_CASE("a start looks in its WORKDIR, or where it is told") {
    const auto start = [](const std::string& copy, const std::string& more) {
      return where("FROM n\nWORKDIR /app\n" + copy + "\n" + more + "ENTRYPOINT [\"/schemagate\", \"--\"]\n");
    };
    CHECK(start("COPY . .", "") == "copied 3 /app/prisma/migrations");
    CHECK(start("COPY prisma .", "") == "copied 3 /app/migrations");
    CHECK(start("COPY prisma/* prisma/", "") == "displaced 3 /app/prisma");
    CHECK(start("COPY prisma/migrations .", "") == "displaced 3 /app");
    CHECK(start("COPY . .", "WORKDIR /srv\n") == "displaced 3 /app/prisma/migrations");
    CHECK(start("COPY prisma/migrations db", "ENV SCHEMAGATE_MIGRATIONS=db\n") == "copied 3 /app/db");
    CHECK(start("COPY prisma/migrations db", "ENV SCHEMAGATE_MIGRATIONS=/app/db/\n") == "copied 3 /app/db");
    CHECK(start("COPY prisma/migrations db", "ENV SCHEMAGATE_MIGRATIONS=/elsewhere\n") == "displaced 3 /app/db");
    CHECK(start("COPY prisma/migrations db", "ENV SCHEMAGATE_MIGRATIONS=$X\n") == "copied 3 /app/db");
    CHECK(start("COPY prisma/migrations db", "ARG SCHEMAGATE_MIGRATIONS=/app/db\n") == "displaced 3 /app/db");
    CHECK(start("COPY . .", "RUN cp -r prisma /srv/prisma\nWORKDIR /srv\n") == "copied 3 /app/prisma/migrations");
    CHECK(start("COPY prisma/migrations db", "CMD [\"--migrations\", \"db\"]\n") == "copied 3 /app/db");
    CHECK(where("FROM n\nCOPY . /app\nENTRYPOINT [\"/schemagate\"]\n") == "copied 2 /app/prisma/migrations");
    const auto line = [](const std::string& text) {
      return where("FROM n AS a\nWORKDIR /app\nCOPY prisma/migrations db\n" + text + "\n");
    };
    CHECK(line("CMD [\"x\"]") == "copied 3 /app/db");
    CHECK(line("CMD [\"node\", \"/srv/schemagate-demo/server.js\"]") == "copied 3 /app/db");
    CHECK(line("ENTRYPOINT SCHEMAGATE_MIGRATIONS=/app/db exec /schemagate -- x") == "copied 3 /app/db");
    CHECK(line("ENTRYPOINT exec /schemagate -- x") == "displaced 3 /app/db");
    CHECK(line("CMD [\"schemagate\"]\nFROM a\nENTRYPOINT [\"x\"]") == "copied 3 /app/db");
    CHECK(line("CMD [\"schemagate\"]\nFROM a") == "displaced 3 /app/db");
  }

  TEST_CASE("what a RUN takes away again is not in the image") {
    const auto after = [](const std::string& run) {
      return where("FROM n\nWORKDIR /app\nCOPY . .\nRUN " + run + "\n");
    };
    CHECK(after("rm -rf prisma/migrations") == "unlikely 1 ");
    CHECK(after("npm ci && rm -rf ./prisma/* /tmp/x") == "unlikely 1 ");
    CHECK(after("[\"mv\", \"/app/prisma\", \"/db\"]") == "unknown 1 ");
    CHECK(after("cp -r prisma /out && rm -rf /app") == "unknown 1 ");
    CHECK(after("/bin/rm -rf .") == "unlikely 1 ");
    CHECK(after("rm -rf *") == "unlikely 1 ");
    CHECK(after("rm -rf ./pris* /x") == "unlikely 1 ");
    CHECK(after("rm -rf *.md") == "copied 3 /app/prisma/migrations");
    CHECK(after("find /app -name '*.map' -exec rm -f {} \\;") == "copied 3 /app/prisma/migrations");
    CHECK(after("curl -o /tmp/x https://h && mv /tmp/x /app/") == "copied 3 /app/prisma/migrations");
    CHECK(after("mv -t /app /tmp/a") == "copied 3 /app/prisma/migrations");
    CHECK(after("mv /tmp/engines prisma/") == "copied 3 /app/prisma/migrations");
    CHECK(after("cd /tmp/engines && rm -rf prisma") == "copied 3 /app/prisma/migrations");
    CHECK(after("rm -rf prisma/migrations-old prisma/seed.ts") == "copied 3 /app/prisma/migrations");
    CHECK(after("npx prisma generate --schema prisma/schema.prisma") == "copied 3 /app/prisma/migrations");
    CHECK(after("rm -rf /tmp/x && cd prisma && npm ci") == "copied 3 /app/prisma/migrations");
    CHECK(after("rm -rf /var/lib/apt/lists/*") == "copied 3 /app/prisma/migrations");
  }

  TEST_CASE("ENV is stronger than ARG") {
    CHECK(where("FROM n\nENV A=prisma\nARG A=x\nCOPY $A /m\n") == "copied 4 /m/migrations");
    CHECK(where("FROM n\nARG A=x\nENV A=prisma\nCOPY $A /m\n") == "copied 4 /m/migrations");
  }

  TEST_CASE("what is built beside the folder does not bring it") {
    const auto taken = [](const std::string& run, const std::string& copy) {
      return where("FROM n AS b\nWORKDIR /app\nCOPY . .\nRUN " + run + "\nFROM n\nCOPY --from=b " + copy + "\n");
    };
    CHECK(taken("npm run build", "/app/dist ./") == "missing 5 ");
    CHECK(taken("npm ci", "/app/node_modules/ node_modules/") == "missing 5 ");
    CHECK(taken("npm ci && npm prune", "/app/package*.json /app/.next/standalone /app/build/ ./") == "missing 5 ");
    CHECK(taken("pnpm install --frozen-lockfile && pnpm build", "/app/dist /app/pnpm-lock.yaml ./") == "missing 5 ");
    CHECK(taken("npm run build", "/app ./") == "copied 6 ?/prisma/migrations");
    CHECK(taken("npm run build", "/app/other ./") == "unlikely 5 ");
    CHECK(taken("pnpm --filter=api deploy --prod /prod/dist", "/prod/dist ./") == "unlikely 5 ");
    CHECK(taken("npx turbo prune api --out-dir=build", "/app/build ./") == "unlikely 5 ");
    CHECK(taken("npm run build && cp -r prisma dist/", "/app/dist ./") == "unlikely 5 ");
    CHECK(taken("cp -r prisma/migrations dist/", "/app/dist ./") == "unknown 5 ");
    CHECK(where("FROM n AS b\nCOPY . .\nRUN x\nFROM n\nCOPY --from=b /app/dist .\n") == "unknown 4 ");
    CHECK(where("FROM n AS b\nRUN x\nFROM n\nCOPY --from=b /app/dist .\n") == "unlikely 3 ");
    CHECK(where("FROM n\nCOPY --from=other:1 /app/package.json /app\n") == "missing 1 ");
  }

  TEST_CASE("the stage that is built may be another than the last one") {
    const std::string both = "FROM n AS base\nFROM base AS Prod\nCOPY prisma /p\nFROM base AS test\nRUN x\n";
    CHECK(where(both) == "elsewhere 4 Prod");
    CHECK(where(both, "prisma/migrations", "prod") == "copied 3 /p/migrations");
    CHECK(where(both, "prisma/migrations", "1") == "copied 3 /p/migrations");
    CHECK(where(both, "prisma/migrations", "test") == "missing 4 ");
    CHECK(where(both, "prisma/migrations", "none") == "no stage 0 ");
    CHECK(where("FROM n\nCOPY . /p\nFROM n\n") == "elsewhere 3 0");
    // What only builds for the last one is no image of its own.
    CHECK(where("FROM n AS a\nCOPY . /p\nFROM a AS b\nFROM n\nCOPY --from=b /p/dist /d\n") == "missing 4 ");
    CHECK(where("FROM n AS a\nCOPY . /p\nFROM n AS b\nCOPY --from=a /p/dist /d\nFROM b\n") == "missing 5 ");
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
