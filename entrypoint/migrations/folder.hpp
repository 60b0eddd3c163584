#pragma once

#include <string>
#include <vector>

#include "migrations/migration.hpp"

namespace schemagate {

/// A folder of migrations as Prisma lays them out.
struct Folder {
  std::string path;
  std::vector<Migration> migrations;  ///< by the bytes of their names
  std::vector<std::string> warnings;  ///< what was passed over
};

/// Reads every sub-folder's migration.sql. As in Prisma, hidden folders count; plain files, links to folders and
/// deeper folders do not. Throws Failure 78, naming the file, for anything that could not be applied as it is.
[[nodiscard]] Folder read_folder(const std::string& path, bool allow_empty);

}  // namespace schemagate
