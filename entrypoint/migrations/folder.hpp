#pragma once

#include <string>
#include <vector>

#include "failure.hpp"
#include "migrations/migration.hpp"

namespace schemagate {

/// A folder of migrations as Prisma lays them out.
struct Folder {
  std::string path;
  std::vector<Migration> migrations;  ///< by the bytes of their names
  std::vector<std::string> warnings;  ///< what was passed over
};

/// A folder of which some may be unusable.
struct Inspection {
  Folder folder;
  std::vector<Report> broken;  ///< why a migration, or the lock file, could not be read
};

/// The same as read_folder, but tells all that is wrong with the files. Throws Failure 78 when there is no folder.
[[nodiscard]] Inspection inspect_folder(const std::string& path);

/// Reads every sub-folder's migration.sql. As in Prisma, hidden folders count; plain files, links to folders and
/// deeper folders do not. Throws Failure 78, naming the file, for anything that could not be applied as it is.
[[nodiscard]] Folder read_folder(const std::string& path, bool allow_empty);

}  // namespace schemagate
