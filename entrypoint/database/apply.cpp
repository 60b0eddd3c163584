#include "database/apply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "database/connect.hpp"
#include "database/lock.hpp"
#include "database/observe.hpp"
#include "failure.hpp"
#include "migrations/excerpt.hpp"
#include "server/signals.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr auto watched_after = std::chrono::seconds{5};
constexpr auto told_every = std::chrono::seconds{10};
constexpr auto look_limit = std::chrono::seconds{2};
constexpr auto record_limit = std::chrono::seconds{10};
// Marks the rows that we rolled back, so that a crash loop keeps one of them and not thousands.
constexpr const char* log_mark = "schemagate: ";

// Only a session-level lock falls to pg_advisory_unlock_all(): one of the transaction lasts until COMMIT. It is not
// always taken, because a query before SET TRANSACTION would make that fail.
constexpr const char* second_lock = "SELECT pg_catalog.pg_try_advisory_xact_lock(72707369);\n";

std::string opening(const Migration& migration) {
  return std::string{"BEGIN;\n"} + (unlocks(migration.script) ? second_lock : "");
}

std::string details(const ServerMessage& error) {
  std::string text;
  for (const auto& [label, part] :
       {std::pair{"detail", error.detail}, std::pair{"hint", error.hint}, std::pair{"context", error.context}})
    if (!part.empty()) text += fmt::format("\n  {}: {}", label, indent(part, 4));
  return text;
}

std::string location(const Migration& migration, const ServerMessage& error) {
  if (error.position == 0) return migration.file;
  const Excerpt found = excerpt(migration.script, error.position);
  return fmt::format("{}:{}:{}\n{}", migration.file, found.line, found.column, found.lines);
}

std::string logs_text(const Migration& migration, const ServerMessage& error) {
  return log_mark + brief(error) + details(error) + "\n" + location(migration, error);
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

/// Positions count from the start of the message; the operator's editor counts from the start of the file. Behind the
/// script are our own lines, which no file shows.
void rebase(ServerMessage& error, std::size_t prefix, const std::string& script) {
  if (error.position == 0) return;
  const std::size_t end = prefix + characters(script) + 1;
  if (error.position > end) error.context = "recording the migration in its history";
  error.position = error.position > end || error.position <= prefix ? 0 : error.position - prefix;
}

/// The parser reads the whole message before anything of it runs.
bool refused_unread(const Outcome& outcome, Transaction transaction) {
  return outcome.error && outcome.error->sqlstate == "42601" && outcome.error->position > 0 &&
         transaction == Transaction::none && !outcome.committed;
}

std::string advice(const ServerMessage& error, const std::string& name) {
  if (error.sqlstate == "25001")
    return fmt::format(
        "put the statement that cannot run in a transaction into a migration of its own, and ship {} in "
        "a new image",
        name);
  if (error.message.starts_with("COPY from stdin failed"))
    return fmt::format("write the rows of {} as INSERT (pg_dump --inserts), and ship it in a new image", name);
  if (error.message.ends_with(R"(at or near "\")"))
    return fmt::format(
        "take the lines of {} that begin with a backslash out: psql understands them, the server does not; "
        "and ship it in a new image",
        name);
  if (error.sqlstate == "25006")
    return fmt::format(
        "if {} makes its transaction read-only, leave that out and ship it in a new image; if the server "
        "became a standby, start again when it accepts writes",
        name);
  if (error.sqlstate == "42501")
    return fmt::format(
        "give the role the right that the error names, or set SCHEMAGATE_DATABASE_URL to a role that has "
        "it, and start again");
  return fmt::format("ship a corrected {} in a new image; it will simply be applied", name);
}

std::string given_or(const std::string& given, const std::string& otherwise) {
  return given.empty() ? otherwise : given;
}

/// For a script of which a part may be there.
std::string kept_advice(const std::string& name) {
  return fmt::format(
      "look at the schema (a failed CREATE INDEX CONCURRENTLY leaves an INVALID index: drop it), then say "
      "which it is:\n"
      "  nothing of it is there:  schemagate resolve --rolled-back {0}\n"
      "  all of it is there:      schemagate resolve --applied {0}",
      name);
}

/// A signal or the deadline must not come between a script and what the history says of it. Not for ever: a server that
/// does not answer a statement of ours is lost.
class Undisturbed {
 public:
  explicit Undisturbed(Connection& connection) : connection_{connection}, before_{connection.wait()} {
    connection_.heed(Wait{-1, Clock::now() + record_limit});
  }
  ~Undisturbed() { connection_.heed(before_); }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  Connection& connection_;
  Wait before_;
};

}  // namespace

Migrator::Migrator(Connection& connection, const Url& url, HistoryTable table, Server server, const Log& log)
    : connection_{connection}, url_{url}, table_{std::move(table)}, server_{std::move(server)}, log_{log} {
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
  if (!url_.schema.empty()) sql += " SET search_path TO " + Connection::identifier(url_.schema) + ";";
  has_lock_ = connection_.query(sql + " " + holds_lock_sql()).at(0).at(0) == "t";
  // The server looks whether we are still there while a statement runs, so a killed replica's statement ends with it.
  // A server on another system than Linux may refuse it.
  if (server_.version >= 140000) (void)connection_.send("SET client_connection_check_interval = '200ms'");
}

