#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/clone.hpp"
#include "support/image.hpp"

using namespace support;
using namespace std::string_literals;

// `schemagate check` asks git about a repository that nobody vouches for.
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string lock_file = "prisma/migrations/migration_lock.toml";

std::string content(const std::string& path) {
  std::ifstream stream{path};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string replaced(std::string text, const std::string& mark, const std::string& by) {
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size()))
    text.replace(at, mark.size(), by);
  return text;
}

/// A program that tells that it was run, and the hooks that run it.
class Trap {
 public:
  Trap() {
    write("program", "#!/bin/sh\necho \"$0\" >>" + seen() + "\n");
    for (const char* hook : {"post-index-change", "post-checkout", "reference-transaction", "pre-auto-gc"})
      write("hooks/"s + hook, "#!/bin/sh\nexec " + program() + "\n");
  }
  [[nodiscard]] std::string path() const { return folder_.path(); }
  [[nodiscard]] std::string program() const { return path() + "/program"; }
  [[nodiscard]] std::string seen() const { return path() + "/seen"; }
  void write(const std::string& name, const std::string& script) const {
    fs::permissions(folder_.file(name, script), fs::perms::owner_all);
  }
  std::string taken() const {
    std::string text = content(seen());
    fs::remove(seen());
    return text;
  }

 private:
  Folder folder_;
};

/// `@` is the program, `%` its folder.
struct Place {
  std::string name;
  const char* config;
  const char* attributes;  ///< for .gitattributes; may be empty
  Words control;           ///< what has git run it, where that can be shown without a terminal and a server
};

const std::vector<Place> places{
    {"clean", "[filter \"x\"]\n\tclean = @\n", "* filter=x\n", {"status"}},
    {"required", "[filter \"x\"]\n\tclean = @\n\trequired = true\n", "* filter=x\n", {"status"}},
    {"process", "[filter \"x\"]\n\tprocess = @\n", "* filter=x\n", {"status"}},
    {"smudge", "[filter \"x\"]\n\tsmudge = @\n", "* filter=x\n", {"cat-file", "--filters", "HEAD:" + a}},
    {"lfs", "[filter \"lfs\"]\n\tclean = @\n\tprocess = @\n", "*.sql filter=lfs\n", {"status"}},
    {"attributesFile", "[filter \"x\"]\n\tclean = @\n[core]\n\tattributesFile = %/attributes\n", "", {"status"}},
    {"textconv", "[diff \"x\"]\n\ttextconv = @\n", "* diff=x\n", {"diff", "HEAD"}},
    {"command", "[diff \"x\"]\n\tcommand = @\n", "* diff=x\n", {"diff", "HEAD"}},
    {"external", "[diff]\n\texternal = @\n", "", {"diff", "HEAD"}},
    {"fsmonitor", "[core]\n\tfsmonitor = @\n", "", {"status"}},
    {"monitor of a worktree", "[core]\n\tfsmonitor = @\n\tfsmonitorHookVersion = 1\n", "", {"status"}},
    {"hooksPath", "[core]\n\thooksPath = %/hooks\n", "", {"status"}},
    {"gpg", "[gpg]\n\tprogram = @\n[log]\n\tshowSignature = true\n", "", {"log"}},
    {"include", "[include]\n\tpath = %/more\n", "", {"status"}},
    {"includeIf", "[includeIf \"gitdir:/\"]\n\tpath = %/more\n", "", {"status"}},
    {"merge", "[merge \"x\"]\n\tdriver = @\n", "* merge=x\n", {}},
    {"pager", "[core]\n\tpager = @\n[pager]\n\tstatus = @\n\tls-files = @\n\tls-tree = @\n\trev-parse = @\n", "", {}},
    {"alias", "[alias]\n\tstatus = !@\n\tls-files = !@\n\tx = !@\n", "", {"x"}},
    {"others",
     "[core]\n\teditor = @\n\taskPass = @\n\tsshCommand = @\n\tgitProxy = @\n\talternateRefsCommand = @\n"
     "[credential]\n\thelper = !@\n[sequence]\n\teditor = @\n[interactive]\n\tdiffFilter = @\n"
     "[trace2]\n\teventTarget = %/seen\n[submodule]\n\trecurse = true\n[ssh]\n\tvariant = @\n",
     "",
     {}},
};

/// What is signed has a signature that nobody checks.
void commit_signed(const Clone& clone, const Trap& trap) {
  trap.write(
      "sign",
      "#!/bin/sh\ncat >/dev/null\necho '\n[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----\n\nx'\n");
  clone.git({"add", "-A"});
  clone.git({"-c", "gpg.program=" + trap.path() + "/sign", "commit", "-q", "-S", "-m", "x"});
}

