#pragma once

#include "config.hpp"
#include "database/history.hpp"
#include "database/url.hpp"
#include "failure.hpp"
#include "log.hpp"
#include "migrations/folder.hpp"
#include "migrations/plan.hpp"
#include "migrations/verdict.hpp"
#include "schema/sealed.hpp"
#include "server/signals.hpp"
#include "wait.hpp"

namespace schemagate {

/// Everything the gate works with; owned by run.
struct Gate {
  const Config& config;
  const Folder& folder;
  const std::optional<Sealed>& sealed;
  const Url& url;
  const Log& log;
  Signals& signals;
  Wait wait;

  [[nodiscard]] HistoryTable table() const { return {url.schema.empty() ? "public" : url.schema, !url.schema.empty()}; }
};

/// Connects, decides, and if something is pending takes the lock, decides again and applies. Returns only when the
/// database is what the image expects; the session is closed by then. Throws Failure otherwise. True when something was
/// pending.
bool pass(const Gate& gate);

/// What pass() and status look at: one round trip.
struct View {
  Reading reading;
  Plan plan;
  Verdict verdict;
};
[[nodiscard]] View look(const Gate& gate, Connection& connection, const char* state = untouched);
[[nodiscard]] Connection open(const Gate& gate, const char* state = untouched);

/// `schemagate resolve`.
void repair(const Gate& gate);

}  // namespace schemagate
