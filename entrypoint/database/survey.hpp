#pragma once

#include "database/connection.hpp"
#include "migrations/facts.hpp"

namespace schemagate {

/// Answers in four round trips: the search_path; facts, locks and sessions in one read-only transaction; sizes, which
/// wait for locks and are done without where they are not had; and the statistics once more, a second later, for what
/// happens now. Each statement costs one more: the server's own parser reads it, and nothing is run. Waits for no lock
/// longer than half a second, writes nothing, and needs no right on what it asks about. Throws QueryFailed.
[[nodiscard]] Facts survey(Connection& connection, const Questions& questions);

}  // namespace schemagate
