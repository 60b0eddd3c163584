#include "database/lock.hpp"

#include <fmt/format.h>

#include <random>

#include "database/observe.hpp"
#include "failure.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr auto looked_every = std::chrono::seconds{1};

bool try_lock(Connection& connection) {
  // Alone: many replicas ask this many times.
  const Reply reply = connection.bare("SELECT pg_catalog.pg_try_advisory_lock('72707369'::pg_catalog.int8)");
  if (reply.error) throw QueryFailed{*reply.error};
  return reply.results.at(0).at(0).at(0) == "t";
}

/// 50 to 250 ms: a freed lock is taken soon, and many replicas do not knock at once.
Clock::duration poll_pause() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds{std::uniform_int_distribution{50, 250}(random)};
}

/// What is known of the holder, and until when we wait for it.
class Queue {
 public:
  Queue(Connection& connection, Clock::duration patience, const Log& log)
      : connection_{connection}, patience_{patience}, log_{log}, end_{Clock::now() + patience} {}

  void look() {
    if (Clock::now() < look_) return;
    look_ = Clock::now() + looked_every;
    const std::optional<Session> found = lock_holder(connection_);
    if (!found) return;
    if (found->progress != holder_.progress) end_ = Clock::now() + patience_;
    holder_ = *found;
    tell();
  }

  [[nodiscard]] bool over() const { return Clock::now() >= end_; }
  [[nodiscard]] const Session& holder() const { return holder_; }

 private:
  void tell() {
    if (Clock::now() < tell_) return;
    tell_ = Clock::now() + log_.pace();
    log_.progress("waiting_for_lock",
                  fmt::format("waiting for the migration lock (up to {} without progress); held by {}",
                              spoken(patience_), holder_.description),
                  {{"holder", holder_.description}});
  }

  Connection& connection_;
  Clock::duration patience_;
  const Log& log_;
  Clock::time_point end_;
  Clock::time_point look_;
  Clock::time_point tell_;
  Session holder_;
};

std::string spoken_holder(const Session& holder) {
  return holder.description.empty() ? "a session that cannot be seen" : holder.description;
}

[[noreturn]] void give_up(const Session& holder, Clock::duration patience, const Whereabouts& where) {
  const std::string pid = holder.pid.empty() ? "PID" : holder.pid;
  throw Failure{ExitCode::lock_timeout,
                fmt::format("another session has held the migration lock for {} without progress: {}", spoken(patience),
                            spoken_holder(holder)),
                where.database, where.state,
                fmt::format("start again when it is done; if it hangs, end it:\n  SELECT pg_terminate_backend({});\n"
                            "to wait longer, raise --lock-wait (SCHEMAGATE_LOCK_WAIT)",
                            pid)};
}

}  // namespace

std::string holds_lock_sql() {
  return fmt::format("EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid() AND {})",
                     lock_predicate());
}

void acquire_lock(Connection& connection, Clock::duration patience, const Whereabouts& where, const Log& log) {
  Queue queue{connection, patience, log};
  try {
    while (!try_lock(connection)) {
      queue.look();
      if (queue.over()) give_up(queue.holder(), patience, where);
      connection.wait().pause(poll_pause());
    }
    // Should we be killed, our statement ends with us, and does not go on to its COMMIT. Not every server can (14).
    (void)connection.bare("SET client_connection_check_interval = '200ms'");
  } catch (const DeadlinePassed&) {
    throw Failure{ExitCode::lock_timeout,
                  "--deadline (SCHEMAGATE_DEADLINE) passed while waiting for the migration lock; it is held by " +
                      spoken_holder(queue.holder()),
                  where.database, where.state, "start again: another replica is migrating"};
  }
}

}  // namespace schemagate
