#include "database/apply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

#include "database/advice.hpp"
#include "database/connect.hpp"
#include "database/lock.hpp"
#include "database/observe.hpp"
#include "database/undisturbed.hpp"
#include "database/values.hpp"
#include "failure.hpp"
#include "migrations/excerpt.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr auto look_limit = std::chrono::seconds{2};
// Only a session-level lock falls to pg_advisory_unlock_all(): one of the transaction lasts until COMMIT.
constexpr const char* second_lock = "SELECT pg_catalog.pg_try_advisory_xact_lock('72707369'::pg_catalog.int8);\n";

/// The parser reads the whole message before anything of it runs.
bool refused_unread(const Outcome& outcome, Transaction transaction) {
  return outcome.error && outcome.error->sqlstate == "42601" && outcome.error->position > 0 &&
         transaction == Transaction::none && !outcome.committed;
}

/// By what rules, triggers and constraints of the table do, or another session; not by what the script itself has done
/// to the table or its transaction, nor by a right that is missing.
bool is_refused_row(const ServerMessage& error) {
  constexpr std::array<std::string_view, 5> others{"42P01", "42703", "3F000", "25006", "42501"};
  constexpr std::array<std::string_view, 8> classes{"0A", "22", "23", "27", "40", "42", "44", "P0"};
  return std::ranges::find(others, error.sqlstate) == others.end() &&
         std::ranges::find(classes, std::string_view{error.sqlstate}.substr(0, 2)) != classes.end();
}

bool is_lock_timeout(const Outcome& outcome) {
  return outcome.error && outcome.error->sqlstate == "55P03" && !outcome.committed;
}

/// Replicas and retries do not knock at once.
Clock::duration backoff(int tries) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const int most = std::min(250 << std::min(tries, 5), 8000);
  return std::chrono::milliseconds{std::uniform_int_distribution{most / 2, most}(random)};
}

}  // namespace

Migrator::Migrator(Connection& connection, Target target, const Log& log)
    : connection_{connection},
      target_{std::move(target)},
      record_{connection, target_.table, target_.locks},
      log_{log} {
  connection_.on_notice([this](const ServerMessage& notice) {
    // The context of a notice is the line of its RAISE: noise.
    const std::string text = notice.message + details({.detail = notice.detail, .hint = notice.hint});
    if (notice.severity == "WARNING")
      log_.warn("server_message", text);
    else
      log_.info("server_message", notice.severity + ": " + text);
  });
}

Migrator::~Migrator() { connection_.on_notice({}); }

/// DISCARD ALL, as its documentation spells it out, but for the advisory lock.
void Migrator::settle() {
  std::string sql =
      "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *;"
      " DISCARD TEMP; DISCARD SEQUENCES; SET idle_in_transaction_session_timeout = 0;";
  // A machine that vanished without a word is found out by TCP, in half a minute instead of two hours.
  sql += " SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;";
  if (!target_.url.schema.empty()) sql += " SET search_path TO " + Connection::identifier(target_.url.schema) + ";";
  if (const Reply reply = connection_.bare(sql); reply.error) throw QueryFailed{*reply.error};
  // The server looks whether we are still there while a statement runs, so a killed replica's statement ends with it.
  // A server on another system than Linux may refuse it.
  if (target_.server.version >= 140000) (void)connection_.bare("SET client_connection_check_interval = '200ms'");
  has_lock_ = connection_.query("SELECT " + holds_lock_sql()).at(0).at(0) == "t";
}

