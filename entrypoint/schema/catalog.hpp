#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "schema/fingerprint.hpp"
#include "schema/object.hpp"

namespace schemagate {

/// What is described. Never: members of extensions, partitions, temporary objects, the history table.
struct Scope {
  std::vector<std::string> schemas;  ///< empty: every schema that is not PostgreSQL's own
  HistoryTable history;
};

/// The catalogs at one moment.
struct Live {
  Description objects;      ///< none when they are as expected
  Fingerprint fingerprint;  ///< of the same moment; empty when it cannot be told
  bool expected = false;    ///< exactly what was expected is there
};

/// The catalogs could not be read, which says nothing about the schema.
struct Unreadable {
  std::string why;         ///< in the server's words
  bool busy = false;       ///< a lock is held elsewhere
  bool cancelled = false;  ///< it took too long, or somebody cancelled it; if neither, DDL was running at every try
};

/// What is known already, each to save time.
struct Known {
  Fingerprint fingerprint{};                       ///< of just before
  std::function<const Description*()> expected{};  ///< called once, while the server is at work; outlives the call
};

/// One round trip for each try, which are more only while DDL is running; read-only, with everything that leaks into
/// deparsed text pinned for its transaction only. Works for a role without privileges on the tables. Throws QueryFailed
/// for anything that neither a lock nor DDL explains.
[[nodiscard]] std::variant<Live, Unreadable> describe(Connection& connection, const Scope& scope, Known known = {});

}  // namespace schemagate
