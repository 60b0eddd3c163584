#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace schemagate {

/// A file as git's index has it.
struct Tracked {
  std::string object;   ///< its content's name
  std::string mode;     ///< 100644, 100755, 120000 for a link, 160000 for a submodule
  bool unseen = false;  ///< assume-unchanged or skip-worktree: git does not look at the file
};

/// Why git leaves a file out.
struct GitIgnored {
  std::string file;  ///< the .gitignore, or another file of patterns
  std::size_t line = 0;
  std::string pattern;
};

using Tree = std::map<std::string, std::string>;  ///< path from the top, and its content's name

/// The state that was released.
struct Released {
  bool known = false;   ///< the base is in this clone
  bool joined = true;   ///< and has a commit in common with HEAD
  Tree tip;             ///< the folder in the base
  Tree fork;            ///< the folder where HEAD left the base
  bool sealed = false;  ///< both have a snapshot in the folder
  std::string folder;   ///< where the base has them, if that is elsewhere; paths are as if they were here
};

/// What git says about a folder. Paths are relative to the top of the work tree.
struct Repository {
  enum class State : std::uint8_t { found, none, no_program, refused } state = State::none;
  std::string words;   ///< git's own, when it refused
  std::string top;     ///< absolute
  std::string prefix;  ///< the folder's path from there; empty when it is the top
  bool shallow = false;
  bool partial = false;  ///< git refused, and what it lacks may be at a server
  std::map<std::string, Tracked> index;
  std::map<std::string, std::string> changed;  ///< `XY` of git status, of tracked files
  std::map<std::string, GitIgnored> ignored;
  std::set<std::string> filtered;    ///< whether they are changed, only a program of the configuration could tell
  std::optional<Released> released;  ///< when a base was asked for
};

/// What to ask about.
struct Question {
  std::string folder;              ///< absolute, without links
  std::vector<std::string> files;  ///< absolute; in the folder or elsewhere in the work tree
  std::string base;                ///< `origin/main`; may be empty
};

/// Whether a path from the top is `FOLDER/NAME/migration.sql`: deeper ones are none, as for Prisma.
[[nodiscard]] bool is_migration(const Repository& repository, const std::string& path);

/// The same of `FOLDER/schema.snapshot` and `FOLDER/migration_lock.toml`.
[[nodiscard]] bool is_snapshot(const Repository& repository, const std::string& path);
[[nodiscard]] bool is_lock_file(const Repository& repository, const std::string& path);

/// Asks the git on PATH, which changes nothing and runs nothing.
[[nodiscard]] Repository read_repository(const Question& question);

}  // namespace schemagate