/// Of another length, of another time, staged, and with other line ends.
void touch_all(const Clone& clone, const std::string& top) {
  const auto file = [&](const std::string& name) { return top + "/" + name; };
  std::ofstream{file(a)} << "CREATE TABLE a (id bigint);\n";
  fs::last_write_time(file(b), fs::file_time_type::clock::now() - std::chrono::hours{1});
  std::ofstream{file("prisma/migrations/20240103000000_c/migration.sql")} << "CREATE TABLE c (id bigint);\n";
  (void)support::run({"git", "-C", top, "add", "prisma/migrations/20240103000000_c"}, Clone::variables());
  std::ofstream{file(lock_file)} << "provider = \"postgresql\"\r\n";
  fs::remove(file("prisma/migrations/20240104000000_d/migration.sql"));
  (void)clone;
}

/// Where the repository's own configuration ends up after all the files are made.
void arm(const Clone& clone, const Trap& trap, const Place& place) {
  trap.write("more", "[core]\n\tfsmonitor = " + trap.program() + "\n");
  trap.write("attributes", "* filter=x\n");
  const std::string text = replaced(replaced(place.config, "@", trap.program()), "%", trap.path());
  std::ofstream{clone.folder.path() + "/.git/config", std::ios::app} << text;
}

Clone& made(Clone& clone, const Trap& trap, const Place& place) {
  for (const char* name : {"20240103000000_c", "20240104000000_d"}) clone.migration(name, "SELECT 1;\n");
  clone.folder.file(".gitattributes", place.attributes);
  commit_signed(clone, trap);
  clone.migration("20240105000000_e", "SELECT 2;\n");
  commit_signed(clone, trap);
  return clone;
}

std::string git_folder(const std::string& top) {
  const Ran ran = support::run({"git", "-C", top, "rev-parse", "--absolute-git-dir"}, Clone::variables());
  return ran.out.substr(0, ran.out.size() - 1);
}

/// Beside it, as in a hook. Source: git(1), GIT_DIR.
void check_all(const Clone& clone, const std::string& top, const Trap& trap) {
  const Variables hook{{"GIT_DIR", git_folder(top)}, {"GIT_INDEX_FILE", git_folder(top) + "/index"}};
  const std::string below = fs::path{top}.lexically_relative(clone.folder.path()).string();
  for (const auto& [words, more] : {std::pair{Words{"--base", "HEAD~1"}, Variables{}}, {Words{"--staged"}, hook}}) {
    const Ran ran = clone.check(words, more, below);
    INFO(ran.out << ran.err);
    CHECK(trap.taken() == "");
    CHECK(ran.code == 78);
    CHECK_FALSE(contains(ran.err, "git failed"));
    CHECK(contains(ran.out, "20240104000000_d/migration.sql: deleted, and that is not committed"));
  }
}

}  // namespace

