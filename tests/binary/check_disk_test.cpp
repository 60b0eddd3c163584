#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "migrations/checksum.hpp"
#include "support/clone.hpp"
#include "support/image.hpp"

using namespace support;

// `schemagate check` compares files with git's index itself: asked for that, git would run filters.
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

Words lines(const std::string& text) {
  std::istringstream stream{text};
  Words result;
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

/// By the name of a migration: what git is told of it, and what is on disk in place of `-- $Id$\nSELECT 1;\n`.
const std::vector<std::pair<std::string, std::string>> attributes{
    {"none", "-foo"},    {"text", "text"},           {"auto", "text=auto"}, {"binary", "-text"},
    {"eol", "eol=crlf"}, {"lf", "text=auto eol=lf"}, {"old", "crlf=input"}, {"kept", "-crlf eol=lf"},
    {"ident", "ident"},  {"odd", "text=odd"},        {"both", "ident text"}};
const std::vector<std::pair<std::string, std::string>> contents{{"same", "-- $Id$\nSELECT 1;\n"},
                                                                {"crlf", "-- $Id$\r\nSELECT 1;\r\n"},
                                                                {"mixed", "-- $Id$\nSELECT 1;\r\n"},
                                                                {"cr", "-- $Id$\r\r\nSELECT 1;\r\n"},
                                                                {"id", "-- $Id: 1234 $\nSELECT 1;\n"},
                                                                {"ids", "-- $Id: 1234 $\r\nSELECT 1;\r\n"},
                                                                {"open", "-- $Id: 1234\nSELECT 1;\n"},
                                                                {"other", "-- $Id$\nSELECT 2;\n"},
                                                                {"short", ""}};

/// A migration for every rule, for what is committed and for what is on disk. Left out is what is the same, byte for
/// byte: git would commit some of it anew, and that is no change.
void write(const Clone& clone, bool changed) {
  const auto add = [&](const std::string& rule, const auto& before, const auto& after) {
    if (before.second != after.second)
      clone.migration(fmt::format("2024_{}_{}{}", rule, before.first, after.first),
                      changed ? after.second : before.second);
  };
  for (const auto& [name, rule] : attributes)
    for (const std::size_t kept : {0U, 1U, 3U})
      for (const auto& content : contents) add(name, contents[kept], content);
}

/// What it would commit, in another index: `PATH` a line each.
std::string git_says(const Clone& clone) {
  Variables variables = Clone::variables();
  variables["GIT_INDEX_FILE"] = clone.folder.path() + "/.git/other";
  const auto git = [&](const Words& words) {
    Words all{"git", "-C", clone.folder.path(), "-c", "core.safecrlf=false"};
    all.insert(all.end(), words.begin(), words.end());
    return support::run(all, variables);
  };
  REQUIRE(git({"read-tree", "HEAD"}).code == 0);
  REQUIRE(git({"add", "-u"}).code == 0);
  return git({"diff", "--cached", "--name-only"}).out;
}

std::string check_says(const Clone& clone) {
  std::string text;
  for (const std::string& line : lines(clone.findings()))
    if (const std::string mark = "error uncommitted "; line.starts_with(mark)) text += line.substr(mark.size()) + "\n";
  return text;
}

}  // namespace

