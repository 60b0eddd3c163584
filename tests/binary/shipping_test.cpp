#include <doctest/doctest.h>

#include "support/clone.hpp"
#include "support/image.hpp"

using namespace support;

// `schemagate check`: whether the migrations reach the image, and what they are.

TEST_SUITE("shipping") {
  TEST_CASE("check tells what keeps the migrations out of the image") {
    const Clone clone;
    clone.folder.file(".dockerignore", "node_modules\n**/*.sql\n");
    clone.commit();

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    .dockerignore:2: **/*.sql keeps 2 files out of the build context:\n"
          "           prisma/migrations/20240101000000_a/migration.sql\n"
          "           prisma/migrations/20240102000000_b/migration.sql\n"
          "  why    the image has no migrations, or too few, and does not start, or starts too early\n"
          "  next   add at the end of .dockerignore: !prisma/migrations/**\n"
          "2 migrations in prisma/migrations: committed\n");
    clone.folder.file(".dockerignore", "node_modules\n**/*.sql\n!prisma/migrations/**\n");
    CHECK(clone.findings() == "");
    clone.folder.file(".dockerignore", "*\n!**/*.sql\n!**/*.toml\n");
    CHECK(clone.findings() == "note context .dockerignore:1\n");
    clone.folder.file("Dockerfile.dockerignore", "**/*.toml\n");
    CHECK(clone.findings() == "warning context Dockerfile.dockerignore:1\n");
    clone.folder.file("Dockerfile.dockerignore", "\n[\n");
    CHECK(clone.findings() == "error context Dockerfile.dockerignore:2\n");
    clone.folder.file("Dockerfile.dockerignore", "prisma\n");
    CHECK(clone.findings({"--dockerfile", "none"}) == "");
  }

  TEST_CASE("check tells a Dockerfile that does not copy the migrations") {
    const Clone clone;
    clone.folder.file("Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY src src\n");
    clone.commit();

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(
        ran.out ==
        "error    Dockerfile:1: no COPY or ADD brings prisma/migrations into the image (build context .)\n"
        "  why    the image has no migrations, or too few, and does not start, or starts too early\n"
        "  next   add to the last stage: COPY prisma/migrations prisma/migrations\n"
        "         if the base image has it: --dockerfile none (SCHEMAGATE_DOCKERFILE=none); if the context is another "
        "folder: --context\n"
        "2 migrations in prisma/migrations: committed\n");
    clone.folder.file("Dockerfile", "FROM node:20\nCOPY prisma/migrations/* /app/prisma/migrations/\n");
    CHECK(clone.findings() == "error dockerfile Dockerfile:2\n");
    clone.folder.file("Dockerfile",
                      "FROM node:20 AS build\nCOPY . /app\nRUN make\nFROM node:20\nCOPY --from=build /app/dist .\n");
    CHECK(clone.findings() == "error dockerfile Dockerfile:4\n");
    clone.folder.file("Dockerfile",
                      "FROM node:20 AS build\nCOPY . /app\nRUN make\nFROM node:20\nCOPY --from=build /out .\n");
    CHECK(clone.findings() == "warning dockerfile Dockerfile:4\n");
    clone.folder.file("Dockerfile", "FROM node:20\nCOPY $FOLDER /app/\n");
    CHECK(clone.findings() == "note dockerfile Dockerfile:1\n");
    clone.folder.file("Dockerfile", "FROM node:20\nCOPY migrations /app/migrations\n");
    CHECK(clone.findings({"--context", "prisma"}) == "");
    CHECK(clone.findings({"--context", "."}) == "error dockerfile Dockerfile:1\n");
    clone.folder.file("src/x", "");
    CHECK(clone.findings({"--context", "src"}) == "error context prisma/migrations\n");
    const Ran absent = clone.check({"--dockerfile", "docker/none"});
    CHECK(absent.code == 78);
    CHECK(absent.err.starts_with("schemagate: the file cannot be read\n"));
  }

  TEST_CASE("check warns of migrations that a start does not find") {
    const Clone clone;
    clone.folder.file("Dockerfile",
                      "FROM node:20\nWORKDIR /app\nCOPY prisma/* prisma/\nENTRYPOINT [\"/schemagate\", \"--\"]\n");
    clone.commit();

    const Ran ran = clone.check();

    CHECK(ran.code == 0);
    CHECK(ran.out ==
          "warning  Dockerfile:3: the image has the migrations in /app/prisma, and a start in /app looks for "
          "prisma/migrations or migrations there\n"
          "  why    a start that is not told otherwise does not find them (78)\n"
          "  next   say where they are: ENV SCHEMAGATE_MIGRATIONS=/app/prisma\n"
          "2 migrations in prisma/migrations: committed\n");
  }

  TEST_CASE("in a monorepo the context is where the Dockerfile finds the migrations") {
    const Clone clone{false};
    clone.git({"init", "-q", "."});
    clone.folder.file("api/prisma/migrations/1_a/migration.sql", "CREATE TABLE a (id int)");
    clone.folder.file("api/Dockerfile", "FROM node:20\nCOPY api/prisma /app/prisma\n");
    clone.commit();

    CHECK(clone.check({}, {}, "api").out ==
          "1 migration in prisma/migrations: committed, copied by Dockerfile:2 to /app/prisma/migrations (build "
          "context " +
              clone.folder.path() + ")\n");
    clone.folder.file(".dockerignore", "api/prisma\n");
    CHECK(clone.findings({"--migrations", "api/prisma/migrations"}) == "error context .dockerignore:1\n");
  }

  TEST_CASE("where several folders may be the build context each one's .dockerignore is judged") {
    const Clone clone{false};
    clone.git({"init", "-q", "."});
    clone.folder.file("apps/api/prisma/migrations/1_a/migration.sql", "CREATE TABLE a (id int)");
    clone.folder.file("apps/api/Dockerfile", "FROM node:20\nWORKDIR /app\nCOPY . .\n");
    clone.folder.file(".dockerignore", "**/*.sql\n");
    clone.commit();
    const std::vector<std::string> words{"--migrations", "apps/api/prisma/migrations"};
    const auto with = [&](const std::string& context) {
      return clone.findings({"--migrations", "apps/api/prisma/migrations", "--context", context});
    };

    const Ran ran = clone.check(words);
    CHECK(ran.code == 0);
    CHECK(ran.out ==
          "warning  .dockerignore:1: **/*.sql keeps 1 file out of the build context .:\n"
          "           apps/api/prisma/migrations/1_a/migration.sql\n"
          "  why    the image has no migrations, or too few, and does not start, or starts too early\n"
          "  next   add at the end of .dockerignore: !apps/api/prisma/migrations/**\n"
          "         or name the folder that docker build is given: --context (SCHEMAGATE_CONTEXT)\n"
          "1 migration in apps/api/prisma/migrations: committed, copied by apps/api/Dockerfile:3 to "
          "/app/prisma/migrations (build context apps/api) or to /app/api/prisma/migrations (build context apps) or to "
          "/app/apps/api/prisma/migrations (build context .)\n");
    CHECK(with(".") == "error context .dockerignore:1\n");
    CHECK(with("apps/api") == "");
    CHECK(clone.check({"--migrations", "apps/api/prisma/migrations", "--context", "apps/api"})
              .out.ends_with(" to /app/prisma/migrations (build context apps/api)\n"));
    clone.folder.file("apps/api/.dockerignore", "prisma\n");
    CHECK(clone.findings(words) == "error context apps/api/.dockerignore:1\nwarning context .dockerignore:1\n");
    clone.folder.file("apps/.dockerignore", "api\n");
    CHECK(clone.findings(words) ==
          "error context apps/api/.dockerignore:1\nerror context apps/.dockerignore:1\n"
          "error context .dockerignore:1\n");
  }

  TEST_CASE("check follows the stage that is built") {
    const Clone clone;
    clone.folder.file("Dockerfile",
                      "FROM node:20 AS production\nCOPY prisma /app/prisma\nFROM node:20 AS test\nRUN npm test\n");
    clone.commit();

    CHECK(
        clone.check().out ==
        "warning  Dockerfile:3: the last stage does not get the migrations; stage production does\n"
        "  why    the image has no migrations, or too few, and does not start, or starts too early\n"
        "  next   if that is the one you build, name it: --target production (SCHEMAGATE_TARGET=production); else add "
        "to the last stage: COPY prisma/migrations prisma/migrations\n"
        "2 migrations in prisma/migrations: committed\n");
    CHECK(clone.findings({"--target", "production"}) == "");
    CHECK(clone.findings({}, {{"SCHEMAGATE_TARGET", "Production"}}) == "");
    CHECK(clone.findings({"--target", "test"}) == "error dockerfile Dockerfile:3\n");
    CHECK(clone.check({"--target", "nowhere"}).err ==
          "schemagate: no stage is called nowhere\n"
          "  where  Dockerfile\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   name another one: --target (SCHEMAGATE_TARGET)\n");
  }

  TEST_CASE("check tells every broken file at once, and what is odd about names and scripts") {
    const Clone clone;
    clone.migration("20240103000000_c", "\xef\xbb\xbfSELECT 1;\n");
    clone.migration("20240104000000_d", "-- This is an empty migration.\n");
    clone.migration("20240105000000_e", "CREATE TABLE a (id int);\n");
    clone.migration("20240105000000_E", "SELECT '\xff';\n");
    clone.migration("init", "SELECT 1;\n");
    clone.folder.file("prisma/migrations/20240106000000_f/Migration.SQL", "SELECT 1;\n");
    clone.folder.file("prisma/migrations/migration_lock.toml", "provider = \"mysql\"\n");
    clone.commit();

    CHECK(clone.findings() ==
          "error file prisma/migrations/migration_lock.toml\n"
          "error file prisma/migrations/20240103000000_c/migration.sql:1\n"
          "error file prisma/migrations/20240105000000_E/migration.sql:1\n"
          "error file prisma/migrations/20240106000000_f/migration.sql\n"
          "warning name prisma/migrations/init/migration.sql\n"
          "warning duplicate prisma/migrations/20240105000000_e/migration.sql\n"
          "warning empty prisma/migrations/20240104000000_d/migration.sql\n");
    CHECK(clone.check({"--migrations", "nowhere"}).code == 78);
  }

  TEST_CASE("check tells a snapshot that these migrations did not make, and one that git does not have") {
    const Clone clone;
    const std::string sum = support::run({"sha256sum", clone.folder.path() + "/" + a}).out.substr(0, 64);
    const auto write = [&](const std::string& lines) {
      clone.folder.file("prisma/migrations/schema.snapshot",
                        "# schemagate snapshot 1\n# server 15\n# schema public\n" + lines + "schema\tpublic\n# end\n");
    };
    write("migration\t20240101000000_a\t" + sum + "\n");
    clone.commit();

    const Ran ran = clone.check();
    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    prisma/migrations/schema.snapshot: not made from these migrations:\n"
          "           20240102000000_b is not in the snapshot\n"
          "  why    an image with it does not start (78)\n"
          "  next   if a migration was changed by mistake, restore it; else make it again and commit it:  schemagate "
          "snapshot\n"
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations (build "
          "context .)\n");
    CHECK(clone.findings({"--snapshot", "none"}) == "");
    clone.git({"rm", "-q", "-r", "prisma/migrations/20240102000000_b"});
    clone.commit();
    CHECK(clone.check().out.ends_with(", what the snapshot was made from\n"));
    clone.git({"rm", "-q", "--cached", "prisma/migrations/schema.snapshot"});
    CHECK(clone.findings() == "error untracked prisma/migrations/schema.snapshot\n");
    clone.folder.file("prisma/migrations/schema.snapshot", "<<<<<<< HEAD\n");
    CHECK(clone.findings({"--staged"}) ==
          "error untracked prisma/migrations/schema.snapshot\nerror snapshot prisma/migrations/schema.snapshot:1\n");
  }

  TEST_CASE("check annotates files for GitHub from the top of the repository") {
    const Clone clone;
    clone.commit().migration("20240103000000_c,50%:x", "CREATE TABLE c (id int);\n");
    clone.folder.file(".dockerignore", "prisma/**/20240101*\n");

    const Ran ran = clone.check({"--format", "github", "--migrations", "migrations"}, {}, "prisma");

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "::error file=prisma/migrations/20240103000000_c%2C50%25%3Ax/migration.sql,title=schemagate%3A "
          "untracked::not tracked by git%0Aan image that is built from a clone does not have it%0Agit add "
          "'migrations/20240103000000_c,50%25:x/migration.sql'\n"
          "::error file=.dockerignore,line=1,title=schemagate%3A context::prisma/**/20240101* keeps 1 file out of the "
          "build context:%0Amigrations/20240101000000_a/migration.sql%0Athe image has no migrations, or too few, and "
          "does not start, or starts too early%0Aadd at the end of " +
              clone.folder.path() +
              "/.dockerignore: !prisma/migrations/**\n"
              "3 migrations in migrations\n");
  }

  TEST_CASE("check has its own help and takes no program") {
    const Ran help = schemagate({"check", "--help"}, {});
    const Ran program = schemagate({"check", "--", "true"}, {});

    CHECK(help.code == 0);
    CHECK(contains(help.out, "--staged"));
    CHECK(contains(help.out, "--base"));
    CHECK(program.code == 64);
  }

  TEST_CASE("a folder that moved since the base is compared with what the base has elsewhere") {
    const Clone clone;
    clone.commit();
    clone.git({"checkout", "-q", "-b", "feature"});
    clone.folder.file("api/x", "");
    clone.git({"mv", "prisma", "api/prisma"});
    clone.git({"commit", "-q", "-m", "x"});
    const std::vector<std::string> words{"--base",       "main", "--migrations", "api/prisma/migrations",
                                         "--dockerfile", "none"};

    CHECK(clone.check(words).out ==
          "note     api/prisma/migrations: main has them in prisma/migrations\n"
          "  why    compared with those\n"
          "2 migrations in api/prisma/migrations: committed, unchanged since main\n");
    clone.folder.file("api/" + a, "CREATE TABLE a (id bigint);\n");
    clone.git({"rm", "-q", "api/" + b});
    clone.commit();
    const Ran ran = clone.check(words);
    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    api/prisma/migrations/20240101000000_a/migration.sql: edited, and released in main\n"
          "  why    a database that has applied it refuses the image (76): the checksum is another one\n"
          "  next   mkdir -p api/prisma/migrations/20240101000000_a && git show "
          "main:prisma/migrations/20240101000000_a/migration.sql "
          ">api/prisma/migrations/20240101000000_a/migration.sql\n"
          "         and put the change into a new migration\n"
          "error    api/prisma/migrations/20240102000000_b/migration.sql: deleted, and released in main\n"
          "  why    a database that has applied it is ahead of the image\n"
          "  next   mkdir -p api/prisma/migrations/20240102000000_b && git show "
          "main:prisma/migrations/20240102000000_b/migration.sql "
          ">api/prisma/migrations/20240102000000_b/migration.sql\n"
          "note     api/prisma/migrations: main has them in prisma/migrations\n"
          "  why    compared with those\n"
          "1 migration in api/prisma/migrations: committed\n");
  }

  TEST_CASE("a base without the migrations makes nothing unchanged, nor does a copy of others") {
    const Clone clone;
    clone.commit();
    clone.folder.file("copy/migrations/20240101000000_a/migration.sql", "CREATE TABLE other (id int);\n");
    clone.commit();

    CHECK(clone.check({"--base", "HEAD~1", "--migrations", "copy/migrations", "--dockerfile", "none"}).out ==
          "note     copy/migrations: HEAD~1 has no migrations there\n"
          "  why    all of them count as new\n"
          "1 migration in copy/migrations: committed\n");
  }

  TEST_CASE("a name with a control character is refused, and makes no line of its own") {
    const Clone clone;
    clone.commit().migration("20240103000000_c\n::stop-commands::x", "");

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    prisma/migrations/20240103000000_c?::stop-commands::x/migration.sql: the name has a control "
          "character\n"
          "  why    a line of it may pass for a command where lines are read as commands\n"
          "  next   rename the folder\n"
          "3 migrations in prisma/migrations\n");
    CHECK(ran.err ==
          "schemagate: the name has a control character\n"
          "  where  prisma/migrations/20240103000000_c?::stop-commands::x/migration.sql\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   rename the folder\n");
    clone.folder.remove("prisma/migrations/20240103000000_c\n::stop-commands::x/migration.sql");
    CHECK_FALSE(contains(clone.check().err, "\n::"));
    clone.folder.remove("prisma/migrations/20240103000000_c\n::stop-commands::x");
    // One that was released and is gone.
    clone.migration("20240103000000_d\n::x", "SELECT 1").commit();
    clone.folder.remove("prisma/migrations/20240103000000_d\n::x");
    clone.commit();
    const Ran gone = clone.check({"--base", "HEAD~1"});
    CHECK(gone.err.ends_with(
        "  where  prisma/migrations/20240103000000_d?::x/migration.sql\n"
        "  state  the database was not contacted; the program was not started\n"
        "  next   git restore --source='HEAD~1' $'prisma/migrations/20240103000000_d\\012::x/migration.sql'\n"));
  }
}
