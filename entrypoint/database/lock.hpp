#pragma once

#include <string>

#include "database/connection.hpp"
#include "failure.hpp"
#include "log.hpp"

namespace schemagate {

/// For messages.
struct Whereabouts {
  std::string database;
  const char* state = untouched;
};

/// Takes Prisma's migration lock, session advisory lock 72707369 of this database, by polling: a session that waits
/// inside pg_advisory_lock holds a snapshot, for which the holder's CREATE INDEX CONCURRENTLY waits in turn.
///
/// `patience` counts anew whenever the holder makes progress. Tells who holds it when waiting starts and every 10 s.
/// Throws Failure 75 naming the holder. The lock ends with the session.
void acquire_lock(Connection& connection, Clock::duration patience, const Whereabouts& where, const Log& log);

/// A condition: this session holds the lock.
[[nodiscard]] std::string holds_lock_sql();

}  // namespace schemagate
