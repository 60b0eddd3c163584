#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wait.hpp"

// libpq's own names: callers never see libpq-fe.h.
struct pg_conn;
struct pg_result;

namespace schemagate {

/// What the server said, an error or a notice (protocol, "Error and Notice Message Fields").
struct ServerMessage {
  std::string severity{};
  std::string sqlstate{};
  std::string message{};
  std::string detail{};
  std::string hint{};
  std::string context{};
  std::string schema{};  ///< of what the message is about, as far as the server says it apart from the text
  std::string table{};
  std::string constraint{};
  std::string source{};      ///< PostgreSQL's source file that raised it: `gram.y`
  std::string function{};    ///< its function there
  std::size_t position = 0;  ///< characters from 1 into the text that was sent; 0 when unknown

  friend bool operator==(const ServerMessage&, const ServerMessage&) = default;
};

/// `message (42P01)`.
[[nodiscard]] std::string brief(const ServerMessage& message);

/// A statement of ours was refused.
struct QueryFailed : std::runtime_error {
  explicit QueryFailed(ServerMessage found);
  ServerMessage error;
};

/// The session ended under us.
struct ConnectionLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Row = std::vector<std::optional<std::string>>;

/// All rows of each statement of one message, and the error that ended it early.
struct Reply {
  std::vector<std::vector<Row>> results;
  std::optional<ServerMessage> error;
};

/// What to do besides waiting for the answer to one message.
struct Besides {
  std::function<void()> meanwhile{};  ///< once the question is sent: work of our own while the server does its
  std::size_t result = 0;             ///< the statement, from 0, whose rows are taken as they come
  std::function<void(Row)> take{};
};

/// How a script ended; rows are thrown away.
struct Outcome {
  std::optional<ServerMessage> error;
  bool recording = false;       ///< the script is done, and what we wrote behind it had begun
  std::string written;          ///< the last value of what stands behind it
  bool committed = false;       ///< a COMMIT took effect before the end
  bool lost = false;            ///< the connection broke, so what was committed is unknown
  std::optional<int> signal{};  ///< we were told to stop and cancelled the script
  bool deadline = false;        ///< --deadline passed, likewise
  [[nodiscard]] bool interrupted() const { return signal.has_value() || deadline; }
  [[nodiscard]] bool ok() const { return !error && !lost && !interrupted(); }
};

enum class Transaction { none, open, failed, unknown };

/// Called while a statement runs long.
struct Watcher {
  Clock::duration first;
  Clock::duration every;
  std::function<void()> tick;
};

/// One server of those that a URL may mean; the address is empty for a Unix socket.
struct Peer {
  std::string host;
  std::string address;
  std::string port;
};

/// One session. Says goodbye to the server when it goes out of scope.
class Connection {
 public:
  /// Takes over an established libpq connection.
  Connection(pg_conn* connection, Wait wait);

  /// One message of any number of statements of ours, without parameters, behind pins() (database/pins.hpp), whose
  /// results are left out; one transaction, unless it says otherwise. Throws ConnectionLost, Stopped, DeadlinePassed.
  Reply send(const std::string& sql, const Besides& besides = {});
  /// send() in two steps, for two sessions at once. The answer is empty when it did not come by `end`; it may still
  /// come.
  void ask(const std::string& sql);
  std::optional<Reply> answer(Clock::time_point end, const Besides& besides = {});
  /// The rows of the last statement. Throws QueryFailed besides.
  std::vector<Row> query(const std::string& sql);
  /// Without pins, for what sets the session, cannot be in a transaction, or asks what a name means to a script: every
  /// function, operator and type in it must be qualified.
  Reply bare(const std::string& sql);
  void ask_bare(const std::string& sql);
  void rollback() { bare("ROLLBACK"); }
  /// From now on policies hold for statements of ours instead of being an error: they are known to hide nothing.
  void heed_policies() { policies_ = true; }
  [[nodiscard]] bool policies() const { return policies_; }

  /// What the server's parser says of one statement, which is not run. Throws ConnectionLost, Stopped, DeadlinePassed.
  std::optional<ServerMessage> parse(const std::string& statement);

  /// A message of any length and content, sent as it is. On a signal or the deadline the server is asked to cancel, and
  /// has two seconds to do so; never throws for what the script does. `token` is a value that a statement of ours
  /// selects behind the script, and that no script can know.
  Outcome run(const std::string& script, const Watcher& watcher, const std::string& token = "");

  void on_notice(std::function<void(const ServerMessage&)> handler);

  [[nodiscard]] Transaction transaction() const;
  /// Where the server was found.
  [[nodiscard]] Peer peer() const;
  /// The backend's pid as the start-up packet said; a pooler invents one.
  [[nodiscard]] int announced_pid() const;
  /// For SQL text: `'it''s'`, and `"a ""name"""`.
  [[nodiscard]] std::string literal(std::string_view text) const;
  [[nodiscard]] static std::string identifier(std::string_view name);
  [[nodiscard]] const Wait& wait() const { return wait_; }
  /// What interrupts the next statements.
  void heed(const Wait& wait) { wait_ = wait; }

 private:
  struct Close {
    void operator()(pg_conn* connection) const noexcept;
    void operator()(pg_result* result) const noexcept;
  };
  using ResultHandle = std::unique_ptr<pg_result, Close>;
  using NoticeHandler = std::function<void(const ServerMessage&)>;

  void start(const std::string& sql);
  void flush(const Wait& wait);
  bool arrives(Clock::time_point end);
  ResultHandle next(const Wait& wait, const Watcher& watcher, Clock::time_point& tick);
  void collect(const Wait& wait, const Watcher& watcher, Outcome& outcome);
  void receive(const ResultHandle& result, const Besides& besides, std::vector<Row>& rows, Reply& reply);
  void take(const ResultHandle& result, Outcome& outcome) const;
  void cancel(Outcome& outcome);
  void end_copy(const ResultHandle& result);
  void drain_copy(const Wait& wait);
  [[nodiscard]] std::string last_words() const;

  // Behind a pointer so that libpq's callback argument stays valid when the connection moves.
  std::unique_ptr<NoticeHandler> notice_;
  std::unique_ptr<pg_conn, Close> connection_;
  Wait wait_;
  bool policies_ = false;
  std::size_t pinned_ = 0;  ///< results of pins that are still to come
  std::string token_;
};

}  // namespace schemagate