void Migrator::apply(const Migration& migration) {
  const Clock::time_point start = Clock::now();
  const Mode mode = classify(migration.script);
  if (mode == Mode::transactional)
    apply_whole(migration);
  else
    apply_as_written(migration, mode);
  ++applied_;
  const Clock::duration took = Clock::now() - start;
  log_.info("applied", fmt::format("applied {} in {}", migration.name, spoken(took)),
            {{"migration", migration.name},
             {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
}

std::string Migrator::recording(const Migration& migration) const {
  return fmt::format(
      "\n;RESET SESSION AUTHORIZATION; RESET ROLE; INSERT INTO {} (id, checksum, finished_at, migration_name, logs, "
      "rolled_back_at, started_at, applied_steps_count) VALUES ({}, {}, pg_catalog.clock_timestamp(), {}, NULL, NULL, "
      "pg_catalog.now(), 1);\nCOMMIT",
      table_.sql(), connection_.literal(new_id()), connection_.literal(migration.checksum),
      connection_.literal(migration.name));
}

/// BEGIN, the script, its row, COMMIT: one message, so that no crash can come between them.
Outcome Migrator::run_whole(const Migration& migration) {
  const std::string prefix = opening(migration);
  Outcome outcome = run(migration, prefix + migration.script + recording(migration));
  // A quote or parenthesis left open would be reported in words of ours that come after it. Nothing has run: the
  // script alone is refused too, in its own words.
  if (refused_unread(outcome, connection_.transaction())) {
    const Outcome alone = run(migration, prefix + migration.script);
    if (alone.error) outcome = alone;
  }
  if (outcome.error) rebase(*outcome.error, prefix.size(), migration.script);
  return outcome;
}

void Migrator::apply_whole(const Migration& migration) {
  Outcome outcome = run_whole(migration);
  if (outcome.ok() && outcome.committed) return settle();
  if (outcome.lost)
    fail(migration, outcome, {}, "it was applied and recorded, or neither; the next start reads which and goes on");
  if (outcome.committed && !outcome.error) fail(migration, outcome, {}, "it was applied and recorded before that");
  // The end of the session rolls back too, and there may be no time left for more.
  if (outcome.interrupted()) fail(migration, outcome, {}, "it was rolled back whole");
  try {
    const Undisturbed recording{connection_};
    end_transaction(outcome);
    settle();
    // Only a COMMIT that the lexer did not see: what it kept must not run again.
    if (outcome.committed) record_end(record_start(migration), "logs = 'schemagate: committed in part'", outcome);
    if (outcome.error && !outcome.committed) record_rolled_back(migration, logs_text(migration, *outcome.error));
  } catch (const std::exception& error) {
    log_.warn("not_recorded", fmt::format("the failure could not be recorded in the history: {}", error.what()));
  }
  if (outcome.committed)
    fail(migration, outcome, kept_advice(migration.name), "what it committed stays; it is recorded as failed");
  fail(migration, outcome, {}, "it was rolled back whole");
}

/// As Prisma does it: a row, the script, the row's end, each on its own.
void Migrator::apply_as_written(const Migration& migration, Mode mode) {
  const std::string id = record_start(migration);
  Outcome outcome = run(migration, migration.script);
  if (outcome.lost)
    fail(migration, outcome, kept_advice(migration.name),
         "how much of it was done is unknown; it stays recorded as started and not finished");
  try {
    const Undisturbed recording{connection_};
    record_outcome(migration, mode, id, outcome);
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    outcome.lost = true;
    if (!outcome.error) outcome.error = ServerMessage{.message = error.what()};
    fail(migration, outcome, kept_advice(migration.name), "what it did stays, and could not be recorded");
  }
}

/// A script that finished is recorded as finished, also when a signal came too late to cancel it.
void Migrator::record_outcome(const Migration& migration, Mode mode, const std::string& id, Outcome& outcome) {
  const bool unread = refused_unread(outcome, connection_.transaction());
  end_transaction(outcome);
  settle();
  if (!outcome.error) {
    record_end(id, "finished_at = pg_catalog.now(), applied_steps_count = applied_steps_count + 1", outcome);
    if (outcome.ok()) return;
    if (!outcome.error) fail(migration, outcome, {}, "it was applied and recorded before that");
    fail(migration, outcome, kept_advice(migration.name), "what it did stays, and could not be recorded");
  }
  const std::string logs = "logs = " + connection_.literal(logs_text(migration, *outcome.error));
  // Without a COMMIT of its own nothing of such a script stays, and the next image may simply try again.
  if (unread || (mode == Mode::own && !outcome.committed)) {
    record_end(id, "rolled_back_at = pg_catalog.now(), " + logs, outcome);
    fail(migration, outcome, {}, "it was rolled back whole");
  }
  record_end(id, logs, outcome);
  fail(migration, outcome, kept_advice(migration.name), "what it did before that stays; it is recorded as failed");
}

Outcome Migrator::run(const Migration& migration, const std::string& message) {
  const Clock::time_point start = Clock::now();
  return connection_.run(
      message, {.first = watched_after, .every = told_every, .tick = [&] { tell_activity(migration, start); }});
}

/// A script that leaves its transaction open has lost everything since its BEGIN; Prisma reports success for it.
void Migrator::end_transaction(Outcome& outcome) {
  if (outcome.lost) return;
  const Transaction left = connection_.transaction();
  if (left == Transaction::none) return;
  connection_.query("ROLLBACK");
  if (left == Transaction::open && !outcome.error)
    outcome.error =
        ServerMessage{.message = "the script begins a transaction and does not end it",
                      .hint = "add COMMIT at its end, or leave out BEGIN: every script runs in a transaction"};
}

/// The row that an earlier start left when it rolled back the same file. It is written again, so that a crash loop
/// leaves one and not thousands; and not deleted, a right that Prisma does not need either.
std::string Migrator::rolled_back_before(const Migration& migration) const {
  return fmt::format(
      "migration_name = {} AND checksum = {} AND finished_at IS NULL AND rolled_back_at IS NOT NULL AND logs LIKE "
      "'{}%'",
      connection_.literal(migration.name), connection_.literal(migration.checksum), log_mark);
}

std::string Migrator::record_start(const Migration& migration) {
  const Undisturbed recording{connection_};
  const auto rows = connection_.query(fmt::format(
      "WITH again AS (UPDATE {0} SET started_at = pg_catalog.now(), rolled_back_at = NULL, logs = NULL WHERE {1} "
      "RETURNING id), fresh AS (INSERT INTO {0} (id, checksum, started_at, migration_name) SELECT {2}, {3}, "
      "pg_catalog.now(), {4} WHERE NOT EXISTS (SELECT FROM again) RETURNING id) "
      "SELECT id FROM again UNION ALL SELECT id FROM fresh",
      table_.sql(), rolled_back_before(migration), connection_.literal(new_id()),
      connection_.literal(migration.checksum), connection_.literal(migration.name)));
  return rows.at(0).at(0).value_or("");
}

void Migrator::record_rolled_back(const Migration& migration, const std::string& logs) {
  const Reply reply = connection_.send(fmt::format(
      "WITH again AS (UPDATE {0} SET started_at = pg_catalog.now(), rolled_back_at = pg_catalog.clock_timestamp(), "
      "logs = {5} WHERE {1} RETURNING id) INSERT INTO {0} (id, checksum, migration_name, logs, rolled_back_at, "
      "started_at) SELECT {2}, {3}, {4}, {5}, pg_catalog.clock_timestamp(), pg_catalog.now() WHERE NOT EXISTS (SELECT "
      "FROM again)",
      table_.sql(), rolled_back_before(migration), connection_.literal(new_id()),
      connection_.literal(migration.checksum), connection_.literal(migration.name), connection_.literal(logs)));
  if (reply.error)
    log_.warn("not_recorded", "the failure could not be recorded in the history: " + brief(*reply.error));
}

/// The script may have taken the table or the row away.
void Migrator::record_end(const std::string& id, const std::string& changes, Outcome& outcome) {
  const Reply reply = connection_.send(
      fmt::format("UPDATE {} SET {} WHERE id = {} RETURNING id", table_.sql(), changes, connection_.literal(id)));
  if (!reply.error && !reply.results.at(0).empty()) return;
  ServerMessage error = reply.error.value_or(ServerMessage{.message = "the script removed the migration's row"});
  if (outcome.error)
    return log_.warn("not_recorded", "the failure could not be recorded in the history: " + brief(error));
  error.context = "recording the migration in its history";
  error.position = 0;
  outcome.error = error;
}

/// From a second session, because the first one is busy; whatever goes wrong there is not the migration's business.
void Migrator::tell_activity(const Migration& migration, Clock::time_point start) {
  std::string state = "running";
  try {
    const Wait brief = connection_.wait().at_most(look_limit);
    if (auto beside = connect_beside(url_, look_limit, brief)) state = activity(*beside, server_.backend_pid);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception&) {
    state = "running; its state could not be read";
  }
  log_.info("applying", fmt::format("applying {} for {}: {}", migration.name, spoken(Clock::now() - start), state),
            {{"migration", migration.name}, {"state", state}});
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
    throw Failure{ExitCode::unreachable,
                  fmt::format("the connection was lost while applying {}: {}", name, brief(error)), url_.place(), state,
                  given_or(next, "start again")};
  throw Failure{ExitCode::migration_failed,
                fmt::format("migration {} failed: {}{}", name, brief(error), details(error)),
                location(migration, error), state, given_or(next, advice(error, name))};
}

}  // namespace schemagate
