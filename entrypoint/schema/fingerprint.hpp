#pragma once

#include <string>

#include "database/connection.hpp"

namespace schemagate {

/// Texts that are equal to earlier ones only if this database (and no copy of it, restored or upgraded) has had no DDL
/// since that a description could show; rows of tables leave them as they are. Every schema counts, also those that are
/// not described; renaming a role and ALTER EXTENSION … ADD or DROP do not count as DDL here. They begin with `:` for a
/// role that may not ask which cluster this is.
struct Fingerprint {
  std::string everything;  ///< with temporary relations, of any session: cheap
  std::string lasting;     ///< without them; empty when it was not asked
  bool settled = false;    ///< no transaction runs that is older than the last DDL, and may still bring its own

  [[nodiscard]] bool same_as(const Fingerprint& other) const;
  /// What a later start may believe; empty if nothing.
  [[nodiscard]] std::string mark() const;
};

/// Statements that deparse nothing and wait for no lock on a user's table. The first returns `everything` alone.
[[nodiscard]] std::string fingerprint_sql();
[[nodiscard]] std::string full_fingerprint_sql();
[[nodiscard]] Fingerprint read_fingerprint(const Row& row);
[[nodiscard]] Fingerprint fingerprint(Connection& connection);

}  // namespace schemagate
