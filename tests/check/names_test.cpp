#include "check/names.hpp"

#include <doctest/doctest.h>

#include "migrations/checksum.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

using Scripts = std::vector<std::pair<std::string, std::string>>;

/// `RULE NAME`, a word each.
std::string found(const Scripts& scripts, std::vector<std::string> warnings = {}) {
  Folder folder{"m", {}, std::move(warnings)};
  for (const auto& [name, script] : scripts) folder.migrations.push_back({name, name, script, checksum(script)});
  std::vector<std::string> words;
  for (const Issue& issue : odd_migrations(folder)) words.push_back(issue.rule + " " + issue.file);
  return join(words, ", ");
}

}  // namespace

TEST_SUITE("names") {
  TEST_CASE("ordinary migrations are not odd") {
    CHECK(found({{"20240101000000_a", "SELECT 1"}, {"20240101000001_b", "-- x\nSELECT 2"}}) == "");
    CHECK(found({{"a", "SELECT 1"}, {"b", "SELECT 2"}}) == "");
  }

  TEST_CASE("names that sort differently elsewhere are told") {
    CHECK(found({{"1_B", "SELECT 1"}, {"1_a", "SELECT 2"}}) == "order 1_a");
    CHECK(found({{"1_a", "SELECT 1"}, {"init", "SELECT 2"}}) == "name init");
  }

  TEST_CASE("control characters in a name are refused, wherever it is told") {
    const auto count = [](const std::string& file, const std::string& warning, const std::string& where) {
      const Report report{.code = 78, .what = "w", .where = where, .state = "s", .next = "n"};
      return refused_names({"m", {{"n", file, "", ""}}, {warning}}, {report}).size();
    };
    CHECK(count("m/ü '/migration.sql", "x is a link", "m/y:1") == 0);
    CHECK(count("m/a\nb/migration.sql", "x\x1b is a link", "m/\x7f:1") == 3);
  }

  TEST_CASE("twins are told") {
    CHECK(found({{"1_a", "SELECT 1"}, {"2_a", "SELECT 1"}}) == "duplicate 2_a");
    CHECK(found({{"1_A", "SELECT 1"}, {"1_a", "SELECT 2"}}).ends_with("duplicate 1_a"));
  }

  TEST_CASE("scripts without a statement and with a merge conflict are told") {
    CHECK(found({{"1_a", "\n -- This is an empty migration.\r\n"}}) == "empty 1_a");
    CHECK(found({{"1_a", "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n"}}) == "conflict 1_a");
    CHECK(found({{"1_a", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"}}) == "file 1_a");
    CHECK(found({{"1_a", "SELECT '<<<<<<< HEAD'"}}) == "");
    CHECK(found({}, {"x is a link"}) == "link m");
  }
}

}  // namespace schemagate
