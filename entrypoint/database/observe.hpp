#pragma once

#include <optional>
#include <string>

#include "database/connection.hpp"

namespace schemagate {

/// A session of somebody else, as pg_stat_activity shows it. Without pg_read_all_stats, other roles' statements are
/// hidden.
struct Session {
  std::string pid;
  std::string description;  ///< one line: who, since when, what it runs
  std::string progress;     ///< changes whenever the session gets on
};

/// Who holds the migration lock of this database.
[[nodiscard]] std::optional<Session> lock_holder(Connection& connection);

/// What the backend is doing now: what it waits for, and who is in its way. One line.
[[nodiscard]] std::string activity(Connection& connection, int backend_pid);

/// The predicate over pg_locks `l` for Prisma's advisory lock, key 72707369, in the current database.
[[nodiscard]] std::string lock_predicate();

}  // namespace schemagate
