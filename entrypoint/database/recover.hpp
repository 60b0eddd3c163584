#pragma once

#include <string>

#include "database/connection.hpp"
#include "migrations/script.hpp"

namespace schemagate {

/// What must be known before a statement that no transaction undoes: numbers of indexes that are there already, or
/// whether its object is. One text, for Progress::before.
[[nodiscard]] std::string evidence(Connection& connection, const Deed& action);

enum class Fate {
  done,   ///< the catalogs have what the statement asks for
  again,  ///< nothing of it, or nothing that is left of it, is there: it can run
};

/// What became of a statement whose session is gone, told by the catalogs; removes what it left half done: an INVALID
/// index that was not there before, a partition that is pending. Sources: PostgreSQL documentation, CREATE INDEX
/// ("Building Indexes Concurrently"), REINDEX ("Rebuilding Indexes Concurrently"), ALTER TABLE (DETACH PARTITION …
/// FINALIZE).
[[nodiscard]] Fate recover(Connection& connection, const Deed& action, const std::string& before,
                           const Watcher& watcher);

}  // namespace schemagate