bool Migrator::apply(const Migration& migration, const History& history, const HistoryRow* begun) try {
  const Clock::time_point start = Clock::now();
  script_ = Script{migration.script};
  if (begun == nullptr)
    apply_new(migration, history);
  else
    resume(migration, *begun);
  ++applied_;
  const Clock::duration took = Clock::now() - start;
  log_.info("applied", fmt::format("applied {} in {}", migration.name, spoken(took)),
            {{"migration", migration.name},
             {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
  return true;
} catch (const Overtaken&) {
  overtaken_ = migration.name;
  log_.info(
      "overtaken",
      fmt::format("{} gave the migration lock away, or another session wrote its row first: what was not recorded "
                  "is rolled back, and the history is read again",
                  migration.name),
      {{"migration", migration.name}});
  return false;
}

void Migrator::apply_new(const Migration& migration, const History& history) {
  const Mode mode = script_.mode();
  if (mode == Mode::transactional) return apply_whole(migration, history);
  if (mode == Mode::segments) require_divisible(migration);
  Stand stand{migration, slot(history, migration), {}};
  if (mode == Mode::own) return apply_as_written(migration, mode, std::move(stand.row));
  begin(migration, stand.row, stand.progress);
  const auto parts = script_.segments(Grain::value);
  if (const Statement* const divider = script_.divider(Grain::outside))
    tell_parts(migration, parts,
               fmt::format("line {} runs only outside a transaction", line_of(migration, divider->begin)));
  apply_segments(std::move(stand), parts);
}

void Migrator::begin(const Migration& migration, Slot& row, const std::optional<Progress>& progress) {
  Outcome outcome{.error = record_.start(migration, row, progress), .recording = true, .written = {}};
  require_kept(migration, outcome);
  if (outcome.error) throw QueryFailed{*outcome.error};
}

/// The lock was lost once: then the history is read again. The second time it was taken for the transaction, before the
/// script, so that it is not the lock.
void Migrator::require_kept(const Migration& migration, Outcome& outcome) {
  if (!outcome.recording || !outcome.error || outcome.committed || outcome.lost || outcome.interrupted()) return;
  // What a trigger's function says has a context of its own.
  const std::string& context = outcome.error->context;
  if (!is_refused_row(*outcome.error) && (context.empty() || context == recording)) return;
  const bool again = overtaken_ == migration.name || !is_fence(*outcome.error);
  const ServerMessage error = *outcome.error;
  end_transaction(outcome);
  if (!again) throw Overtaken{};
  settle();
  refuse_row(migration, error);
}

/// A script, or a function that it calls, may have given up all locks of its session. If nobody has it now, it is ours
/// again, and the row tells whether somebody had.
void Migrator::require_lock() {
  if (!target_.locks) return;
  const auto rows = connection_.query(fmt::format(
      "SELECT CASE WHEN {} THEN true ELSE pg_catalog.pg_try_advisory_lock('72707369'::int8) END", holds_lock_sql()));
  if (rows.at(0).at(0) != "t") throw Overtaken{};
}

/// Nothing for what is none.
std::string Migrator::isolation_level(const std::string& text) {
  constexpr std::array<std::string_view, 3> levels{"read committed", "repeatable read", "serializable"};
  return std::ranges::find(levels, text) == levels.end() ? "" : text;
}

std::int64_t Migrator::milliseconds(Clock::duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

/// A script that sets its own keeps it, and means it.
bool Migrator::limits_locks() const { return target_.patience.ddl_lock > Clock::duration{} && !script_.limits_locks(); }

/// Once the lock was lost it is taken for the transaction too, before the script. That is a query, and SET TRANSACTION
/// after it is an error unless it asks for the level that there is.
std::string Migrator::opening(const Migration& migration) const {
  const bool again = target_.locks && overtaken_ == migration.name;
  std::string text = again && !level_.empty() ? "BEGIN ISOLATION LEVEL " + level_ + ";\n" : "BEGIN;\n";
  if (limits_locks()) text += fmt::format("SET LOCAL lock_timeout = {};\n", milliseconds(target_.patience.ddl_lock));
  return text + (again ? second_lock : "");
}

/// BEGIN, the script, its row, COMMIT: one message, so that no crash can come between them.
Outcome Migrator::run_whole(const Migration& migration, const std::string& id) {
  const std::string prefix = opening(migration);
  const Ending ending = record_.whole(migration, id);
  Outcome outcome = insist(migration, prefix + migration.script + ending.sql, ending.token);
  // A quote or parenthesis left open would be reported in words of ours that come after it. Nothing has run: the
  // script alone is refused too, in its own words.
  if (refused_unread(outcome, connection_.transaction())) {
    const Outcome alone = run(migration, prefix + migration.script, first_look());
    if (alone.error) outcome = alone;
  }
  if (outcome.error) rebase(*outcome.error, {prefix.size(), 0, migration.script.size()}, migration.script);
  // LOCK TABLE tells no position.
  if (outcome.recording && outcome.error && outcome.error->sqlstate == "42P01" && outcome.error->context.empty())
    outcome.error->context = recording;
  return outcome;
}

void Migrator::apply_whole(const Migration& migration, const History& history) {
  Outcome outcome = run_whole(migration, next_id(history, migration.name, migration.checksum));
  if (outcome.ok() && outcome.committed) return settle();
  if (outcome.lost)
    fail(migration, outcome, {}, "it was applied and recorded, or neither; the next start reads which and goes on");
  if (outcome.committed && !outcome.error) fail(migration, outcome, {}, "it was applied and recorded before that");
  // The end of the session rolls back too, and there may be no time left for more.
  if (outcome.interrupted()) fail(migration, outcome, {}, "it was rolled back whole");
  level_ = isolation_level(outcome.written);
  require_kept(migration, outcome);
  Slot row = slot(history, migration);
  const std::string advice = divided_advice(migration, outcome);
  if (apply_in_parts(migration, row, outcome)) return;
  record_rollback(migration, row, outcome);
  if (outcome.committed)
    fail(migration, outcome, kept_advice(migration.name), "what it committed stays; it is recorded as failed");
  fail(migration, outcome, advice, "it was rolled back whole");
}

void Migrator::record_rollback(const Migration& migration, Slot& row, Outcome& outcome) {
  try {
    const Undisturbed undisturbed{connection_};
    end_transaction(outcome);
    settle();
    // Only a COMMIT that the lexer did not see: what it kept must not run again.
    if (outcome.committed) record_end(record_.start(migration, row, {}), outcome);
    if (outcome.committed) record_end(record_.fail(row, "committed in part"), outcome);
    if (outcome.error && !outcome.committed)
      record_end(record_.rolled_back(migration, row, logs_text(migration, *outcome.error)), outcome);
  } catch (const std::exception& error) {
    log_.warn("not_recorded", fmt::format("the failure could not be recorded in the history: {}", error.what()));
  }
}

/// As Prisma does it: a row, the script, the row's end, each on its own.
void Migrator::apply_as_written(const Migration& migration, Mode mode, Slot row) {
  if (!script_.readable())
    log_.warn("unread",
              fmt::format("{} cannot be read by this schemagate, by an error or a newer syntax: it is sent as "
                          "it is, in one message",
                          migration.name));
  begin(migration, row, std::nullopt);
  Outcome outcome = run(migration, migration.script, first_look());
  if (outcome.lost)
    fail(migration, outcome, kept_advice(migration.name),
         "how much of it was done is unknown; it stays recorded as started and not finished");
  try {
    const Undisturbed undisturbed{connection_};
    record_outcome(migration, mode, row, outcome);
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    outcome.lost = true;
    if (!outcome.error) outcome.error = ServerMessage{.message = error.what()};
    fail(migration, outcome, kept_advice(migration.name), "what it did stays, and could not be recorded");
  }
}

/// A script that finished is recorded as finished, also when a signal came too late to cancel it.
void Migrator::record_outcome(const Migration& migration, Mode mode, Slot& row, Outcome& outcome) {
  const bool unread = refused_unread(outcome, connection_.transaction());
  end_transaction(outcome);
  settle();
  if (!outcome.error) {
    record_end(record_.finish(row), outcome);
    if (outcome.ok()) return;
    if (!outcome.error) fail(migration, outcome, {}, "it was applied and recorded before that");
    fail(migration, outcome, kept_advice(migration.name), "what it did stays, and could not be recorded");
  }
  const std::string logs = logs_text(migration, *outcome.error);
  // Without a COMMIT of its own nothing of such a script stays, and the next image may simply try again.
  if (unread || (mode == Mode::own && !outcome.committed)) {
    record_end(record_.roll_back(row, logs), outcome);
    fail(migration, outcome, {}, "it was rolled back whole");
  }
  record_end(record_.fail(row, logs), outcome);
  fail(migration, outcome, kept_advice(migration.name), "what it did before that stays; it is recorded as failed");
}

Clock::duration Migrator::first_look() const { return log_.pace() / 2; }

Watcher Migrator::watcher(const Migration& migration) {
  return {.first = first_look(), .every = log_.pace(), .tick = [this, &migration, start = Clock::now()] {
            tell_activity(migration, start);
          }};
}

Outcome Migrator::run(const Migration& migration, const std::string& message, Clock::duration first,
                      const std::string& token) {
  const Clock::time_point start = Clock::now();
  return connection_.run(
      message, {.first = first, .every = log_.pace(), .tick = [&] { tell_activity(migration, start); }}, token);
}

/// Who waits for a lock keeps everybody waiting behind it. So we give way, roll back and try again; from the second
/// time on we look who is in the way.
Outcome Migrator::insist(const Migration& migration, const std::string& message, const std::string& token) {
  const Clock::time_point end = Clock::now() + target_.patience.total;
  blocker_.clear();
  Clock::duration look = first_look();
  for (int tries = 0;; ++tries) {
    Outcome outcome = run(migration, message, look, token);
    if (!is_lock_timeout(outcome) || !limits_locks() || Clock::now() >= end) return outcome;
    end_transaction(outcome);
    log_.info("lock_busy",
              fmt::format("{} could not get a lock within {}; rolled back, trying again{}", migration.name,
                          spoken(target_.patience.ddl_lock), blocker_.empty() ? "" : "; " + blocker_),
              {{"migration", migration.name}});
    look = std::min<Clock::duration>(first_look(), target_.patience.ddl_lock / 2);
    try {
      connection_.wait().pause(backoff(tries));
    } catch (const Stopped& stop) {
      outcome.signal = stop.signal;
      return outcome;
    } catch (const DeadlinePassed&) {
      outcome.deadline = true;
      return outcome;
    }
  }
}

/// A script that leaves its transaction open has lost everything since its BEGIN; Prisma reports success for it.
void Migrator::end_transaction(Outcome& outcome) {
  if (outcome.lost) return;
  const Transaction left = connection_.transaction();
  if (left != Transaction::none) connection_.rollback();
  if (outcome.error && outcome.error->detail.empty()) outcome.error->detail = columns_of(connection_, *outcome.error);
  if (left == Transaction::open && !outcome.error)
    outcome.error =
        ServerMessage{.message = "the script begins a transaction and does not end it",
                      .hint = "add COMMIT at its end, or leave out BEGIN: every script runs in a transaction"};
}

/// What could not be recorded is the script's error, unless it has one already.
void Migrator::record_end(std::optional<ServerMessage> failed, Outcome& outcome) {
  if (!failed) return;
  if (outcome.error)
    return log_.warn("not_recorded", "the failure could not be recorded in the history: " + brief(*failed));
  if (failed->context.empty()) failed->context = recording;
  failed->position = 0;
  outcome.error = *std::move(failed);
}

/// From a second session, because the first one is busy; whatever goes wrong there is not the migration's business.
void Migrator::tell_activity(const Migration& migration, Clock::time_point start) {
  std::string state = "running";
  try {
    const Wait brief = connection_.wait().at_most(look_limit);
    if (auto beside = connect_beside(target_.url, connection_.peer(), look_limit, brief))
      state = activity(*beside, target_.server.backend_pid);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception&) {
    state = "running; its state could not be read";
  }
  if (state.starts_with("waiting for a lock")) blocker_ = state;
  log_.progress("applying", fmt::format("applying {} for {}: {}", migration.name, spoken(Clock::now() - start), state),
                {{"migration", migration.name}, {"state", state}});
}

}  // namespace schemagate
