#pragma once

#include <functional>
#include <string>

#include "database/connection.hpp"
#include "migrations/migration.hpp"

namespace schemagate {

/// Where Prisma keeps its table: the URL's `schema`, else `public`; and how to say it in SQL.
struct HistoryTable {
  std::string schema;
  bool named = true;  ///< by the URL; otherwise a search_path may have led Prisma elsewhere

  [[nodiscard]] std::string sql() const { return Connection::identifier(schema) + ".\"_prisma_migrations\""; }
  /// How an operator finds out what keeps a row from being written as it is given.
  [[nodiscard]] std::string writers_advice() const;
};

/// What the server says of itself.
struct Server {
  int version = 0;  ///< server_version_num: 150020
  bool read_only = false;
  int backend_pid = 0;
  std::string role;
  std::string database;
};

struct Reading {
  Server server;
  History history;
  std::string comment;      ///< of the history table
  std::string fingerprint;  ///< what the statement besides said
};

/// Server facts and history in one round trip; a second one only when there is no history, for the tables, or when the
/// table is not a plain one. `besides` is one more statement for the same message, of one text; `meanwhile` is done
/// while the server is at work. Throws Failure 77 (no right to read, hidden rows), 76 (a relation of that name that is
/// not Prisma's, or not to be trusted).
[[nodiscard]] Reading read_history(Connection& connection, const HistoryTable& table, const std::string& place,
                                   const std::string& besides = "", const std::function<void()>& meanwhile = {});

/// Schema and table as Prisma creates them, unless they exist. Throws Failure 76, 77.
void create_history(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place);

/// Throws Failure 77 unless the role may write the history, 76 where to write it would run code of roles that cannot be
/// relied on.
void require_write(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place);

/// What a relation's name means under the search_path of the session, as a script would find it; nothing if none.
[[nodiscard]] std::optional<std::string> oid_of(Connection& connection, const std::string& name);

/// The id of a migration's next row, which looks like Prisma's random uuids (version 4) and follows from the rows that
/// there are: two who write after the same history write the same id, and the primary key lets one of them.
[[nodiscard]] std::string next_id(const History& history, const std::string& name, const std::string& checksum);

}  // namespace schemagate
