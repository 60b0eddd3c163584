#include "migrations/folder.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "failure.hpp"
#include "migrations/checksum.hpp"
#include "support/folder.hpp"

namespace schemagate {
namespace {

namespace fs = std::filesystem;
using support::Folder;
using Names = std::vector<std::string>;

schemagate::Folder read(const Folder& folder) { return read_folder(folder.path(), false); }

Names names(const Folder& folder) {
  Names result;
  for (const Migration& migration : read(folder).migrations) result.push_back(migration.name);
  return result;
}

Report refusal(const std::string& path, bool allow_empty = false) {
  try {
    (void)read_folder(path, allow_empty);
    return {};
  } catch (const Failure& failure) {
    return failure.report();
  }
}

Report refusal(const Folder& folder) { return refusal(folder.path()); }

/// Every refusal of a folder is one of the image: nothing was contacted.
Report broken(const std::string& what, const std::string& where, const std::string& next) {
  return {.code = 78,
          .what = what,
          .where = where,
          .state = "the database was not contacted; the program was not started",
          .next = next};
}

/// What is wrong with a script, and where in `1_a/migration.sql`.
std::string script_refusal(const std::string& script) {
  Folder folder;
  folder.migration("1_a", script);
  const Report report = refusal(folder);
  return report.what + " at " + report.where.substr(std::min(report.where.size(), folder.path().size() + 1));
}

/// Root may read everything, so for a while we are somebody else.
class Unprivileged {
 public:
  Unprivileged() { [[maybe_unused]] const int done = ::seteuid(::getuid() == 0 ? 65534 : ::getuid()); }
  ~Unprivileged() { [[maybe_unused]] const int done = ::seteuid(::getuid()); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
};

TEST_SUITE("folder") {
  TEST_CASE("a migration is its folder's name, its file, and the file's bytes") {
    Folder folder;
    folder.migration("20240101000000_init", "CREATE TABLE a (id int);\r\n");
    const std::string script = "CREATE TABLE a (id int);\r\n";

    CHECK(read(folder).migrations ==
          std::vector{Migration{"20240101000000_init", folder.path() + "/20240101000000_init/migration.sql", script,
                                checksum(script)}});
    CHECK(read(folder).path == folder.path());
    CHECK(read(folder).warnings.empty());
  }

  TEST_CASE("migrations are ordered by the bytes of their names") {
    Folder folder;
    for (const char* name : {"2_b", "10_c", "1_a", "A", "a", "_x", "-y", "é"}) folder.migration(name, "");

    CHECK(names(folder) == Names{"-y", "10_c", "1_a", "2_b", "A", "_x", "a", "é"});
  }

  TEST_CASE("hidden folders count") {
    Folder folder;
    folder.migration(".hidden", "");

    CHECK(names(folder) == Names{".hidden"});
  }

  TEST_CASE("plain files do not count, nor do other files and folders of a migration") {
    Folder folder;
    folder.migration("1_a", "").migration("1_a/deeper", "").file("README.md", "");
    folder.file("schema.snapshot", "");
    folder.file("1_a/down.sql", "\xff");

    CHECK(names(folder) == Names{"1_a"});
    CHECK(read(folder).warnings.empty());
  }

  TEST_CASE("a link to a folder is passed over with a warning") {
    Folder folder;
    folder.migration("1_a", "");
    fs::create_directory_symlink("1_a", folder.path() + "/2_b");

    CHECK(names(folder) == Names{"1_a"});
    CHECK(read(folder).warnings == Names{folder.path() + "/2_b is a link to a folder: passed over, as Prisma does"});
  }

  TEST_CASE("a link to a file, to nowhere or to itself is passed over like a file") {
    Folder folder;
    folder.migration("1_a", "");
    fs::create_symlink("1_a/migration.sql", folder.path() + "/2_b");
    fs::create_symlink("nowhere", folder.path() + "/3_c");
    fs::create_symlink("4_d", folder.path() + "/4_d");

    CHECK(names(folder) == Names{"1_a"});
    CHECK(read(folder).warnings.empty());
  }

  TEST_CASE("migration.sql may be a link to a file") {
    Folder folder;
    folder.migration("1_a", "").file("shared.sql", "SELECT 1");
    folder.remove("1_a/migration.sql");
    fs::create_symlink("../shared.sql", folder.path() + "/1_a/migration.sql");

    CHECK(read(folder).migrations.at(0).script == "SELECT 1");
  }

  TEST_CASE("the folder itself may be a link") {
    Folder folder;
    folder.migration("real/1_a", "");
    fs::create_directory_symlink("real", folder.path() + "/link");

    CHECK(read_folder(folder.path() + "/link", false).migrations.size() == 1);
  }

  TEST_CASE("a name may have 255 bytes, blanks and letters of any language") {
    Folder folder;
    for (const std::string& name : {std::string(255, 'x'), std::string{"a b"}, std::string{"миграция"}})
      folder.migration(name, "");

    CHECK(names(folder) == Names{"a b", std::string(255, 'x'), "миграция"});
  }
}

TEST_SUITE("folder: scripts") {
  TEST_CASE("any UTF-8 is a script, also none at all") {
    Folder folder;
    for (const char* script :
         {"", "\n", "SELECT 'é中\U0001F600\U0010FFFF'", "a\r\nb\rc\n", "\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80"}) {
      folder.migration("1_a", script);
      CHECK(read(folder).migrations.at(0).script == script);
    }
  }

  TEST_CASE("a byte order mark is refused with the command that removes it") {
    Folder folder;
    folder.migration("1_a", "\xef\xbb\xbfSELECT 1");
    const std::string file = folder.path() + "/1_a/migration.sql";

    CHECK(refusal(folder) ==
          broken("the migration starts with a byte order mark, which PostgreSQL refuses as a syntax error", file + ":1",
                 R"(save it as UTF-8 without BOM: sed -i '1s/^\xEF\xBB\xBF//' )" + file));
  }

  TEST_CASE("a mark that is not at the start is a character like others") {
    CHECK(script_refusal("SELECT '\xef\xbb\xbf'") == " at ");
  }

  TEST_CASE("a NUL byte is refused at its line") {
    CHECK(script_refusal(std::string{"a\nb\0c", 5}) == "the migration contains a NUL byte at 1_a/migration.sql:2");
    CHECK(script_refusal(std::string{"\xff\xfeS\0", 4}) == "the migration contains a NUL byte at 1_a/migration.sql:1");
  }

  TEST_CASE("a byte that is not UTF-8 is refused at its line") {
    CHECK(script_refusal("a\n\n-- caf\xe9\n") == "the migration is not UTF-8: byte 0xe9 at 1_a/migration.sql:3");
    CHECK(script_refusal("\x80") == "the migration is not UTF-8: byte 0x80 at 1_a/migration.sql:1");
  }

  TEST_CASE("overlong forms, surrogates, cut sequences and what is beyond Unicode are not UTF-8") {
    for (const char* bytes :
         {"\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf",
          "\xed\xa0\x80", "\xed\xbf\xbf", "\xc3", "\xe4\xb8", "\xf0\x9f\x98", "\xc3x", "\xe4\xb8x", "\xf0\x9f\x98x",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"})
      CHECK_MESSAGE(script_refusal(bytes).starts_with("the migration is not UTF-8: byte 0x"), script_refusal(bytes));
  }
}

TEST_SUITE("folder: refusals") {
  TEST_CASE("a migration without migration.sql is refused") {
    Folder folder;
    folder.migration("1_a", "").file("2_b/Migration.sql", "");

    CHECK(refusal(folder) == broken("the migration 2_b has no migration.sql", folder.path() + "/2_b/migration.sql",
                                    "restore the file, or delete its folder, and build the image again"));
  }

  TEST_CASE("a link to nowhere is no migration.sql") {
    Folder folder;
    folder.file("1_a/down.sql", "");
    fs::create_symlink("nowhere", folder.path() + "/1_a/migration.sql");

    CHECK(refusal(folder).what == "the migration 1_a has no migration.sql");
  }

  TEST_CASE("a folder called migration.sql is refused") {
    Folder folder;
    folder.file("1_a/migration.sql/x", "");

    CHECK(refusal(folder) ==
          broken("migration.sql is not a file", folder.path() + "/1_a/migration.sql", "put the SQL script there"));
  }

  TEST_CASE("a script that we may not read is refused") {
    Folder folder;
    folder.migration("1_a", "");
    const std::string file = folder.path() + "/1_a/migration.sql";
    fs::permissions(folder.path(), fs::perms{0755});
    fs::permissions(file, fs::perms::none);
    const Unprivileged somebody;

    CHECK(refusal(folder) == broken("the file cannot be read", file, "chmod a+r " + file));
  }

  TEST_CASE("a migration that we may not enter is refused") {
    Folder folder;
    folder.migration("1_a", "");
    fs::permissions(folder.path(), fs::perms{0755});
    fs::permissions(folder.path() + "/1_a", fs::perms{0600});
    const Unprivileged somebody;

    CHECK(refusal(folder).what == "the file cannot be read: Permission denied");
    CHECK(refusal(folder).next == "chmod a+rX " + folder.path() + "/1_a");
  }

  TEST_CASE("a folder that we may not list is refused") {
    const Folder folder;
    fs::permissions(folder.path(), fs::perms{0311});
    const Unprivileged somebody;

    CHECK(refusal(folder) == broken("the migrations folder cannot be read: Permission denied", folder.path(),
                                    "chmod -R a+rX " + folder.path()));
  }

  TEST_CASE("a folder inside one that we may not enter is refused as such") {
    Folder folder;
    folder.migration("migrations/1_a", "");
    fs::permissions(folder.path(), fs::perms::none);
    const std::string path = folder.path() + "/migrations";
    const Unprivileged somebody;

    CHECK(refusal(path) ==
          broken("the migrations folder cannot be read: Permission denied", path, "chmod a+x every folder above it"));
  }

  TEST_CASE("a folder that does not exist is refused by its whole path") {
    const Folder folder;
    const std::string advice =
        "check the COPY line of the Dockerfile and .dockerignore, or name the folder with --migrations";

    CHECK(refusal(folder.path() + "/none") ==
          broken("the migrations folder does not exist", folder.path() + "/none", advice));
    CHECK(refusal("none/at/all").where == (fs::current_path() / "none/at/all").string());
    CHECK(refusal(folder.path() + "/none", true).code == 78);
  }

  TEST_CASE("a file is not a folder") {
    const Folder folder;
    const std::string file = folder.file("migrations", "");

    CHECK(refusal(file).what == "the migrations folder is not a folder");
    CHECK(refusal(file).where == file);
  }

  TEST_CASE("an empty folder is refused unless it is meant") {
    const Folder folder;
    folder.file("migration_lock.toml", "provider = \"postgresql\"");

    CHECK(refusal(folder) == broken("the migrations folder is empty", folder.path(),
                                    "check the COPY line of the Dockerfile and .dockerignore, or name the folder with "
                                    "--migrations; if it is meant, say --allow-empty"));
    CHECK(refusal(folder.path(), true) == Report{});
    CHECK(read_folder(folder.path(), true).migrations.empty());
  }

  TEST_CASE("a name that is not UTF-8 is refused") {
    Folder folder;
    folder.migration("1_\xff", "");

    CHECK(refusal(folder) ==
          broken("the name of a migration folder is not UTF-8", folder.path() + "/1_\xff", "rename the folder"));
  }
}

TEST_SUITE("folder: migration_lock.toml") {
  TEST_CASE("a folder without it is fine") {
    Folder folder;
    folder.migration("1_a", "");

    CHECK(refusal(folder) == Report{});
  }

  TEST_CASE("it is checked even when nothing else is there") {
    const Folder folder;
    const std::string file = folder.file("migration_lock.toml", "provider = \"mysql\"");

    CHECK(refusal(folder).what == "the migrations were made for mysql, and schemagate is for PostgreSQL");
    CHECK(refusal(folder).where == file);
    CHECK(refusal(folder.path(), true).code == 78);
  }

  TEST_CASE("an empty, a broken and an unreadable one are refused") {
    const Folder folder;
    folder.file("migration_lock.toml", "");
    CHECK(refusal(folder).what == "migration_lock.toml names no provider");
    folder.file("migration_lock.toml", "provider");
    CHECK(refusal(folder).what.starts_with("migration_lock.toml is not TOML"));
    folder.remove("migration_lock.toml");
    folder.file("migration_lock.toml/x", "");

    CHECK(refusal(folder).what == "the file cannot be read");
  }
}

}  // namespace
}  // namespace schemagate
