#pragma once

#include <functional>
#include <string>
#include <vector>

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

struct Recovery {
  Fate fate = Fate::again;
  std::vector<std::string> left{};  ///< of indexes that may be ours and stay: what to do about them, a sentence each
};

struct Interruption {
  std::string before;  ///< what evidence() said
  bool lost = true;    ///< the statement's session is gone, and others may have been at work since
  Watcher watcher;
  std::function<void(const std::string&)> waiting{};  ///< hears now and then which session is waited for
};

/// What became of a statement that no transaction undoes, told by the catalogs; removes what it left half done: an
/// INVALID index that was not there before and is proven to be its own, a partition that is pending. An index that
/// another session is at is waited for, not touched. Names mean what they mean to the script. Sources: PostgreSQL
/// documentation, CREATE INDEX ("Building Indexes Concurrently"), REINDEX ("Rebuilding Indexes Concurrently"), ALTER
/// TABLE (DETACH PARTITION … FINALIZE).
[[nodiscard]] Recovery recover(Connection& connection, const Deed& action, const Interruption& interruption);

}  // namespace schemagate
