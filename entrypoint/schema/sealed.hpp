#pragma once

#include <optional>
#include <string>

#include "migrations/folder.hpp"
#include "schema/snapshot.hpp"

namespace schemagate {

/// The snapshot that an image carries.
struct Sealed {
  std::string file;
  Snapshot head;  ///< all but the objects: most starts need no more
  std::string text;

  /// SHA-256 of what it says, whatever its line ends; taken when first asked for.
  [[nodiscard]] const std::string& hash() const;

  mutable std::string known_hash{};
};

/// Throws Failure 78 when the rest is damaged.
[[nodiscard]] Snapshot whole(const Sealed& sealed);

/// Where it is when nobody says otherwise; Prisma ignores plain files there, and one COPY carries both.
[[nodiscard]] std::string usual_file(const Folder& folder);

/// `setting` is a path, `none`, or empty for the usual place, where there may be nothing. Throws Failure 78 when a file
/// that was named is missing, cannot be read, or was not made from these migrations.
[[nodiscard]] std::optional<Sealed> read_sealed(const std::string& setting, const Folder& folder);

/// The command that makes it anew; one that knows of migrations that are gone has to be removed first.
[[nodiscard]] std::string make_again(const std::string& file, const Snapshot& snapshot, const Folder& folder);

/// The file as it is, also when it contradicts the folder. Throws Failure 78.
[[nodiscard]] Sealed read_file(const std::string& path);

}  // namespace schemagate
