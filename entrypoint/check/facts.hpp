#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "check/repository.hpp"
#include "failure.hpp"
#include "migrations/folder.hpp"

namespace schemagate {

/// A file that has to reach production.
struct Watched {
  enum class Role : std::uint8_t { migration, lock, snapshot } role = Role::migration;
  std::string name;   ///< below the folder; empty for a snapshot elsewhere
  std::string shown;  ///< as the operator would name it
  std::string path;   ///< from the top of the work tree
};

struct TextFile {
  std::string path;
  std::string text;
};

/// A folder that `docker build` might be called with.
struct Context {
  std::string path;
  std::optional<std::string> folder;  ///< the migrations below it; empty when they are it, nothing when not in it
  std::optional<TextFile> ignore;     ///< what BuildKit reads: <Dockerfile>.dockerignore, else .dockerignore
  std::optional<TextFile> classic;    ///< what the classic builder reads: .dockerignore
};

struct Recipe {
  bool wanted = true;  ///< not `--dockerfile none`
  std::optional<TextFile> dockerfile;
  std::string target;             ///< the stage that is built; empty: the last one
  std::vector<Context> contexts;  ///< nearest first; one when --context names it
};

/// The snapshot, as far as it can be judged without a server.
struct SealedFile {
  std::string path;
  std::vector<std::string> contradictions;  ///< to the folder, a line each
  std::string remedy;                       ///< of those
  std::optional<Report> broken;
};

/// What check judges.
struct Evidence {
  Folder folder;
  std::vector<Report> broken;  ///< what could not be read
  std::vector<Watched> files;
  std::optional<SealedFile> snapshot;
  Repository repository;
  std::string base;     ///< --base; may be empty
  bool sealed = true;   ///< not `--snapshot none`
  bool staged = false;  ///< what is staged counts as committed
  Recipe recipe;
};

}  // namespace schemagate
