#pragma once

#include <string>

#include "database/connection.hpp"
#include "database/history.hpp"
#include "migrations/folder.hpp"
#include "options.hpp"

namespace schemagate {

/// Who writes: for messages, and whether under the migration lock.
struct Recorder {
  const std::string& place;
  bool locked = true;
};

/// Repairs the history as the operator says, in one transaction; the caller holds the lock. Returns what was done, for
/// the log. Throws Failure 76 when the history is not in the state that this would repair, or does not keep it, 78 when
/// the image does not have the migration.
[[nodiscard]] std::string resolve(Connection& connection, const HistoryTable& table, const Reading& reading,
                                  const Folder& folder, Resolution resolution, const std::string& name,
                                  const Recorder& recorder);

/// Whether the history says so: for who never got the answer.
[[nodiscard]] bool is_resolved(const History& history, const Folder& folder, Resolution resolution,
                               const std::string& name);

}  // namespace schemagate
