#include "database/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

#include "database/connect.hpp"
#include "database/pins.hpp"
#include "database/refused.hpp"
#include "database/values.hpp"
#include "mask.hpp"

// The only source that includes libpq-fe.h. Facts: PostgreSQL documentation, chapter "libpq - C Library".

namespace schemagate {
namespace {

// How long a cancelled statement may take to end before the connection is given up.
constexpr auto cancel_grace = std::chrono::milliseconds{1800};
// A request that comes before the server has begun is ignored, so it is made again.
constexpr auto cancelled_every = std::chrono::milliseconds{250};

Clock::time_point never() { return Clock::now() + std::chrono::hours{24 * 365}; }

std::string field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

ServerMessage message_of(const pg_result* result) {
  const std::string position = field(result, PG_DIAG_STATEMENT_POSITION);
  ServerMessage message{.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
                        .sqlstate = field(result, PG_DIAG_SQLSTATE),
                        .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                        .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
                        .hint = field(result, PG_DIAG_MESSAGE_HINT),
                        .context = field(result, PG_DIAG_CONTEXT),
                        .schema = field(result, PG_DIAG_SCHEMA_NAME),
                        .table = field(result, PG_DIAG_TABLE_NAME),
                        .constraint = field(result, PG_DIAG_CONSTRAINT_NAME),
                        .source = field(result, PG_DIAG_SOURCE_FILE),
                        .function = field(result, PG_DIAG_SOURCE_FUNCTION)};
  std::from_chars(position.data(), position.data() + position.size(), message.position);
  if (message.message.empty()) message.message = PQresultErrorMessage(result);
  return without_values(message, {message.schema, message.table, message.constraint, field(result, PG_DIAG_COLUMN_NAME),
                                  field(result, PG_DIAG_DATATYPE_NAME)});
}

Row row_of(const pg_result* result, int number) {
  Row row;
  row.reserve(static_cast<std::size_t>(PQnfields(result)));
  for (int column = 0; column < PQnfields(result); ++column)
    row.push_back(PQgetisnull(result, number, column) != 0
                      ? std::nullopt
                      : std::optional<std::string>{PQgetvalue(result, number, column)});
  return row;
}

bool is_error(const pg_result* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

void forward_notice(void* handler, const pg_result* result) {
  const auto& receive = *static_cast<std::function<void(const ServerMessage&)>*>(handler);
  if (receive) receive(message_of(result));
}

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

void cancel_now(pg_conn* connection) {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> request{PQgetCancel(connection), &PQfreeCancel};
  std::array<char, 256> error{};
  PQcancel(request.get(), error.data(), error.size());
}

/// PQcancel connects without a time limit of its own, and a dead network must not keep us beyond the orchestrator's
/// patience. So a child does it, whose end of a pipe closes when it is done.
void request_cancel(pg_conn* connection, Clock::time_point end) {
  std::array<int, 2> ends{-1, -1};
  const bool has_pipe = ::pipe2(ends.data(), O_CLOEXEC) == 0;
  const pid_t child = has_pipe ? ::fork() : -1;
  if (child <= 0) cancel_now(connection);
  if (child == 0) ::_exit(0);
  ::close(ends[1]);
  if (child > 0 && !Wait::undisturbed().on(ends[0], Until::readable, end)) ::kill(child, SIGKILL);
  ::close(ends[0]);
  if (child > 0) ::waitpid(child, nullptr, 0);
}

}  // namespace

std::string brief(const ServerMessage& message) {
  return message.sqlstate.empty() ? message.message : fmt::format("{} ({})", message.message, message.sqlstate);
}

QueryFailed::QueryFailed(ServerMessage found) : std::runtime_error{brief(found)}, error{std::move(found)} {}

void Connection::Close::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }
void Connection::Close::operator()(pg_result* result) const noexcept { PQclear(result); }

Connection::Connection(pg_conn* connection, Wait wait)
    : notice_{std::make_unique<NoticeHandler>()}, connection_{connection}, wait_{wait} {
  PQsetNoticeReceiver(connection, forward_notice, notice_.get());
  // Otherwise PQsendQuery would wait inside libpq, deaf to signals, while a large script is sent.
  PQsetnonblocking(connection, 1);
}

void Connection::on_notice(NoticeHandler handler) { *notice_ = std::move(handler); }

int Connection::announced_pid() const { return PQbackendPID(connection_.get()); }

Peer Connection::peer() const {
  const pg_conn* connection = connection_.get();
  return {text_of(PQhost(connection)), text_of(PQhostaddr(connection)), text_of(PQport(connection))};
}

Transaction Connection::transaction() const {
  switch (PQtransactionStatus(connection_.get())) {
    case PQTRANS_IDLE:
      return Transaction::none;
    case PQTRANS_INTRANS:
      return Transaction::open;
    case PQTRANS_INERROR:
      return Transaction::failed;
    default:
      return Transaction::unknown;
  }
}

std::string Connection::literal(std::string_view text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted{PQescapeLiteral(connection_.get(), text.data(), text.size()),
                                                           &PQfreemem};
  if (!quoted) throw std::runtime_error{"text cannot be quoted: " + last_words()};
  return quoted.get();
}

std::string Connection::identifier(std::string_view name) {
  std::string result = "\"";
  for (const char c : name) result.append(c == '"' ? 2 : 1, c);
  return result + "\"";
}

std::string Connection::last_words() const { return trimmed(PQerrorMessage(connection_.get())); }

void Connection::start(const std::string& sql) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) throw ConnectionLost{last_words()};
}

