#pragma once

#include <string>

#include "database/connection.hpp"
#include "database/url.hpp"

namespace schemagate {

/// Throws Failure 78 when the connection goes through a pooler that gives another backend to each transaction: there a
/// session lock would stay behind on a backend that belongs to others. To be called before the lock is taken.
/// `backend_pid` is what pg_backend_pid() said.
void require_session(Connection& connection, int backend_pid, const Url& url);

/// The same, where the lock was taken and is not there.
[[noreturn]] void refuse_pooler(const Url& url);

}  // namespace schemagate
