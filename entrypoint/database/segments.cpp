#include <fmt/format.h>

#include <algorithm>

#include "database/advice.hpp"
#include "database/apply.hpp"
#include "database/recover.hpp"
#include "database/undisturbed.hpp"
#include "failure.hpp"
#include "migrations/excerpt.hpp"
#include "text.hpp"

// Migrator's part for scripts that cannot run in one transaction. Every step is committed together with how far it is,
// or, where that cannot be, between two notes, so that the catalogs can be asked after a crash.

namespace schemagate {
namespace {

std::string part(const Migration& migration, const Segment& segment) {
  return migration.script.substr(segment.begin, segment.end - segment.begin);
}

/// Before the first word, comments aside.
std::size_t blanks(const std::string& statement) {
  const std::size_t word = statement.find_first_not_of(" \t\r\n;");
  return word == std::string::npos ? 0 : word;
}

std::size_t line_at(const Migration& migration, std::size_t offset) {
  const auto end = migration.script.begin() + static_cast<std::ptrdiff_t>(std::min(offset, migration.script.size()));
  return 1 + static_cast<std::size_t>(std::count(migration.script.begin(), end, '\n'));
}

std::string place(const Migration& migration, std::size_t offset) {
  const std::string rest = migration.script.substr(std::min(offset, migration.script.size()));
  return fmt::format("{}:{}", migration.file, line_at(migration, offset + blanks(rest)));
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
      place(migration, done), untouched,
      fmt::format("do by hand what is left of it from there on, then say that all of it is there:\n"
                  "  schemagate resolve --applied {}",
                  migration.name)};
}

}  // namespace

void Migrator::apply_segments(const Migration& migration, const std::vector<Segment>& segments,
                              const HistoryRow* begun) {
  Stand stand{migration, {}, {}};
  if (begun == nullptr) {
    stand.id = record_.start(migration, stand.progress);
  } else {
    stand.id = begun->id;
    stand.progress = parse_progress(begun->logs).value_or(Progress{});
    if (!is_boundary(stand.progress, segments)) refuse_other(migration, *begun);
    resume(stand, segments);
  }
  for (const Segment& segment : segments) {
    if (segment.end <= stand.progress.done) continue;
    segment.alone ? run_alone(stand, segment) : run_segment(stand, segment);
  }
  Outcome outcome;
  record_end(record_.finish(stand.id), outcome);
  settle();
  if (outcome.error)
    fail(migration, outcome, kept_advice(migration.name), "what it did stays, and could not be recorded");
}

/// What the part that is done has set for its session is set again; what became of the statement that was running is
/// asked of the catalogs.
void Migrator::resume(Stand& stand, const std::vector<Segment>& segments) {
  const Migration& migration = stand.migration;
  log_.info("resuming", fmt::format("resuming {} at {}", migration.name, place(migration, stand.progress.done)),
            {{"migration", migration.name}});
  if (const std::string sets = session_settings(migration.script.substr(0, stand.progress.done)); !sets.empty())
    (void)connection_.send(sets);
  const bool began = !stand.progress.session.empty();
  if (began && connection_.query("SELECT " + session_sql()).at(0).at(0) != stand.progress.session)
    refuse_gone(migration, stand.progress.done);
  if (stand.progress.running == 0) return;
  const auto running = std::ranges::find(segments, stand.progress.running, &Segment::end);
  const Fate fate = recover(connection_, action(part(migration, *running)), stand.progress.before);
  if (fate == Fate::done) come_to(stand, running->end);
}

void Migrator::come_to(Stand& stand, std::size_t done) {
  stand.progress = {.done = done, .running = 0, .before = {}, .session = {}, .error = {}};
  const Undisturbed recording{connection_};
  Outcome outcome;
  record_end(record_.note(stand.id, stand.progress), outcome);
  if (outcome.error)
    fail(stand.migration, outcome, kept_advice(stand.migration.name), "what it did stays, and could not be recorded");
}

/// BEGIN, the segment, how far it is, COMMIT: one message.
void Migrator::run_segment(Stand& stand, const Segment& segment) {
  const Migration& migration = stand.migration;
  const Progress next{.done = segment.end, .running = 0, .before = {}, .session = {}, .error = {}};
  const std::string prefix = opening(migration);
  Outcome outcome = insist(migration, prefix + part(migration, segment) + record_.segment(stand.id, next));
  if (outcome.error) rebase(*outcome.error, {prefix.size(), segment.begin, segment.end}, migration.script);
  if (!outcome.ok() || !outcome.committed) stop(stand, segment, outcome);
  stand.progress = next;
}

void Migrator::run_alone(Stand& stand, const Segment& segment) {
  const Migration& migration = stand.migration;
  const std::string statement = part(migration, segment);
  const Deed what = action(statement);
  // Waiting in CONCURRENTLY keeps nobody from anything.
  const bool limited = limits_locks(migration) && !what.concurrent;
  if (limited) connection_.query(fmt::format("SET lock_timeout = '{}ms'", milliseconds(target_.patience.ddl_lock)));
  stand.progress.before = evidence(connection_, what);
  stand.progress.running = segment.end;
  stand.progress.error.clear();
  Outcome outcome;
  record_end(record_.note(stand.id, stand.progress), outcome);
  if (!outcome.error) {
    outcome = limited ? insist(migration, statement) : run(migration, statement, first_look());
    // Such a statement seldom says where it failed; it is the only one.
    if (outcome.error && outcome.error->position == 0) outcome.error->position = 1 + blanks(statement);
    if (outcome.error) rebase(*outcome.error, {0, segment.begin, segment.end}, migration.script);
  }
  if (!outcome.ok()) stop(stand, segment, outcome);
  if (limited) connection_.query("RESET lock_timeout");
  come_to(stand, segment.end);
}

/// Everything up to the segment stays; with nothing before it, nothing does.
void Migrator::stop(Stand& stand, const Segment& segment, Outcome& outcome) {
  const Migration& migration = stand.migration;
  const bool first = segment.begin == 0;
  const std::string goes_on = fmt::format("the next start goes on at {}", place(migration, segment.begin));
  if (outcome.lost || outcome.interrupted())
    fail(migration, outcome, {}, "it is recorded how far it is, and " + goes_on);
  const std::string logs = logs_text(migration, *outcome.error);
  try {
    const Undisturbed recording{connection_};
    end_transaction(outcome);
    // Names still mean what they mean to the script, and the note says what its session holds.
    if (segment.alone) (void)recover(connection_, action(part(migration, segment)), stand.progress.before);
    stand.progress = {.done = segment.begin, .running = 0, .before = {}, .session = {}, .error = logs};
    record_end(first ? record_.roll_back(stand.id, logs) : record_.note(stand.id, stand.progress), outcome);
    settle();
  } catch (const std::exception& error) {
    log_.warn("not_recorded", fmt::format("the failure could not be recorded in the history: {}", error.what()));
  }
  if (first) fail(migration, outcome, {}, "it was rolled back whole");
  fail(
      migration, outcome,
      fmt::format("remove the cause and start again: {}. If the script itself is wrong, do by hand what is left of it, "
                  "then:\n  schemagate resolve --applied {}",
                  goes_on, migration.name),
      fmt::format("what stands before {} is applied and stays", place(migration, segment.begin)));
}

}  // namespace schemagate