TEST_SUITE("check") {
  TEST_CASE("check knows line ends and idents as git does, of which it does not ask") {
    const Clone clone;
    std::string rules;
    for (const auto& [name, rule] : attributes) rules += fmt::format("**/*_{}_*/migration.sql {}\n", name, rule);
    write(clone, false);
    clone.commit().folder.file(".git/info/attributes", rules);
    write(clone, true);
    for (const char* setting : {"false", "true", "input"}) {
      INFO(std::string{setting});
      clone.git({"config", "core.autocrlf", setting});
      CHECK(check_says(clone) != "");
      CHECK(check_says(clone) == git_says(clone));
    }
  }

  TEST_CASE("check runs no filter, and says where only that could tell") {
    const Clone clone;
    const std::string large = "prisma/migrations/20240103000000_c/migration.sql";
    const std::string script = "CREATE TABLE c (id int);\n";
    clone.folder.file(large, "version https://git-lfs.github.com/spec/v1\noid sha256:" + schemagate::checksum(script) +
                                 "\nsize " + std::to_string(script.size()) + "\n");
    clone.folder.file(".gitattributes", "**/*_a/* filter=secret\n**/*_c/* filter=lfs -text\n");
    clone.commit();
    clone.folder.file(large, script);
    CHECK(clone.findings({"--base", "main"}) == "");
    clone.git({"config", "filter.lfs.process", "false"});
    CHECK(clone.findings({"--base", "main"}) == "");
    clone.folder.file(large, "CREATE TABLE c (id text);\n");
    CHECK(clone.findings() == "error uncommitted " + large + "\n");
    clone.folder.file(large, script);
    clone.migration("20240101000000_a", "CREATE TABLE other (id int);\n");
    CHECK(clone.findings() == "error uncommitted " + a + "\n");
    clone.git({"config", "filter.secret.clean", "false"});

    const Ran ran = clone.check({"--base", "main", "--dockerfile", "none"});

    CHECK(ran.code == 0);
    CHECK(ran.out ==
          "note     " + a +
              ": whether it is committed as it is on disk is not known\n"
              "  why    its filter (gitattributes) would tell, a program that the configuration names: not run here\n"
              "  next   run it, if you trust the repository: git status " +
              a + "\n3 migrations in prisma/migrations\n");
    clone.git({"config", "filter.secret.clean", ""});
    CHECK(clone.findings() == "error uncommitted " + a + "\n");
  }

  TEST_CASE("what stands in a file's place is not what is committed, nor what is before the first commit") {
    const Clone clone;
    clone.git({"add", "-A"});
    CHECK(clone.findings() == "error uncommitted " + a + "\nerror uncommitted " + b +
                                  "\nwarning uncommitted prisma/migrations/migration_lock.toml\n");
    CHECK(clone.findings({"--staged"}) == "");
    clone.commit();
    const std::string folder = clone.folder.path() + "/prisma/migrations/20240102000000_b";
    fs::rename(folder, clone.folder.path() + "/elsewhere");
    fs::create_directory_symlink("../../elsewhere", folder);
    CHECK(clone.findings() == "error uncommitted " + b + "\nwarning link prisma/migrations\n");
    fs::remove(folder);
    fs::rename(clone.folder.path() + "/elsewhere", folder);
    CHECK(clone.findings() == "");
    fs::rename(folder + "/migration.sql", folder + "/real.sql");
    fs::create_symlink("real.sql", folder + "/migration.sql");
    CHECK(clone.findings() == "error uncommitted " + b + "\n");
    clone.commit();
    CHECK(clone.findings() == "");
    clone.git({"update-index", "--chmod=+x", a});
    CHECK(clone.findings() == "error uncommitted " + a + "\n");
    CHECK(clone.findings({"--staged"}) == "");
  }

  TEST_CASE("check knows files by SHA-256 where git does, and a folder at the top") {
    const Clone clone{false};
    clone.git({"init", "-q", "-b", "main", "--object-format=sha256", "."});
    clone.folder.file("1_a/migration.sql", "CREATE TABLE a (id int);\n");
    clone.folder.file("2_b/migration.sql", "CREATE TABLE b (id int);\r\n");
    // In another tree .git is no folder, which would be taken for a migration.
    clone.commit().git({"worktree", "add", "-q", "--detach", "tree"});
    const Words words{"--migrations", ".", "--base", "HEAD", "--dockerfile", "none"};

    CHECK(clone.check(words, {}, "tree").out == "2 migrations in .: committed, unchanged since HEAD\n");
    clone.folder.file("tree/1_a/migration.sql", "CREATE TABLE a (id text);\n");
    clone.folder.file("tree/2_b/migration.sql", "CREATE TABLE b (id int);\n");
    const Ran ran = clone.check(words, {}, "tree");
    CHECK(contains(ran.out, "error    ./1_a/migration.sql: edited, and released in HEAD\n"));
    CHECK(contains(ran.out, "error    ./2_b/migration.sql: changed, and not committed\n"));
  }
}
