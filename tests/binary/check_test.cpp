#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/image.hpp"

using namespace support;

// `schemagate check`: real git repositories, no database.
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr const char* dockerfile = "FROM node:20\nWORKDIR /app\nCOPY prisma prisma\nCMD [\"node\", \"server.js\"]\n";

/// A user's repository: what git is told does not depend on the machine.
class Clone {
 public:
  explicit Clone(bool initial = true) {
    if (!initial) return;
    git({"init", "-q", "-b", "main", "."});
    folder.file("Dockerfile", dockerfile);
    migration("20240101000000_a", "CREATE TABLE a (id int);\n");
    migration("20240102000000_b", "CREATE TABLE b (id int);\n");
    folder.file("prisma/migrations/migration_lock.toml", "provider = \"postgresql\"\n");
  }
  Folder folder;

  static Variables variables() {
    return {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_NOSYSTEM", "1"}, {"HOME", "/nonexistent"},
            {"GIT_AUTHOR_NAME", "a"},           {"GIT_AUTHOR_EMAIL", "a@b"},  {"GIT_COMMITTER_NAME", "a"},
            {"GIT_COMMITTER_EMAIL", "a@b"}};
  }
  Ran git(const Words& words) const {
    Words all{"git", "-C", folder.path()};
    all.insert(all.end(), words.begin(), words.end());
    Ran ran = support::run(all, variables());
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    return ran;
  }
  const Clone& commit() const {
    git({"add", "-A"});
    git({"commit", "-q", "--no-verify", "-m", "x"});
    return *this;
  }
  const Clone& migration(const std::string& name, const std::string& script) const {
    folder.file("prisma/migrations/" + name + "/migration.sql", script);
    return *this;
  }
  /// The binary, where a developer would be.
  [[nodiscard]] Ran check(const Words& words = {}, const Variables& more = {}, const std::string& below = "") const {
    Words command{binary(), "check"};
    command.insert(command.end(), words.begin(), words.end());
    Variables all = variables();
    for (const auto& [name, value] : more) all[name] = value;
    const std::string place = folder.path() + "/" + below;
    Running running{command, all, [&] { (void)!::chdir(place.c_str()); }};
    return running.finish();
  }
  /// `SEVERITY RULE FILE[:LINE]`, a line each.
  [[nodiscard]] std::string findings(const Words& words = {}, const Variables& more = {}) const {
    Words all = words;
    all.emplace_back("--json");
    const Ran ran = check(all, more);
    INFO(ran.out << ran.err);
    const auto json = nlohmann::json::parse(ran.out, nullptr, false);
    REQUIRE(json.is_object());
    std::string text;
    bool failed = false;
    for (const auto& one : json["findings"]) {
      failed = failed || one["severity"] == "error";
      text += one["severity"].get<std::string>() + " " + one["rule"].get<std::string>() + " " +
              one["file"].get<std::string>() +
              (one["line"].is_null() ? "" : ":" + std::to_string(one["line"].get<int>())) + "\n";
    }
    CHECK(ran.code == (failed ? 78 : 0));
    return text;
  }
};

const std::string a = "prisma/migrations/20240101000000_a/migration.sql";
const std::string b = "prisma/migrations/20240102000000_b/migration.sql";

}  // namespace

