#include <doctest/doctest.h>

#include <filesystem>

#include "migrations/checksum.hpp"
#include "support/clone.hpp"
#include "support/image.hpp"

using namespace support;

// `schemagate check`: what git says of the migrations.
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

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
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations (build "
          "context .)\n");
    CHECK(base.out ==
          "2 migrations in prisma/migrations: committed, unchanged since main, copied by Dockerfile:3 to "
          "/app/prisma/migrations (build context .)\n");
  }

  TEST_CASE("check tells a migration that was never added") {
    const Clone clone;
    clone.commit().migration("20240103000000_ü '", "CREATE TABLE c (id int);\n");

    const Ran ran = clone.check();

    CHECK(ran.code == 78);
    CHECK(ran.out ==
          "error    prisma/migrations/20240103000000_ü '/migration.sql: not tracked by git\n"
          "  why    an image that is built from a clone does not have it\n"
          "  next   git add 'prisma/migrations/20240103000000_ü '\\''/migration.sql'\n"
          "3 migrations in prisma/migrations: copied by Dockerfile:3 to /app/prisma/migrations (build context .)\n");
    CHECK(ran.err ==
          "schemagate: not tracked by git\n"
          "  where  prisma/migrations/20240103000000_ü '/migration.sql\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   git add 'prisma/migrations/20240103000000_ü '\\''/migration.sql'\n");
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
          "3 migrations in prisma/migrations: copied by Dockerfile:3 to /app/prisma/migrations (build context .)\n");
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
    clone.git({"rm", "-q", "--cached", b});
    CHECK(clone.findings() == "error untracked " + b + "\n");
    clone.git({"reset", "-q", "--hard"});
    clone.folder.file("prisma/migrations/migration_lock.toml", "# \nprovider = \"postgresql\"\n");
    CHECK(clone.findings() == "warning uncommitted prisma/migrations/migration_lock.toml\n");
    clone.folder.remove("prisma/migrations/migration_lock.toml");
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
          "3 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations (build "
          "context .)\n");
    CHECK(ran.err ==
          "schemagate: 3 errors; the first: edited, and released in main\n"
          "  where  prisma/migrations/20240101000000_a/migration.sql\n"
          "  state  the database was not contacted; the program was not started\n"
          "  next   git restore --source=main prisma/migrations/20240101000000_a/migration.sql\n"
          "         and put the change into a new migration\n"
          "         the others are on stdout\n");
    CHECK(clone.check({}, {{"SCHEMAGATE_BASE", "main"}}).out == ran.out);
  }

  TEST_CASE("check refuses to let the snapshot go") {
    const Clone clone;
    const std::string file = "prisma/migrations/schema.snapshot";
    const auto line = [](const std::string& name, const std::string& script) {
      return "migration\t" + name + "\t" + schemagate::checksum(script) + "\n";
    };
    clone.folder.file(file, "# schemagate snapshot 1\n# server 15\n# schema public\n" +
                                line("20240101000000_a", "CREATE TABLE a (id int);\n") +
                                line("20240102000000_b", "CREATE TABLE b (id int);\n") + "schema\tpublic\n# end\n");
    clone.commit();
    CHECK(clone.findings({"--base", "main"}) == "");
    clone.git({"checkout", "-q", "-b", "feature"});
    clone.folder.remove(file);
    CHECK(clone.findings() == "error uncommitted " + file + "\n");
    clone.commit();
    CHECK(clone.findings() == "");

    const Ran ran = clone.check({"--base", "main"});

    CHECK(ran.code == 78);
    CHECK(ran.out.starts_with("error    " + file +
                              ": deleted, and released in main\n"
                              "  why    a database that was verified with one refuses an image without (78)\n"
                              "  next   git restore --source=main " +
                              file +
                              " && schemagate snapshot\n"
                              "         or say that none is meant: --snapshot none (SCHEMAGATE_SNAPSHOT=none)\n"));
    CHECK(clone.findings({"--base", "main", "--snapshot", "none"}) == "");
    clone.git({"mv", "prisma/migrations", "db"});
    clone.folder.file("Dockerfile", "FROM node:20\nCOPY db db\n");
    clone.commit();
    CHECK(clone.findings({"--base", "main", "--migrations", "db"}) ==
          "error deleted db/schema.snapshot\nnote base db\n");
    clone.git({"reset", "-q", "--hard", "main"});
    clone.git({"mv", file, "s.snapshot"});
    CHECK(clone.findings({"--snapshot", "none"}) == "");
    CHECK(clone.findings({"--snapshot", "s.snapshot"}) == "error uncommitted s.snapshot\n");
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

    // git's own way to say so without chown, which only root may. check would not pass it on.
    const Folder tools;
    tools.file("git", "#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec /usr/bin/git \"$@\"\n");
    fs::permissions(tools.path() + "/git", fs::perms::owner_all);
    const Variables path{{"PATH", tools.path() + ":/usr/bin:/bin"}};
    const Ran ran = clone.check({}, path);

    CHECK(ran.code == 78);
    CHECK(ran.err == "schemagate: git does not read the repository " + clone.folder.path() +
                         ": it belongs to another user\n"
                         "  where  prisma/migrations\n"
                         "  state  the database was not contacted; the program was not started\n"
                         "  next   git config --global --add safe.directory " +
                         clone.folder.path() + "\n");
    // It may be trusted in the environment alone.
    Variables trusted = path;
    trusted.insert({{"GIT_CONFIG_COUNT", "1"}, {"GIT_CONFIG_KEY_0", "safe.directory"}, {"GIT_CONFIG_VALUE_0", "*"}});
    CHECK(clone.findings({}, trusted) == "");
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
              "/Dockerfile:3 to /app/prisma/migrations (build context " + clone.folder.path() + ")\n");
    CHECK(clone.findings({"--migrations", clone.folder.path() + "/prisma/migrations"}) == "");
    CHECK(fs::last_write_time(index) == written);
    CHECK_FALSE(fs::exists(trap));

    clone.git({"worktree", "add", "-q", other.folder.path() + "/tree"});
    const Ran tree = other.check({}, {}, "tree");
    CHECK(tree.out ==
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations (build "
          "context .)\n");

    const Clone super{false};
    super.git({"init", "-q", "."});
    super.git({"-c", "protocol.file.allow=always", "submodule", "add", "-q", clone.folder.path(), "sub"});
    super.migration("x", "").commit();
    const Ran sub = super.check({}, {}, "sub");
    CHECK(sub.out ==
          "2 migrations in prisma/migrations: committed, copied by Dockerfile:3 to /app/prisma/migrations (build "
          "context .)\n");
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

  TEST_CASE("a hook of a linked worktree may run check from a folder below the top") {
    const Clone clone;
    clone.commit();
    const Clone other{false};
    const std::string tree = other.folder.path() + "/tree";
    clone.git({"worktree", "add", "-q", tree});
    clone.folder.file(".git/hooks/pre-commit", "#!/bin/sh\nset | grep ^GIT_ >&2\ncd prisma && exec " + binary() +
                                                   " check --staged --migrations migrations --dockerfile none\n");
    fs::permissions(clone.folder.path() + "/.git/hooks/pre-commit", fs::perms::owner_all);
    const auto commit = [&] {
      return support::run({"git", "-C", tree + "/prisma", "commit", "-q", "-m", "x"}, Clone::variables());
    };
    const auto add = [&] { (void)support::run({"git", "-C", tree, "add", "-A"}, Clone::variables()); };

    other.folder.file("tree/prisma/migrations/20240103000000_c/migration.sql", "CREATE TABLE c (id int);\n");
    other.folder.file("tree/README.md", "x");
    (void)support::run({"git", "-C", tree, "add", "README.md"}, Clone::variables());
    const Ran forgotten = commit();
    // Without it the test tests nothing.
    REQUIRE(contains(forgotten.err, "GIT_DIR='" + clone.folder.path() + "/.git/worktrees/tree'"));
    CHECK(forgotten.code == 1);
    CHECK(
        contains(forgotten.err, "schemagate: not tracked by git\n  where  migrations/20240103000000_c/migration.sql"));
    add();
    const Ran added = commit();
    CHECK_MESSAGE(added.code == 0, added.err);
  }
}
