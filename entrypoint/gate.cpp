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

View read(const Gate& gate, Connection& connection) {
  View view{.reading = read_history(connection, gate.table(), gate.url.place(), fingerprint_statement(gate)),
            .plan = {},
            .verdict = {}};
  view.plan = make_plan(gate.folder.migrations, view.reading.history);
  view.verdict = judge(view.plan, gate.config.policy,
                       {gate.url.place(), gate.table().schema, view.reading.server.read_only, gate.sealed.has_value()});
  return view;
}

void lock(const Gate& gate, Connection& connection) {
  if (gate.config.use_lock) return acquire_lock(connection, gate.config.lock_wait, gate.url.place(), gate.log);
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

/// Under the lock, until nothing is pending. A script may give the lock away (pg_advisory_unlock_all); then it is taken
/// again and everything is looked at anew.
void apply_pending(const Gate& gate, Connection& connection, const Server& server) {
  require_session(connection, server.backend_pid, gate.url);
  Migrator migrator{
      connection, {gate.url, gate.table(), server, {gate.config.ddl_lock_timeout, gate.config.lock_wait}}, gate.log};
  for (;;) {
    lock(gate, connection);
    const View view = read(gate, connection);
    refuse_if(view.verdict);
    if (view.verdict.action == Action::start) return;
    warn(gate, view.verdict);
    migrator.settle();
    if (gate.config.use_lock && !migrator.has_lock()) refuse_pooler(gate.url);
    prepare_history(gate, connection, view.reading);
    const auto lost_lock = [&](const std::string& name) {
      const auto begun = std::ranges::find(view.plan.begun, name, &HistoryRow::name);
      migrator.apply(migration(gate.folder, name), begun == view.plan.begun.end() ? nullptr : &*begun);
      return gate.config.use_lock && !migrator.has_lock();
    };
    if (std::ranges::none_of(view.plan.pending, lost_lock)) return;
  }
}

View migrate(const Gate& gate, Connection& connection, const Server& server) {
  const Held held{gate.signals};
  apply_pending(gate, connection, server);
  View view = read(gate, connection);
  require_applied(gate, view);
  return view;
}

/// A script may bring its own backend down each time.
constexpr int most_losses = 3;

/// After a lost connection only the history knows what was committed: it is read again, and decides anew.
View migrate_to_the_end(const Gate& gate, Connection& connection, View view) {
  for (int losses = 0;;) try {
      return guarded(gate.url, recorded, [&] { return migrate(gate, connection, view.reading.server); });
    } catch (const Failure& failure) {
      if (!failure.report().lost || ++losses == most_losses) throw;
      gate.log.warn("connection_lost", failure.report().what + "; connecting again");
      connection = open(gate);
      const std::size_t pending = view.plan.pending.size();
      view = guarded(gate.url, recorded, [&] { return read(gate, connection); });
      if (view.plan.pending.size() < pending) losses = 0;
    }
}

/// A migration that is started and not finished has failed, or another replica is at it: only under the lock it is
/// known which.
bool may_be_running(const Gate& gate, const View& view) {
  return !(view.plan.failed.empty() && view.plan.begun.empty()) && gate.config.policy.pending == OnPending::apply &&
         gate.config.use_lock && !view.reading.server.read_only;
}

std::string summary(const Gate& gate, const View& view, bool migrated) {
  std::string text =
      fmt::format("{}: {} applied", migrated ? "migrated" : "up to date", counted(view.plan.applied, "migration"));
  if (!view.plan.ahead.empty()) text += fmt::format(", {} more in the database", view.plan.ahead.size());
  if (gate.config.command == Command::run) text += "; starting " + gate.config.line.program.front();
  return text;
}

}  // namespace

Connection open(const Gate& gate) {
  return connect(gate.url, {.wait = gate.config.wait, .create_database = gate.config.create_database}, gate.wait,
                 gate.log);
}

View look(const Gate& gate, Connection& connection) {
  return guarded(gate.url, untouched, [&] { return read(gate, connection); });
}

void pass(const Gate& gate) {
  Connection connection = open(gate);
  View view = look(gate, connection);
  const bool may_run = may_be_running(gate, view);
  if (!may_run) refuse_if(view.verdict);
  const bool pending = may_run || view.verdict.action == Action::apply;
  // Nothing is applied for an image that could not start.
  if (pending && gate.sealed) (void)whole(*gate.sealed);
  if (pending)
    view = migrate_to_the_end(gate, connection, std::move(view));
  else
    warn(gate, view.verdict);
  guarded(gate.url, pending ? recorded : untouched,
          [&] { verify_schema(gate, connection, view, pending ? recorded : untouched); });
  gate.log.info(pending ? "migrated" : "up_to_date", summary(gate, view, pending),
                {{"applied", static_cast<std::int64_t>(view.plan.applied)}});
}

void repair(const Gate& gate) {
  Connection connection = open(gate);
  const Held held{gate.signals};
  guarded(gate.url, untouched, [&] {
    const Reading before = read_history(connection, gate.table(), gate.url.place());
    require_session(connection, before.server.backend_pid, gate.url);
    lock(gate, connection);
    const Reading reading = read_history(connection, gate.table(), gate.url.place());
    if (reading.history.exists) require_write(connection, gate.table(), reading.server, gate.url.place());
    const auto& [resolution, name] = *gate.config.line.resolve;
    gate.log.info("resolved",
                  resolve(connection, gate.table(), reading, gate.folder, resolution, name, gate.url.place()));
  });
}

}  // namespace schemagate
