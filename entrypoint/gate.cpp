#include "gate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "database/apply.hpp"
#include "database/connect.hpp"
#include "database/lock.hpp"
#include "database/pooler.hpp"
#include "database/resolve.hpp"
#include "failure.hpp"
#include "guarded.hpp"
#include "migrations/progress.hpp"
#include "persist.hpp"
#include "text.hpp"
#include "verify.hpp"

namespace schemagate {
namespace {

/// The state once something may have been applied by this start.
constexpr const char* recorded = "what was applied is recorded; the program was not started";

void refuse_if(const Verdict& verdict) {
  if (verdict.refusal) throw Failure{*verdict.refusal};
}

void warn(const Gate& gate, const Verdict& verdict) {
  for (const std::string& warning : verdict.warnings) gate.log.warn("history", warning);
}

View read(const Gate& gate, Connection& connection, const char* state) {
  const auto hash = [&gate] {
    if (gate.sealed) (void)gate.sealed->hash();
  };
  View view{.reading = read_history(connection, gate.table(), gate.url.place(), fingerprint_statement(gate), hash),
            .plan = {},
            .verdict = {}};
  view.plan = make_plan(gate.folder.migrations, view.reading.history);
  view.verdict = judge(view.plan, gate.config.policy,
                       {.database = gate.url.place(),
                        .schema = gate.table().schema,
                        .read_only = view.reading.server.read_only,
                        .sealed = gate.sealed.has_value(),
                        .state = state});
  return view;
}

void lock(const Gate& gate, Connection& connection, const char* state) {
  if (gate.config.use_lock)
    return acquire_lock(connection, gate.config.lock_wait, {.database = gate.url.place(), .state = state}, gate.log);
  gate.log.warn("no_lock",
                "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK is set: nothing keeps two replicas from migrating at once");
}

const Migration& migration(const Folder& folder, const std::string& name) {
  return *std::ranges::lower_bound(folder.migrations, name, {}, &Migration::name);
}

void prepare_history(const Gate& gate, Connection& connection, const Reading& reading) {
  if (reading.history.exists)
    require_write(connection, gate.table(), reading.server, gate.url.place());
  else
    create_history(connection, gate.table(), reading.server, gate.url.place());
}

/// A script that rewrites the history could leave an image's migration pending, and the program would start without.
void require_applied(const Gate& gate, const View& view) {
  refuse_if(view.verdict);
  if (view.verdict.action == Action::start) return;
  throw Failure{ExitCode::refused,
                fmt::format("every migration was run, and the history does not know of:\n  {}",
                            indent(listed(view.plan.pending), 2)),
                fmt::format("{}, table {}", gate.url.place(), gate.table().sql()), recorded,
                "a migration changes the history itself: take that out of it"};
}

/// Between the scripts, where nothing is to be rolled back and main would say that nothing ran.
[[noreturn]] void refuse_stopped(const Gate& gate, const Stopped& stop) {
  throw Failure{
      Report{.code = 128 + stop.signal,
             .what = "stopped by " + signal_name(stop.signal),
             .where = gate.url.place(),
             .state = "what was applied, and how far a migration came, is recorded; the program was not started",
             .next = "start again"}};
}

/// Under the lock. False when a script has given it away (pg_advisory_unlock_all), or another session was first.
bool apply_all(const Gate& gate, Connection& connection, Migrator& migrator, const View& view) try {
  migrator.settle();
  if (gate.config.use_lock && !migrator.has_lock()) refuse_pooler(gate.url);
  prepare_history(gate, connection, view.reading);
  const auto lost_lock = [&](const std::string& name) {
    const auto begun = std::ranges::find(view.plan.begun, name, &HistoryRow::name);
    const bool applied = migrator.apply(migration(gate.folder, name), view.reading.history,
                                        begun == view.plan.begun.end() ? nullptr : &*begun);
    return !applied || (gate.config.use_lock && !migrator.has_lock());
  };
  return std::ranges::none_of(view.plan.pending, lost_lock);
} catch (const Stopped& stop) {
  refuse_stopped(gate, stop);
}

/// Until nothing is pending: a lock that was given away is taken again, and everything is looked at anew.
void apply_pending(const Gate& gate, Connection& connection, const Server& server, const char* state) {
  require_session(connection, server.backend_pid, gate.url);
  Migrator migrator{connection,
                    {.url = gate.url,
                     .table = gate.table(),
                     .server = server,
                     .patience = {gate.config.ddl_lock_timeout, gate.config.lock_wait},
                     .locks = gate.config.use_lock},
                    gate.log};
  for (;; state = recorded) {
    lock(gate, connection, state);
    const View view = read(gate, connection, state);
    refuse_if(view.verdict);
    if (view.verdict.action == Action::start) return;
    warn(gate, view.verdict);
    if (apply_all(gate, connection, migrator, view)) return;
  }
}

View migrate(const Gate& gate, Connection& connection, const Server& server, const char* state) {
  const Held held{gate.signals};
  apply_pending(gate, connection, server, state);
  View view = read(gate, connection, recorded);
  require_applied(gate, view);
  return view;
}

/// What outlives a session that is lost: afterwards only the history knows what was committed, and it is read again.
struct Course {
  bool migrates = false;
  std::size_t pending = 0;  ///< when it was last looked
  std::size_t done = 0;     ///< bytes of the migration that was begun
  Losses losses;

  [[nodiscard]] const char* state() const { return migrates ? recorded : untouched; }

