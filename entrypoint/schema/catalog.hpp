#pragma once

#include <string>
#include <variant>
#include <vector>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "schema/object.hpp"

namespace schemagate {

/// What is described. Never: members of extensions, partitions, temporary objects, the history table.
struct Scope {
  std::vector<std::string> schemas;  ///< empty: every schema that is not PostgreSQL's own
  HistoryTable history;
};

/// The catalogs at one moment.
struct Live {
  Description objects;
  std::string fingerprint;  ///< of the same moment; empty when it cannot be told, and then it is not to be believed
};

/// The catalogs could not be read, which says nothing about the schema.
struct Unreadable {
  std::string why;         ///< in the server's words
  bool busy = false;       ///< a lock is held elsewhere
  bool cancelled = false;  ///< it took too long, or somebody cancelled it; if neither, DDL was running at every try
};

/// One round trip for each try, which are more only while DDL is running; read-only, with everything that leaks into
/// deparsed text pinned for its transaction only. Works for a role without privileges on the tables. Throws QueryFailed
/// for anything that neither a lock nor DDL explains.
[[nodiscard]] std::variant<Live, Unreadable> describe(Connection& connection, const Scope& scope);

/// A statement that returns one text: equal to an earlier one only if this database (and no copy of it, restored or
/// upgraded) has had no DDL since that a description could show; temporary tables and rows leave it as it is. Every
/// schema counts, also those that are not described. Deparses nothing and waits for no lock on a user's table. The text
/// is empty, which says nothing, while a transaction runs that is older than the last DDL, and for a role that may not
/// ask which cluster this is.
[[nodiscard]] std::string fingerprint_sql();

}  // namespace schemagate
