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

/// Server facts and history in one round trip; a second one only when there is no history, for the tables. `besides` is
/// one more statement for the same message, of one text; `meanwhile` is done while the server is at work. Throws
/// Failure 77 (no right to read), 76 (a table of that name with other columns).
[[nodiscard]] Reading read_history(Connection& connection, const HistoryTable& table, const std::string& place,
                                   const std::string& besides = "", const std::function<void()>& meanwhile = {});

/// Schema and table as Prisma creates them, unless they exist. Throws Failure 77.
void create_history(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place);

/// Throws Failure 77 unless the role may write the history.
void require_write(Connection& connection, const HistoryTable& table, const Server& server, const std::string& place);

/// A random uuid, version 4, as Prisma's ids are.
[[nodiscard]] std::string new_id();

}  // namespace schemagate