  void go_on(const View& view) {
    const std::size_t left = view.plan.pending.size();
    const std::size_t came = view.plan.begun.empty() ? 0 : done_of(view.plan.begun.front());
    if (left < pending || (left == pending && came > done)) losses.forget();
    pending = left;
    done = came;
  }

 private:
  static std::size_t done_of(const HistoryRow& row) { return parse_progress(row.logs).value_or(Progress{}).done; }
};

/// A failover may lead to the new primary before it is one.
void wait_for_primary(const Gate& gate, Connection& connection, View& view, const char* state) {
  const Clock::time_point end = Clock::now() + gate.config.wait;
  const bool applies = gate.config.policy.pending == OnPending::apply;
  for (bool told = false;
       applies && view.reading.server.read_only && !view.plan.pending.empty() && Clock::now() < end;) {
    if (!told) gate.log.info("waiting_for_primary", "the server only reads now; waiting until it accepts writes");
    told = true;
    connection.wait().pause(std::chrono::milliseconds{500});
    connection = open(gate, state);
    view = look(gate, connection, state);
  }
}

/// A migration that is started and not finished has failed, or another replica is at it: only under the lock it is
/// known which.
bool may_be_running(const Gate& gate, const View& view) {
  return !(view.plan.failed.empty() && view.plan.begun.empty() && view.plan.stuck.empty()) &&
         gate.config.policy.pending == OnPending::apply && gate.config.use_lock && !view.reading.server.read_only;
}

std::string summary(const Gate& gate, const View& view, bool migrated) {
  std::string text =
      fmt::format("{}: {} applied", migrated ? "migrated" : "up to date", counted(view.plan.applied, "migration"));
  if (!view.plan.ahead.empty()) text += fmt::format(", {} more in the database", view.plan.ahead.size());
  if (gate.config.command == Command::run) text += "; starting " + gate.config.line.program.front();
  return text;
}

/// On one session.
void pass(const Gate& gate, Course& course) {
  Connection connection = open(gate, course.state());
  View view = look(gate, connection, course.state());
  if (course.losses.happened())
    guarded(gate.url, course.state(), [&] { wait_for_primary(gate, connection, view, course.state()); });
  course.go_on(view);
  const bool may_run = may_be_running(gate, view);
  if (!may_run) refuse_if(view.verdict);
  const bool pending = may_run || view.verdict.action == Action::apply;
  // Nothing is applied for an image that could not start.
  if (pending) require_fit(gate, view, course.state());
  if (pending && gate.sealed) (void)whole(*gate.sealed);
  if (!pending && !course.migrates) warn(gate, view.verdict);
  const char* before = course.state();
  course.migrates = course.migrates || pending;
  if (pending)
    view = guarded(gate.url, recorded, [&] { return migrate(gate, connection, view.reading.server, before); });
  guarded(gate.url, course.state(), [&] { verify_schema(gate, connection, view, course.state()); });
  gate.log.info(course.migrates ? "migrated" : "up_to_date", summary(gate, view, course.migrates),
                {{"applied", static_cast<std::int64_t>(view.plan.applied)}});
}

}  // namespace

Connection open(const Gate& gate, const char* state) {
  return connect(gate.url, {.wait = gate.config.wait, .create_database = gate.config.create_database, .state = state},
                 gate.wait, gate.log);
}

View look(const Gate& gate, Connection& connection, const char* state) {
  return guarded(gate.url, state, [&] { return read(gate, connection, state); });
}

bool pass(const Gate& gate) {
  for (Course course;;) try {
      pass(gate, course);
      return course.migrates;
    } catch (const Failure& failure) {
      course.losses.bear(gate, failure, course.state());
    }
}

namespace {

constexpr const char* unknown_state = "whether the history was changed is unknown; the program was not started";

Reading locked_reading(const Gate& gate, Connection& connection, const char* state) {
  const Reading before = read_history(connection, gate.table(), gate.url.place());
  require_session(connection, before.server.backend_pid, gate.url);
  lock(gate, connection, state);
  return read_history(connection, gate.table(), gate.url.place());
}

/// The answer to a COMMIT was lost. Under the lock, which the lost session has no longer, the history tells.
void look_resolved(const Gate& gate, const Failure& lost) {
  gate.log.warn("outcome_unknown", lost.report().what + "; whether the history was changed is unknown: looking");
  Connection connection = open(gate, unknown_state);
  const auto& wanted = *gate.config.line.resolve;
  const bool done = guarded(gate.url, unknown_state, [&] {
    return is_resolved(locked_reading(gate, connection, unknown_state).history, gate.folder, wanted.first,
                       wanted.second);
  });
  if (!done) {
    Report report = lost.report();
    report.state = "the history was not changed";
    throw Failure{report};
  }
  gate.log.info("resolved", fmt::format("it was recorded before the connection was lost: {}", wanted.second));
}

}  // namespace

void repair(const Gate& gate) {
  bool writing = false;
  try {
    Connection connection = open(gate);
    const Held held{gate.signals};
    guarded(gate.url, untouched, [&] {
      const Reading reading = locked_reading(gate, connection, untouched);
      if (reading.history.exists) require_write(connection, gate.table(), reading.server, gate.url.place());
      const auto& [resolution, name] = *gate.config.line.resolve;
      writing = true;
      gate.log.info("resolved", resolve(connection, gate.table(), reading, gate.folder, resolution, name,
                                        {gate.url.place(), gate.config.use_lock}));
    });
  } catch (const Failure& failure) {
    if (!writing || !failure.report().lost) throw;
    look_resolved(gate, failure);
  }
}

}  // namespace schemagate
