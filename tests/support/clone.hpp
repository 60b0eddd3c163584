#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/folder.hpp"
#include "support/process.hpp"

namespace support {

inline constexpr const char* dockerfile =
    "FROM node:20\nWORKDIR /app\nCOPY prisma prisma\nCMD [\"node\", \"server.js\"]\n";

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
  Ran git(const std::vector<std::string>& words) const {
    std::vector<std::string> all{"git", "-C", folder.path()};
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
  [[nodiscard]] Ran check(const std::vector<std::string>& words = {}, const Variables& more = {},
                          const std::string& below = "") const {
    std::vector<std::string> command{binary(), "check"};
    command.insert(command.end(), words.begin(), words.end());
    Variables all = variables();
    for (const auto& [name, value] : more) all[name] = value;
    const std::string place = folder.path() + "/" + below;
    Running running{command, all, [&] { (void)(::chdir(place.c_str()) == 0); }};
    return running.finish();
  }
  /// `SEVERITY RULE FILE[:LINE]`, a line each.
  [[nodiscard]] std::string findings(const std::vector<std::string>& words = {}, const Variables& more = {}) const {
    std::vector<std::string> all = words;
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

inline const std::string a = "prisma/migrations/20240101000000_a/migration.sql";
inline const std::string b = "prisma/migrations/20240102000000_b/migration.sql";

}  // namespace support