/// Reading while writing: a server that answers before it has read everything would otherwise block both sides.
void Connection::flush(const Wait& wait) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return;
    if (left < 0) throw ConnectionLost{last_words()};
    (void)wait.on(PQsocket(connection_.get()), Until::either, never());
    if (PQconsumeInput(connection_.get()) == 0) throw ConnectionLost{last_words()};
  }
}

Connection::ResultHandle Connection::next(const Wait& wait, const Watcher& watcher, Clock::time_point& tick) {
  while (PQisBusy(connection_.get()) != 0) {
    if (!wait.on(PQsocket(connection_.get()), Until::readable, tick)) {
      watcher.tick();
      tick = Clock::now() + watcher.every;
      continue;
    }
    if (PQconsumeInput(connection_.get()) == 0) throw ConnectionLost{last_words()};
  }
  return ResultHandle{PQgetResult(connection_.get())};
}

Reply Connection::send(const std::string& sql, const Besides& besides) {
  ask(sql);
  if (besides.take) PQsetSingleRowMode(connection_.get());
  if (besides.meanwhile) besides.meanwhile();
  return answer(never(), besides).value();
}

void Connection::ask(const std::string& sql) {
  start(pins(policies_) + sql);
  pinned_ = count_of_pins();
  flush(wait_);
}

void Connection::ask_bare(const std::string& sql) {
  start(sql);
  pinned_ = 0;
  flush(wait_);
}

Reply Connection::bare(const std::string& sql) {
  ask_bare(sql);
  return answer(never()).value();
}

bool Connection::arrives(Clock::time_point end) {
  while (PQisBusy(connection_.get()) != 0) {
    if (!wait_.on(PQsocket(connection_.get()), Until::readable, end)) return false;
    if (PQconsumeInput(connection_.get()) == 0) throw ConnectionLost{last_words()};
  }
  return true;
}

/// In single row mode each row is a result of its own, and one without rows ends them.
void Connection::receive(const ResultHandle& result, const Besides& besides, std::vector<Row>& rows, Reply& reply) {
  if (is_error(result.get())) {
    reply.error = message_of(result.get());
    return;
  }
  if (pinned_ > 0) {
    --pinned_;
    return;
  }
  const bool taken = besides.take && besides.result == reply.results.size();
  for (int number = 0; number < PQntuples(result.get()); ++number)
    taken ? besides.take(row_of(result.get(), number)) : rows.push_back(row_of(result.get(), number));
  if (PQresultStatus(result.get()) != PGRES_SINGLE_TUPLE) reply.results.push_back(std::exchange(rows, {}));
}

std::optional<Reply> Connection::answer(Clock::time_point end, const Besides& besides) {
  Reply reply;
  std::vector<Row> rows;
  while (arrives(end)) {
    const ResultHandle result{PQgetResult(connection_.get())};
    if (!result && PQstatus(connection_.get()) == CONNECTION_BAD)
      throw ConnectionLost{reply.error ? brief(*reply.error) : last_words()};
    if (!result) return reply;
    receive(result, besides, rows, reply);
  }
  return std::nullopt;
}

std::vector<Row> Connection::query(const std::string& sql) {
  Reply reply = send(sql);
  if (reply.error) throw QueryFailed{*reply.error};
  return reply.results.empty() ? std::vector<Row>{} : std::move(reply.results.back());
}

std::optional<ServerMessage> Connection::parse(const std::string& statement) {
  if (PQsendPrepare(connection_.get(), "", statement.c_str(), 0, nullptr) == 0) throw ConnectionLost{last_words()};
  pinned_ = 0;
  flush(wait_);
  return answer(never()).value().error;
}

/// COPY … FROM STDIN in a script has no data to send; saying so makes the server refuse the statement cleanly.
void Connection::end_copy(const ResultHandle& result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COPY_IN)
    PQputCopyEnd(connection_.get(), "a migration script cannot carry rows for COPY FROM STDIN");
}

void Connection::drain_copy(const Wait& wait) {
  char* row = nullptr;
  for (;;) {
    const int length = PQgetCopyData(connection_.get(), &row, 1);
    if (length < 0) return;
    if (length > 0) {
      PQfreemem(row);
      continue;
    }
    (void)wait.on(PQsocket(connection_.get()), Until::readable, never());
    if (PQconsumeInput(connection_.get()) == 0) throw ConnectionLost{last_words()};
  }
}