TEST_SUITE("check") {
  TEST_CASE("check runs no program that a repository names") {
    for (const Place& place : places) {
      INFO(place.name);
      const Trap trap;
      Clone clone;
      const Folder other;
      made(clone, trap, place);
      const std::string tree = other.path() + "/tree";
      clone.git({"worktree", "add", "-q", "--detach", tree});
      arm(clone, trap, place);
      for (const std::string& top : {clone.folder.path(), tree}) {
        touch_all(clone, top);
        trap.taken();
        check_all(clone, top, trap);
      }
      // Without it the test tests nothing.
      if (place.control.empty()) continue;
      Words control{"git", "-C", clone.folder.path()};
      control.insert(control.end(), place.control.begin(), place.control.end());
      (void)support::run(control, Clone::variables());
      CHECK(trap.taken() != "");
    }
  }

  TEST_CASE("check runs no program of a submodule, nor of a configuration of one worktree") {
    const Trap trap;
    const Clone inner;
    inner.commit();
    const Clone clone;
    const std::string sub = "prisma/migrations/20240101000000_a/sub";
    clone.commit().git({"-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.folder.path(), sub});
    clone.commit().git({"config", "extensions.worktreeConfig", "true"});
    clone.git({"config", "--worktree", "core.fsmonitor", trap.program()});
    clone.git({"-C", sub, "config", "filter.x.clean", trap.program()});
    clone.git({"-C", sub, "config", "core.fsmonitor", trap.program()});
    clone.folder.file(sub + "/.gitattributes", "* filter=x\n");
    clone.folder.file(sub + "/Dockerfile", "FROM x\n");
    trap.taken();

    CHECK(clone.findings({"--base", "main", "--dockerfile", "none"}) == "");

    CHECK(trap.taken() == "");
    clone.git({"status"});
    CHECK(trap.taken() != "");
  }

  TEST_CASE("check fetches nothing, by whatever program") {
    const Clone origin;
    origin.commit().git({"config", "uploadpack.allowFilter", "true"});
    origin.migration("20240103000000_c", "SELECT 1;\n").commit();
    const Folder tools;
    // As git was before 2.39.4.
    fs::permissions(tools.file("git", "#!/bin/sh\nunset GIT_NO_LAZY_FETCH\nexec /usr/bin/git \"$@\"\n"),
                    fs::perms::owner_all);
    for (const char* config :
         {"[remote \"origin\"]\n\turl = ext::@\n[protocol \"ext\"]\n\tallow = always\n",
          "[remote \"origin\"]\n\turl = ssh://h/r\n[core]\n\tsshCommand = @\n[protocol]\n\tallow = always\n",
          "[remote \"origin\"]\n\turl = git://h/r\n[core]\n\tgitProxy = @\n", "[remote \"origin\"]\n\tuploadpack = @\n",
          "[remote \"origin\"]\n\tvcs = none\n[alias]\n\tremote-none = !@\n[protocol \"none\"]\n\tallow = always\n",
          "[remote \"origin\"]\n\tvcs =\n[alias]\n\tremote- = !@\n[protocol \"\"]\n\tallow = always\n"}) {
      INFO(std::string{config});
      const Trap trap;
      const Clone clone{false};
      clone.git({"clone", "-q", "--filter=tree:0", "file://" + origin.folder.path(), "."});
      std::string text = replaced(config, "@", trap.program());
      if (contains(text, "url")) clone.git({"config", "--unset", "remote.origin.url"});
      std::ofstream{clone.folder.path() + "/.git/config", std::ios::app} << text;
      for (const std::string& path : {"/usr/bin:/bin"s, tools.path() + ":/usr/bin:/bin"}) {
        const Ran ran = clone.check({"--base", "HEAD~1"}, {{"PATH", path}});
        CHECK(trap.taken() == "");
        CHECK(ran.code == 78);
        CHECK(contains(ran.err, "next   if you trust it: git fetch --refetch --filter=blob:none\n"));
        CHECK(clone.check({}, {{"PATH", path}}).code == 0);
      }
      (void)support::run({"git", "-C", clone.folder.path(), "ls-tree", "HEAD~1"}, Clone::variables());
      CHECK(trap.taken() != "");
    }
  }

  TEST_CASE("a clone without the base's scripts is enough for --base") {
    const Clone origin;
    origin.commit().git({"config", "uploadpack.allowFilter", "true"});
    origin.migration("20240103000000_gone", "SELECT 1;\n").commit();
    origin.git({"checkout", "-q", "-b", "feature"});
    origin.git({"mv", "prisma/migrations/20240103000000_gone", "prisma/migrations/20240104000000_moved"});
    origin.migration("20240101000000_a", "CREATE TABLE a (id int);\r\n");
    origin.migration("20240102000000_b", "CREATE TABLE b (id bigint);\n").commit();
    const Clone clone{false};
    clone.git({"clone", "-q", "--filter=blob:none", "file://" + origin.folder.path(), "."});
    clone.git({"config", "remote.origin.url", "/nowhere"});

    CHECK(clone.findings({"--base", "origin/main"}) ==
          "error edited " + b + "\nerror renamed prisma/migrations/20240104000000_moved/migration.sql\n");
  }

  TEST_CASE("git is given no database URL and asks nobody for a password") {
    const Clone clone;
    clone.commit();
    const Folder tools;
    const std::string seen = tools.path() + "/seen";
    tools.file("git", "#!/bin/sh\nenv >>" + seen + "\nexec /usr/bin/git \"$@\"\n");
    fs::permissions(tools.path() + "/git", fs::perms::owner_all);
    Variables variables{{"PATH", tools.path() + ":/usr/bin:/bin"}};
    for (const char* name :
         {"SCHEMAGATE_DATABASE_URL", "DATABASE_URL", "DIRECT_URL", "PGPASSWORD", "PGHOST", "GITHUB_TOKEN", "GIT_SSH",
          "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_EDITOR",
          "GIT_EXEC_PATH", "GIT_TRACE", "GIT_TRACE2_EVENT", "GIT_CONFIG_PARAMETERS", "LD_PRELOAD"})
      variables[name] = "postgresql://u:hidden@h/d";

    const Ran ran = clone.check({"--base", "main"}, variables);

    const std::string read = content(seen);
    CHECK(ran.code == 0);
    for (const char* line : {"GIT_TERMINAL_PROMPT=0\n", "GIT_OPTIONAL_LOCKS=0\n", "GIT_NO_LAZY_FETCH=1\n"})
      CHECK(contains(read, line));
    CHECK_FALSE(contains(read, "hidden"));
  }

  TEST_CASE("a git that the repository brings is not the git on PATH") {
    const Trap trap;
    const Clone clone;
    fs::copy(trap.program(), clone.folder.path() + "/git");
    clone.commit();

    CHECK(clone.check({}, {{"PATH", ".:/usr/bin:/bin"}}).code == 0);
    CHECK(trap.taken() == "");
  }
}
