#include <fmt/format.h>

#include <algorithm>

#include "database/advice.hpp"
#include "database/apply.hpp"
#include "database/recover.hpp"
#include "database/undisturbed.hpp"
#include "failure.hpp"
#include "migrations/excerpt.hpp"
#include "migrations/lexer.hpp"
#include "migrations/verdict.hpp"
#include "text.hpp"

// Migrator's part for scripts that cannot run in one transaction. Every step is committed together with how far it is,
// or, where that cannot be, between two notes, so that the catalogs can be asked after a crash.

namespace schemagate {
namespace {

constexpr std::size_t most_lines = 8;

std::string part(const Migration& migration, const Segment& segment) {
  return migration.script.substr(segment.begin, segment.end - segment.begin);
}

bool is_boundary(const Progress& progress, const std::vector<Segment>& segments) {
  const auto next = std::ranges::find(segments, progress.done, &Segment::begin);
  const bool ended = !segments.empty() && progress.done == segments.back().end;
  if (progress.running == 0) return next != segments.end() || ended;
  return next != segments.end() && next->end == progress.running && next->alone;
}

[[noreturn]] void refuse_other(const Migration& migration, const HistoryRow& row) {
  throw Failure{
      ExitCode::refused,
      fmt::format("the migration {} was begun by another version of schemagate, which took it apart otherwise",
                  row.name),
      migration.file, untouched,
      fmt::format("start the version that began it, or look at the schema, then say which it is:\n"
                  "  nothing of it is there:  schemagate resolve --rolled-back {0}\n"
                  "  all of it is there:      schemagate resolve --applied {0}",
                  row.name)};
}

[[noreturn]] void refuse_gone(const Migration& migration, std::size_t done) {
  throw Failure{
      ExitCode::refused,
      fmt::format(
          "the migration {} was stopped behind statements that leave something in their session (temporary "
          "tables, prepared statements, cursors, settings that no SET of the script makes), and that session is "
          "gone",
          migration.name),
      line_behind(migration, done), untouched,
      fmt::format("do by hand what is left of it from there on, then say that all of it is there:\n"
                  "  schemagate resolve --applied {}",
                  migration.name)};
}

/// The way of taking it apart that an earlier start had chosen.
std::vector<Segment> chosen(const Script& script, const Migration& migration, const Progress& progress,
                            const HistoryRow& begun) {
  for (const Grain grain : {Grain::value, Grain::perhaps})
    if (std::vector<Segment> parts = script.segments(grain); is_boundary(progress, parts)) return parts;
  refuse_other(migration, begun);
}

/// Whether the segment can be taken apart further.
bool is_divisible(const Script& script, const Segment& segment) {
  return std::ranges::any_of(script.segments(Grain::perhaps), [&](const Segment& part) {
    return !segment.alone && part.alone && part.begin >= segment.begin && part.end <= segment.end;
  });
}

/// Each transaction of a backend has a number, one more than the one before (PostgreSQL documentation, pg_locks,
/// virtualtransaction).
std::int64_t transaction_number(Connection& connection) {
  const auto rows = connection.query(
      "SELECT pg_catalog.split_part(virtualtransaction, '/', '2') FROM pg_catalog.pg_locks"
      " WHERE locktype = 'virtualxid' AND pid = pg_catalog.pg_backend_pid() LIMIT 1");
  return std::stoll(rows.at(0).at(0).value_or("0"));
}

std::string session_now(Connection& connection) {
  const Reply reply = connection.bare("SELECT " + session_sql());
  if (reply.error) throw QueryFailed{*reply.error};
  return reply.results.at(0).at(0).at(0).value_or("");
}

/// Recovers, and tells what stays and who is waited for.
Fate recovered(Connection& connection, const Log& log, const std::string& name, const Deed& what,
               Interruption interruption) {
  interruption.waiting = [&](const std::string& session) {
    log.progress("waiting_for_session",
                 fmt::format("resuming {}: waiting for {}, which is at the same table or its indexes", name, session),
                 {{"migration", name}, {"session", session}});
  };
  const Recovery recovery = recover(connection, what, interruption);
  for (const std::string& left : recovery.left) log.warn("index_left", left, {{"migration", name}});
  return recovery.fate;
}

/// Whether what ran since was one transaction, which an error has rolled back whole.
bool was_one_transaction(Connection& connection, std::int64_t before, const Outcome& outcome) try {
  return !outcome.lost && transaction_number(connection) == before + 2;
} catch (const std::exception&) {
  return false;
}

/// A new enum value can be used only by a later transaction. Not what RAISE says with this code: PostgreSQL's enum.c.
bool uses_new_value(const Outcome& outcome) {
  return outcome.error && outcome.error->sqlstate == "55P04" && outcome.error->function == "check_safe_enum_use" &&
         !outcome.committed;
}

}  // namespace

/// The server's own word: a RAISE with such a code has another source, and what is refused within a function would be
/// refused there too when the statement stood alone.
bool Migrator::runs_outside(const Outcome& outcome) {
  // reindexcmds.c alone has a context of its own.
  const auto is_own = [](const std::string& context) {
    return context.empty() || (context.starts_with("while reindexing partitioned ") && !contains(context, '\n'));
  };
  if (!outcome.error || outcome.committed || outcome.lost || outcome.interrupted()) return false;
  const ServerMessage& error = *outcome.error;
  if (error.sqlstate == "25001") return error.function == "PreventInTransactionBlock" && is_own(error.context);
  return error.sqlstate == "2D000" && (error.function == "_SPI_commit" || error.function == "_SPI_rollback");
}

/// What the server's own word asks for; nothing when there is nothing to be gained by it.
std::optional<Grain> Migrator::finer(const Outcome& outcome) const {
  const bool value = uses_new_value(outcome);
  const Grain grain = value ? Grain::value : Grain::perhaps;
  const auto parts = script_.segments(grain);
  const bool helps = value ? parts.size() > 1 : std::ranges::any_of(parts, &Segment::alone);
  return helps && (value || runs_outside(outcome)) ? std::optional{grain} : std::nullopt;
}

/// The cure for a script that would have to be taken apart, and would mean something else then; empty for any other.
std::string Migrator::divided_advice(const Migration& migration, const Outcome& outcome) const {
  const std::optional<Grain> grain = finer(outcome);
  return grain && script_.bound() != nullptr ? apart_advice(migration, script_, *grain) : "";
}

/// PostgreSQL would refuse it in one transaction, and taken apart it would mean something else.
void Migrator::require_divisible(const Migration& migration) const {
  if (script_.bound() == nullptr || script_.segments(Grain::value).size() < 2) return;
  const Statement& divider = *script_.divider(Grain::outside);
  throw Failure{
      ExitCode::migration_failed,
      fmt::format("migration {} cannot run in one transaction, because of line {}, nor in parts, because of "
                  "line {}: {} counts for one transaction",
                  migration.name, line_of(migration, divider.begin), line_of(migration, script_.bound()->begin),
                  script_.bound()->bound),
      line_behind(migration, divider.begin),
      fmt::format("{}: nothing of it was run; {} applied before it by this start; the program was not started",
                  migration.name, counted(applied_, "migration")),
      apart_advice(migration, script_, Grain::outside)};
}

/// Where it is cut, and why.
void Migrator::tell_parts(const Migration& migration, const std::vector<Segment>& parts, const std::string& why) const {
  if (parts.size() < 2) return;
  std::string lines;
  for (std::size_t i = 1; i < parts.size() && i <= most_lines; ++i)
    lines +=
        fmt::format("{}{}", i == 1 ? "" : ", ", line_of(migration, parts[i].begin + blanks(part(migration, parts[i]))));
  log_.info("applying_in_parts",
            fmt::format("{} is applied in {}, cut before {} {}{}: {}", migration.name, counted(parts.size(), "part"),
                        parts.size() == 2 ? "line" : "lines", lines, parts.size() > most_lines + 1 ? " …" : "", why),
            {{"migration", migration.name}, {"parts", static_cast<std::int64_t>(parts.size())}});
}

bool Migrator::apply_in_parts(const Migration& migration, const Slot& row, Outcome& outcome) {
  const std::optional<Grain> grain = finer(outcome);
  if (!grain || script_.bound() != nullptr) return false;
  const auto parts = script_.segments(*grain);
  end_transaction(outcome);
  tell_parts(migration, parts, brief(*outcome.error));
  settle();
  // The rollback does not bring back a lock of the session that the script gave away.
  require_lock();
  Stand stand{migration, row, {}};
  begin(migration, stand.row, stand.progress);
  apply_segments(std::move(stand), parts);
  return true;
}

void Migrator::apply_segments(Stand stand, const std::vector<Segment>& segments) {
  run_segments(stand, segments);
  Outcome outcome;
  record_end(record_.finish(stand.row), outcome);
  settle();
  require_row(stand, outcome);
  if (outcome.error)
    fail(stand.migration, outcome, kept_advice(stand.migration.name), "what it did stays, and could not be recorded");
}

void Migrator::resume(const Migration& migration, const HistoryRow& begun) {
  Stand stand{migration, {.id = begun.id, .logs = begun.logs}, parse_progress(begun.logs).value_or(Progress{})};
  const std::vector<Segment> segments = chosen(script_, migration, stand.progress, begun);
  require_lock();
  find_place(stand, segments);
  apply_segments(std::move(stand), segments);
}

/// Those that are left.
void Migrator::run_segments(Stand& stand, const std::vector<Segment>& segments) {
  for (const Segment& segment : segments) {
    if (segment.end <= stand.progress.done) continue;
    require_lock();
    if (segment.alone)
      run_alone(stand, segment);
    else if (!run_segment(stand, segment))
      return run_segments(stand, script_.segments(Grain::perhaps));
  }
}

/// What the part that is done has set for its session is set again; what became of the statement that was running is
/// asked of the catalogs.
void Migrator::find_place(Stand& stand, const std::vector<Segment>& segments) {
  const Migration& migration = stand.migration;
  log_.info("resuming", fmt::format("resuming {} at {}", migration.name, line_behind(migration, stand.progress.done)),
            {{"migration", migration.name}});
  if (const std::string sets = script_.settings_before(stand.progress.done); !sets.empty())
    (void)connection_.bare(sets);
  const bool began = !stand.progress.session.empty();
  if (began && session_now(connection_) != stand.progress.session) refuse_gone(migration, stand.progress.done);
  if (stand.progress.running == 0) return;
  const auto running = std::ranges::find(segments, stand.progress.running, &Segment::end);
  const Fate fate = recovered(connection_, log_, migration.name, action(part(migration, *running)),
                              {.before = stand.progress.before, .lost = true, .watcher = watcher(migration)});
  if (fate == Fate::done) come_to(stand, running->end);
}

/// What was done stays. Where another session has written the row, only that tells how far the migration is.
void Migrator::require_row(const Stand& stand, const Outcome& outcome) const {
  if (outcome.error && is_fence(*outcome.error) && overtaken_ != stand.migration.name) throw Overtaken{};
}

void Migrator::come_to(Stand& stand, std::size_t done) {
  stand.progress = {.done = done, .running = 0, .before = {}, .session = {}, .error = {}};
  const Undisturbed undisturbed{connection_};
  Outcome outcome;
  record_end(record_.note(stand.row, stand.progress), outcome);
  if (!outcome.error) overtaken_.clear();
  require_row(stand, outcome);
  if (outcome.error)
    fail(stand.migration, outcome, kept_advice(stand.migration.name), "what it did stays, and could not be recorded");
}

/// BEGIN, the segment, how far it is, COMMIT: one message. False when a finer one is needed.
bool Migrator::run_segment(Stand& stand, const Segment& segment) {
  const Migration& migration = stand.migration;
  const Progress next{.done = segment.end, .running = 0, .before = {}, .session = {}, .error = {}};
  const std::string prefix = opening(migration);
  const Ending ending = record_.segment(stand.row, next);
  Outcome outcome = insist(migration, prefix + part(migration, segment) + ending.sql, ending.token);
  if (runs_outside(outcome) && script_.bound() == nullptr && is_divisible(script_, segment)) {
    end_transaction(outcome);
    return false;
  }
  level_ = isolation_level(outcome.written);
  require_kept(migration, outcome);
  if (outcome.error) rebase(*outcome.error, {prefix.size(), segment.begin, segment.end}, migration.script);
  if (!outcome.ok() || !outcome.committed) stop(stand, segment, outcome);
  stand.progress = next;
  stand.row.logs = outcome.written;
  overtaken_.clear();
  return true;
}

/// Its intent first, so that after a crash it is known that it may have happened.
void Migrator::announce(Stand& stand, const Segment& segment, const std::string& before) {
  stand.progress.before = before;
  stand.progress.running = segment.end;
  stand.progress.error.clear();
  Outcome outcome{.error = record_.announce(stand.row, stand.progress), .recording = true, .written = {}};
  require_kept(stand.migration, outcome);
  if (outcome.error) stop(stand, segment, outcome);
}

/// Such a statement seldom says where it failed; it is the only one.
void Migrator::locate(Outcome& outcome, const Stand& stand, const Segment& segment) {
  if (!outcome.error) return;
  if (outcome.error->position == 0) outcome.error->position = 1 + blanks(part(stand.migration, segment));
  rebase(*outcome.error, {0, segment.begin, segment.end}, stand.migration.script);
}

void Migrator::run_alone(Stand& stand, const Segment& segment) {
  const Migration& migration = stand.migration;
  const std::string statement = part(migration, segment);
  const Deed what = action(statement);
  if (what.effect == Effect::unknown) return run_committing(stand, segment);
  // Waiting in CONCURRENTLY keeps nobody from anything.
  const bool limited = limits_locks() && !what.concurrent;
  if (limited)
    (void)connection_.bare(fmt::format("SET lock_timeout = '{}ms'", milliseconds(target_.patience.ddl_lock)));
  announce(stand, segment, evidence(connection_, what));
  Outcome outcome = limited ? insist(migration, statement) : run(migration, statement, first_look());
  locate(outcome, stand, segment);
  if (!outcome.ok()) stop(stand, segment, outcome);
  if (limited) (void)connection_.bare("RESET lock_timeout");
  come_to(stand, segment.end);
}

/// A procedure that gave way at a lock could not be called again: what it has committed stays.
void Migrator::run_committing(Stand& stand, const Segment& segment) {
  announce(stand, segment, {});
  const std::int64_t before = transaction_number(connection_);
  Outcome outcome = run(stand.migration, part(stand.migration, segment), first_look());
  locate(outcome, stand, segment);
  if (outcome.ok()) return come_to(stand, segment.end);
  if (!was_one_transaction(connection_, before, outcome)) stop_inside(stand, segment, outcome);
  if (outcome.interrupted()) come_to(stand, segment.begin);
  stop(stand, segment, outcome);
}

/// How far it came, nothing tells; the note that it was running stays.
void Migrator::stop_inside(Stand& stand, const Segment& segment, Outcome& outcome) {
  const Migration& migration = stand.migration;
  const std::string place = line_behind(migration, segment.begin);
  if (outcome.error && !outcome.lost && !outcome.interrupted()) {
    const Undisturbed undisturbed{connection_};
    stand.progress.error = logs_text(migration, *outcome.error);
    record_end(record_.note(stand.row, stand.progress), outcome);
    settle();
  }
  fail(migration, outcome, inside_advice(migration.name, place),
       fmt::format("what stands before {} is applied and stays; how much of the statement there was committed is "
                   "unknown",
                   place));
}

/// What the statement leaves half done is cleared away, or finished (DETACH PARTITION … FINALIZE): then it is done,
/// whatever it says. Names still mean what they mean to the script, and the note says what its session holds.
std::size_t Migrator::clear(Stand& stand, const Segment& segment) {
  if (!segment.alone) return segment.begin;
  const std::string statement = part(stand.migration, segment);
  const Fate fate = recovered(connection_, log_, stand.migration.name, action(statement),
                              {.before = stand.progress.before, .lost = false, .watcher = watcher(stand.migration)});
  return fate == Fate::done ? segment.end : segment.begin;
}

/// Everything up to the segment stays; with nothing before it, nothing does.
void Migrator::stop(Stand& stand, const Segment& segment, Outcome& outcome) {
  const Migration& migration = stand.migration;
  if (outcome.lost || outcome.interrupted())
    fail(migration, outcome, {},
         "it is recorded how far it is, and the next start goes on at " + line_behind(migration, segment.begin));
  const std::string logs = logs_text(migration, *outcome.error);
  std::size_t done = segment.begin;
  bool whole = false;
  try {
    const Undisturbed undisturbed{connection_};
    end_transaction(outcome);
    done = clear(stand, segment);
    stand.progress = {.done = done, .running = 0, .before = {}, .session = {}, .error = logs};
    record_end(done == 0 ? record_.roll_back(stand.row, logs) : record_.note(stand.row, stand.progress), outcome);
    whole = done == 0;
    settle();
  } catch (const std::exception& error) {
    log_.warn("not_recorded", fmt::format("the failure could not be recorded in the history: {}", error.what()));
  }
  if (whole) fail(migration, outcome, {}, "it was rolled back whole");
  fail(migration, outcome,
       fmt::format(
           "remove the cause and start again: the next start goes on at {}. If the script itself is wrong, do by "
           "hand what is left of it, then:\n  schemagate resolve --applied {}",
           line_behind(migration, done), migration.name),
       fmt::format("what stands before {} is applied and stays", line_behind(migration, done)));
}

}  // namespace schemagate