TEST_SUITE("check") {
  TEST_CASE("check prints one line when nothing is wrong") {
    const Clone clone;
    clone.commit();

    const Ran ran = clone.check();
    const Ran base = clone.check({"--base", "main"});

    CHECK(ran.code == 0);
    CHECK(ran.err == "");
    CHECK(ran.out ==
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations\n");
    CHECK(base.out ==
          "2 migrations in prisma/migrations: committed, unchanged since main, copied by Dockerfile:3 to "
          "/app/prisma/migrations\n");
  }

  TEST_CASE("check tells a migration that was never added") {
    const Clone clone;
    clone.commit().migration("20240103000000_ü '\n", "CREATE TABLE c (id int);\n");

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    prisma/migrations/20240103000000_ü '?/migration.sql: not tracked by git\n"
          "  why    an image that is built from a clone does not have it\n"
          "  next   git add 'prisma/migrations/20240103000000_ü '\\''\n"
          "         /migration.sql'\n"
          "3 migrations in prisma/migrations: copied by Dockerfile:3 to /app/prisma/migrations\n");
    CHECK(ran.err ==
          "schemagate: not tracked by git\n"
          "  where  prisma/migrations/20240103000000_ü '\n"
          "         /migration.sql\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   git add 'prisma/migrations/20240103000000_ü '\\''\n"
          "         /migration.sql'\n");
  }

  TEST_CASE("check tells what git leaves out, and which line of which file says so") {
    const Clone clone;
    clone.commit();
    clone.folder.file("prisma/.gitignore", "# dumps\n*.sql\n");
    clone.migration("20240103000000_c", "CREATE TABLE c (id int);\n");

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    prisma/migrations/20240103000000_c/migration.sql: ignored by git: prisma/.gitignore:2 says *.sql\n"
          "  why    git add passes it over; an image that is built from a clone does not have it\n"
          "  next   git add -f prisma/migrations/20240103000000_c/migration.sql\n"
          "         and take that line back: it leaves out the next one too\n"
          "warning  prisma/migrations/20240101000000_a/migration.sql: tracked, but ignored: prisma/.gitignore:2 says "
          "*.sql\n"
          "  why    git add passes over the next one like it\n"
          "  next   take that line back\n"
          "3 migrations in prisma/migrations: copied by Dockerfile:3 to /app/prisma/migrations\n");
    clone.folder.file("prisma/.gitignore", "*.sql\n!migrations/20240103000000_c/migration.sql\n");
    CHECK(clone.findings() ==
          "error untracked prisma/migrations/20240103000000_c/migration.sql\nwarning ignored " + a + "\n");
  }

  TEST_CASE("check tells what is changed, staged, deleted or in the middle of a merge") {
    const Clone clone;
    clone.commit();

    clone.migration("20240101000000_a", "CREATE TABLE a (id bigint);\n");
    CHECK(clone.findings() == "error uncommitted " + a + "\n");
    CHECK(clone.findings({"--staged"}) == "error uncommitted " + a + "\n");
    clone.git({"add", "-A"});
    CHECK(clone.findings() == "error uncommitted " + a + "\n");
    CHECK(clone.findings({"--staged"}) == "");
    clone.git({"reset", "-q", "--hard"});
    clone.folder.remove("prisma/migrations/20240102000000_b");
    CHECK(clone.findings() == "error uncommitted " + b + "\n");
    clone.git({"rm", "-q", b});
    CHECK(clone.findings() == "error uncommitted " + b + "\n");
    CHECK(clone.findings({"--staged"}) == "");
    clone.git({"reset", "-q", "--hard"});
    clone.folder.file("prisma/migrations/migration_lock.toml", "# \nprovider = \"postgresql\"\n");
    CHECK(clone.findings() == "warning uncommitted prisma/migrations/migration_lock.toml\n");
    clone.git({"reset", "-q", "--hard"});
    clone.git({"checkout", "-q", "-b", "other"});
    clone.migration("20240101000000_a", "CREATE TABLE a (id text);\n").commit();
    clone.git({"checkout", "-q", "main"});
    clone.migration("20240101000000_a", "CREATE TABLE a (id date);\n").commit();
    (void)support::run({"git", "-C", clone.folder.path(), "merge", "-q", "other"}, Clone::variables());
    CHECK(clone.findings() == "error conflict " + a + ":1\nerror conflict " + a + "\n");
  }

  TEST_CASE("check knows a file that git is told not to look at") {
    const Clone clone;
    clone.commit();
    clone.git({"update-index", "--assume-unchanged", a});

    CHECK(clone.findings() == "warning unseen " + a + "\n");
    clone.migration("20240101000000_a", "CREATE TABLE a (id bigint);\n");
    CHECK(clone.findings({"--base", "main"}) == "error edited " + a + "\nwarning unseen " + a + "\n");
  }

  TEST_CASE("check refuses to let a released migration be edited, renamed or deleted") {
    const Clone clone;
    clone.migration("20240103000000_c", "CREATE TABLE c (id int);\n").commit();
    clone.git({"checkout", "-q", "-b", "feature"});
    clone.migration("20240101000000_a", "CREATE TABLE a (id bigint);\n");
    clone.git({"mv", "prisma/migrations/20240102000000_b", "prisma/migrations/20240109000000_b"});
    clone.git({"rm", "-q", "-r", "prisma/migrations/20240103000000_c"});
    clone.migration("20240102500000_late", "CREATE TABLE d (id int);\n");
    clone.commit();

    const Ran ran = clone.check({"--base", "main"});

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    prisma/migrations/20240101000000_a/migration.sql: edited, and released in main\n"
          "  why    a database that has applied it refuses the image (76): the checksum is another one\n"
          "  next   git restore --source=main prisma/migrations/20240101000000_a/migration.sql\n"
          "         and put the change into a new migration\n"
          "error    prisma/migrations/20240109000000_b/migration.sql: renamed from 20240102000000_b, and released in "
          "main\n"
          "  why    a database that has applied it takes it for a new one, and runs it again\n"
          "  next   git mv prisma/migrations/20240109000000_b prisma/migrations/20240102000000_b\n"
          "error    prisma/migrations/20240103000000_c/migration.sql: deleted, and released in main\n"
          "  why    a database that has applied it is ahead of the image\n"
          "  next   git restore --source=main prisma/migrations/20240103000000_c/migration.sql\n"
          "warning  prisma/migrations/20240102500000_late/migration.sql: new, and sorts before 20240103000000_c, which "
          "main has released\n"
          "  why    a database that is up to date applies it after those that follow it, an empty one before them\n"
          "  next   rename its folder: give it a timestamp of now\n"
          "3 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations\n");
    CHECK(ran.err ==
          "schemagate: 3 errors; the first: edited, and released in main\n"
          "  where  prisma/migrations/20240101000000_a/migration.sql\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   git restore --source=main prisma/migrations/20240101000000_a/migration.sql\n"
          "         and put the change into a new migration\n"
          "         the others are on stdout\n");
    CHECK(clone.check({}, {{"SCHEMAGATE_BASE", "main"}}).out == ran.out);
  }

  TEST_CASE("what the base did after a branch began is not the branch's fault") {
    const Clone clone;
    clone.commit();
    clone.git({"checkout", "-q", "-b", "feature"});
    clone.migration("20240105000000_mine", "CREATE TABLE m (id int);\n").commit();
    clone.git({"checkout", "-q", "main"});
    clone.folder.remove("prisma/migrations/20240102000000_b");
    clone.migration("20240101000000_a", "CREATE TABLE a (id bigint);\n");
    clone.migration("20240104000000_theirs", "CREATE TABLE t (id int);\n").commit();
    clone.git({"checkout", "-q", "feature"});

    CHECK(clone.findings({"--base", "main"}) == "");
    clone.git({"checkout", "-q", "main"});
    clone.migration("20240106000000_later", "CREATE TABLE l (id int);\n").commit();
    clone.git({"checkout", "-q", "feature"});
    CHECK(clone.findings({"--base", "main"}) == "warning order prisma/migrations/20240105000000_mine/migration.sql\n");
  }

  TEST_CASE("what lies deeper is no migration, also where it was released") {
    const Clone clone;
    clone.migration("20240103000000_c", "CREATE TABLE c (id int);\n");
    clone.folder.file("prisma/migrations/20240103000000_c/old/migration.sql", "x");
    clone.commit();
    clone.folder.remove("prisma/migrations/20240103000000_c/old");

    CHECK(clone.findings({"--base", "main"}) == "");
  }

  TEST_CASE("line ends make no released migration an edited one") {
    const Clone clone;
    clone.commit();
    clone.migration("20240101000000_a", "CREATE TABLE a (id int);\r\n").commit();

    CHECK(clone.findings({"--base", "HEAD~1"}) == "");
    clone.git({"config", "core.autocrlf", "true"});
    clone.migration("20240102000000_b", "CREATE TABLE b (id int);\r\n");
    CHECK(clone.findings({"--base", "HEAD~1"}) == "");
  }

  TEST_CASE("a base that is not in the clone is not taken for unchanged") {
    const Clone origin;
    origin.commit();
    origin.migration("20240103000000_c", "CREATE TABLE c (id int);\n").commit();
    const Clone clone{false};
    clone.git({"clone", "-q", "--depth", "1", "file://" + origin.folder.path(), "."});

    const Ran missing = clone.check({"--base", "origin/release"});
    CHECK(missing.code == 78);
    CHECK(missing.err ==
          "schemagate: the base origin/release is not in this clone, which is shallow\n"
          "  where  prisma/migrations\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   fetch all of it: in GitHub Actions, actions/checkout with fetch-depth: 0; else git fetch "
          "--unshallow\n");
    CHECK(clone.findings({"--base", "origin/main"}) == "");
    CHECK(origin.check({"--base", "nowhere"})
              .err.ends_with("next   git fetch origin, or name another one: --base (SCHEMAGATE_BASE)\n"));
    CHECK(origin.findings({"--base", "--upload-pack=x"}) == "error base prisma/migrations\n");
    // The branch began before what the clone has.
    clone.git({"checkout", "-q", "--orphan", "other"});
    clone.commit();
    CHECK(clone.check({"--base", "origin/main"})
              .err.starts_with(
                  "schemagate: the commit where HEAD left origin/main is not in this clone, which is shallow\n"));
  }

  TEST_CASE("without git check says what it cannot know") {
    const Clone clone{false};
    clone.migration("1_a", "CREATE TABLE a (id int)");

    const Ran outside = clone.check();
    CHECK(outside.code == 0);
    CHECK(outside.out ==
          "note     prisma/migrations: not in a git repository\n"
          "  why    whether the files are committed cannot be known\n"
          "  next   run it in a clone\n"
          "note     prisma/migrations: no Dockerfile beside the folder or above it\n"
          "  why    whether an image gets the migrations cannot be known\n"
          "  next   name it: --dockerfile (SCHEMAGATE_DOCKERFILE); none if there is none\n"
          "1 migration in prisma/migrations\n");
    const Ran unable = clone.check({"--dockerfile", "none"}, {{"PATH", "/nonexistent"}});
    CHECK(unable.code == 0);
    CHECK(unable.out.starts_with("note     prisma/migrations: git is not installed here\n"));
    CHECK(clone.findings({"--base", "main", "--dockerfile", "none"}) == "error git prisma/migrations\n");
  }

  TEST_CASE("a repository of another user is told as such") {
    const Clone clone;
    clone.commit();
    REQUIRE(::chown(clone.folder.path().c_str(), 12345, 12345) == 0);
    REQUIRE(::chown((clone.folder.path() + "/.git").c_str(), 12345, 12345) == 0);

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(ran.err == "schemagate: git does not read the repository " + clone.folder.path() +
                         ": it belongs to another user\n"
                         "  where  prisma/migrations\n"
                         "  state  the database was not contacted; the program was not started\n"
                         "  next   git config --global --add safe.directory " +
                         clone.folder.path() + "\n");
  }

  TEST_CASE("check works in a worktree, a submodule and below the top, and starts nothing that the repository names") {
    const Clone clone;
    clone.commit();
    const std::string trap = clone.folder.path() + "/.git/started";
    clone.git({"config", "core.fsmonitor", "touch " + trap});
    clone.git({"config", "core.pager", "touch " + trap});
    const Clone other{false};
    const std::string index = clone.folder.path() + "/.git/index";
    const auto written = fs::last_write_time(index);

    CHECK(clone.check({"--migrations", "migrations"}, {}, "prisma").out ==
          "2 migrations in migrations: committed, copied by " + clone.folder.path() +
              "/Dockerfile:3 to /app/prisma/migrations\n");
    CHECK(clone.findings({"--migrations", clone.folder.path() + "/prisma/migrations"}) == "");
    CHECK(fs::last_write_time(index) == written);
    CHECK_FALSE(fs::exists(trap));

    clone.git({"worktree", "add", "-q", other.folder.path() + "/tree"});
    const Ran tree = other.check({}, {}, "tree");
    CHECK(tree.out ==
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations\n");

    const Clone super{false};
    super.git({"init", "-q", "."});
    super.git({"-c", "protocol.file.allow=always", "submodule", "add", "-q", clone.folder.path(), "sub"});
    super.migration("x", "").commit();
    const Ran sub = super.check({}, {}, "sub");
    CHECK(sub.out ==
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations\n");
  }

  TEST_CASE("git is given no database URL and asks nobody for a password") {
    const Clone clone;
    clone.commit();
    const Folder tools;
    const std::string seen = tools.path() + "/seen";
    tools.file("git", "#!/bin/sh\nenv >>" + seen + "\nexec /usr/bin/git \"$@\"\n");
    fs::permissions(tools.path() + "/git", fs::perms::owner_all);

    const Ran ran = clone.check(
        {}, {{"PATH", tools.path() + ":/usr/bin:/bin"}, {"SCHEMAGATE_DATABASE_URL", "postgresql://u:hidden@h/d"}});

    const Ran read = support::run({"cat", seen});
    CHECK(ran.code == 0);
    CHECK(contains(read.out, "GIT_TERMINAL_PROMPT=0\n"));
    CHECK(contains(read.out, "GIT_OPTIONAL_LOCKS=0\n"));
    CHECK_FALSE(contains(read.out, "hidden"));
  }

  TEST_CASE("as a pre-commit hook check judges what is about to be committed") {
    const Clone clone;
    clone.commit();
    clone.folder.file(".git/hooks/pre-commit", "#!/bin/sh\nexec " + binary() + " check --staged\n");
    fs::permissions(clone.folder.path() + "/.git/hooks/pre-commit", fs::perms::owner_all);
    clone.migration("20240103000000_c", "CREATE TABLE c (id int);\n");
    clone.folder.file("README.md", "x");
    const auto commit = [&](const Words& words) {
      Words all{"git", "-C", clone.folder.path(), "commit", "-q", "-m", "x"};
      all.insert(all.end(), words.begin(), words.end());
      return support::run(all, Clone::variables());
    };

    clone.git({"add", "README.md"});
    const Ran forgotten = commit({});
    CHECK(forgotten.code == 1);
    CHECK(contains(forgotten.err, "20240103000000_c/migration.sql: not tracked by git"));
    clone.git({"add", "-A"});
    CHECK(commit({}).code == 0);
    // git makes an index of its own for these.
    clone.migration("20240103000000_c", "CREATE TABLE c (id bigint);\n");
    CHECK(commit({"-a"}).code == 0);
    clone.migration("20240103000000_c", "CREATE TABLE c (id text);\n");
    CHECK(commit({"prisma/migrations"}).code == 0);
    CHECK(clone.findings() == "");
  }

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

  TEST_CASE("in a monorepo the context is where the Dockerfile finds the migrations") {
    const Clone clone{false};
    clone.git({"init", "-q", "."});
    clone.folder.file("api/prisma/migrations/1_a/migration.sql", "CREATE TABLE a (id int)");
    clone.folder.file("api/Dockerfile", "FROM node:20\nCOPY api/prisma /app/prisma\n");
    clone.commit();

    CHECK(clone.check({}, {}, "api").out ==
          "1 migration in prisma/migrations: committed, copied by Dockerfile:2 to /app/prisma/migrations\n");
    clone.folder.file(".dockerignore", "api/prisma\n");
    CHECK(clone.findings({"--migrations", "api/prisma/migrations"}) == "error context .dockerignore:1\n");
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
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations\n");
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
}