void Connection::take(const ResultHandle& result, Outcome& outcome) const {
  if (is_error(result.get()) && !outcome.error) outcome.error = message_of(result.get());
  if (!token_.empty() && PQntuples(result.get()) == 1) {
    const std::string value = PQgetvalue(result.get(), 0, PQnfields(result.get()) - 1);
    if (outcome.recording) outcome.written = value;
    outcome.recording = outcome.recording || value == token_;
  }
  // COMMIT of a failed transaction succeeds too; its tag is ROLLBACK.
  const std::string_view tag = PQcmdStatus(result.get());
  if (tag == "COMMIT" || tag == "PREPARE TRANSACTION" || tag == "COMMIT PREPARED") outcome.committed = true;
}

void Connection::collect(const Wait& wait, const Watcher& watcher, Outcome& outcome) {
  Clock::time_point tick = Clock::now() + watcher.first;
  while (const ResultHandle result = next(wait, watcher, tick)) {
    take(result, outcome);
    end_copy(result);
    if (PQresultStatus(result.get()) == PGRES_COPY_OUT) drain_copy(wait);
    flush(wait);
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) outcome.lost = true;
}

void Connection::cancel(Outcome& outcome) {
  const Clock::time_point end = Clock::now() + cancel_grace;
  const Wait patient{-1, end};
  const auto request = [this, end] { request_cancel(connection_.get(), end); };
  try {
    flush(patient);
    request();
    collect(patient, {.first = cancelled_every, .every = cancelled_every, .tick = request}, outcome);
  } catch (const DeadlinePassed&) {
    outcome.lost = true;
  }
  // What is left to do (roll back, record) must not be disturbed by a second signal or by the deadline that passed.
  heed(Wait{-1, Clock::now() + cancel_grace});
}

Outcome Connection::run(const std::string& script, const Watcher& watcher, const std::string& token) {
  Outcome outcome;
  token_ = token;
  try {
    try {
      start(script);
      // Row by row: the rows of a SELECT in a script are thrown away, and must not fill our memory before that.
      PQsetSingleRowMode(connection_.get());
      flush(wait_);
      collect(wait_, watcher, outcome);
    } catch (const Stopped& stopped) {
      outcome.signal = stopped.signal;
      cancel(outcome);
    } catch (const DeadlinePassed&) {
      outcome.deadline = true;
      cancel(outcome);
    }
  } catch (const ConnectionLost& lost) {
    outcome.lost = true;
    if (!outcome.error) outcome.error = ServerMessage{.message = lost.what()};
  }
  return outcome;
}

// --- connecting: declared in connect.hpp, here because it speaks libpq ---

Attempt::Attempt(const Keywords& keywords) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : keywords) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectStartParams(names.data(), values.data(), 0);
  // The only way to learn the SQLSTATE of a refused connection is to find it in the message.
  if (connection_ == nullptr) return;
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  // Also where it came from a file that only libpq reads: PGPASSFILE, a service.
  conceal(text_of(PQpass(connection_)));
  for (const char* name : {PQuser(connection_), PQhost(connection_), PQdb(connection_)}) reveal(text_of(name));
}

Attempt::~Attempt() { PQfinish(connection_); }

bool Attempt::complete(const Wait& wait, Clock::time_point end) {
  if (connection_ == nullptr || PQstatus(connection_) == CONNECTION_BAD) return false;
  for (PostgresPollingStatusType state = PGRES_POLLING_WRITING;;) {
    if (!wait.on(PQsocket(connection_), state == PGRES_POLLING_READING ? Until::readable : Until::writable, end)) {
      timed_out_ = true;
      return false;
    }
    state = PQconnectPoll(connection_);
    keep_words();
    if (state == PGRES_POLLING_OK) return true;
    if (state == PGRES_POLLING_FAILED) return false;
  }
}

/// Once it is connected, the failed handshake before is no more to be had.
void Attempt::keep_words() {
  if (std::string said = trimmed(PQerrorMessage(connection_)); !said.empty()) said_ = std::move(said);
}

std::string Attempt::plain_because() const { return PQsslInUse(connection_) == 0 ? failed_handshake(said_) : ""; }

std::string Attempt::error() const {
  if (connection_ == nullptr) return "out of memory";
  if (!timed_out_) return without_option_value(trimmed(PQerrorMessage(connection_)));
  const std::string address = text_of(PQhostaddr(connection_));
  return fmt::format("connection to server at \"{}\", port {} failed: no answer",
                     address.empty() ? text_of(PQhost(connection_)) : address, text_of(PQport(connection_)));
}

Connection Attempt::connection(const Wait& wait) {
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  return Connection{std::exchange(connection_, nullptr), wait};
}

}  // namespace schemagate
