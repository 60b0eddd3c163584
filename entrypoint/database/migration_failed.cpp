#include <fmt/format.h>

#include "database/advice.hpp"
#include "database/apply.hpp"
#include "failure.hpp"
#include "server/signals.hpp"
#include "text.hpp"

// Migrator's refusals.

namespace schemagate {
namespace {

std::string given_or(const std::string& given, const std::string& otherwise) {
  return given.empty() ? otherwise : given;
}

}  // namespace

/// Found before anything was committed: else the same migration would run again at each start.
void Migrator::refuse_row(const Migration& migration, const ServerMessage& error) const {
  const std::string said = error.sqlstate == "22012" ? "" : ": " + brief(error) + details(error);
  throw Failure{
      ExitCode::refused,
      fmt::format("migration {} ran, and the migration history did not take its row, or did not keep it{}",
                  migration.name, said),
      fmt::format("{}, table {}", target_.url.place(), target_.table.sql()),
      fmt::format("{}: what is not recorded was rolled back; {} applied before it by this start; the program was not "
                  "started",
                  migration.name, counted(applied_, "migration")),
      target_.table.writers_advice() +
          "\ndrop or disable it, and start again. Rows are written with search_path = pg_catalog: a function that "
          "needs "
          "another sets its own (ALTER FUNCTION … SET search_path = …)"};
}

void Migrator::fail(const Migration& migration, const Outcome& outcome, const std::string& next,
                    const std::string& what_stays) const {
  const std::string& name = migration.name;
  const std::string state = fmt::format("{}: {}; {} applied before it by this start; the program was not started", name,
                                        what_stays, counted(applied_, "migration"));
  const ServerMessage error = outcome.error.value_or(ServerMessage{.message = "no reason given"});
  if (outcome.signal)
    throw Failure{Report{.code = 128 + *outcome.signal,
                         .what = fmt::format("stopped by {} while applying {}", signal_name(*outcome.signal), name),
                         .where = migration.file,
                         .state = state,
                         .next = given_or(next, "start again")}};
  if (outcome.deadline)
    throw Failure{ExitCode::lock_timeout, fmt::format("--deadline passed while applying {}", name), migration.file,
                  state,
                  given_or(next, "start again with a longer --deadline (SCHEMAGATE_DEADLINE), or apply from a job")};
  if (outcome.lost)
    throw Failure{Report{.code = static_cast<int>(ExitCode::unreachable),
                         .what = fmt::format("the connection was lost while applying {}: {}", name, brief(error)),
                         .where = target_.url.place(),
                         .state = state,
                         .next = given_or(next, "start again"),
                         .lost = true}};
  if (error.sqlstate == "55P03" && limits_locks())
    throw Failure{ExitCode::lock_timeout,
                  fmt::format("migration {} could not get a lock, each time for {}, in {}: {}", name,
                              spoken(target_.patience.ddl_lock), spoken(target_.patience.total),
                              given_or(blocker_, brief(error))),
                  location(migration, error), state,
                  "end the session that is in the way, or wait for it, and start again; --ddl-lock-timeout "
                  "(SCHEMAGATE_DDL_LOCK_TIMEOUT) is how long others may have to wait behind us"};
  // The next start applies the same script, once the right is there.
  const bool lacks_right = error.sqlstate == "42501" && next.empty();
  throw Failure{lacks_right ? ExitCode::no_permission : ExitCode::migration_failed,
                fmt::format("migration {} failed: {}", name, told(migration, error)), location(migration, error), state,
                given_or(next, advice(error, name))};
}

}  // namespace schemagate
