#include "database/pooler.hpp"

#include <string_view>

#include "database/connect.hpp"
#include "failure.hpp"

namespace schemagate {
namespace {

constexpr auto connect_limit = std::chrono::seconds{2};
constexpr auto other_patience = std::chrono::seconds{1};
// Of a session that is alone with its backend. Long, because a slow machine must not look like a pooler.
constexpr auto own_patience = std::chrono::seconds{5};
constexpr int rounds = 5;

constexpr const char* backend_sql = "SELECT pg_catalog.pg_backend_pid()";

enum class Lends { yes, no, unclear };

std::string backend(const Reply& reply) {
  if (reply.error) throw QueryFailed{*reply.error};
  return reply.results.back().at(0).at(0).value_or("");
}

std::optional<Reply> within(Connection& connection, Clock::duration span) {
  return connection.answer(Clock::now() + span);
}

/// While we are idle between transactions, a pooler in transaction mode lends our backend to the next client (or, going
/// round, another one to us).
Lends compare(Connection& connection, Connection& other, const std::string& ours) {
  other.ask(std::string{"BEGIN; "} + backend_sql);
  std::optional<Reply> theirs = within(other, other_patience);
  if (theirs && backend(*theirs) == ours) return Lends::yes;
  connection.ask(backend_sql);
  const std::optional<Reply> again = within(connection, own_patience);
  if (!again) return Lends::yes;  // Our backend is busy for somebody else.
  if (backend(*again) != ours) return Lends::yes;
  if (theirs) return Lends::unclear;
  // Poolers serve in the order of asking. Who asked before us and still waits, waits for a backend that stays ours.
  theirs = within(other, other_patience / 4);
  return theirs ? Lends::unclear : Lends::no;
}

Lends probe(Connection& connection, const Url& url) {
  const std::string ours = backend(connection.send(backend_sql));
  std::optional<Connection> other = connect_beside(url, connection.peer(), connect_limit, connection.wait());
  return other ? compare(connection, *other, ours) : Lends::unclear;
}

/// In statement mode the pooler ends the session that says BEGIN, with words of its own.
bool is_statement_mode(const std::exception& error) {
  return std::string_view{error.what()}.find("pooling mode") != std::string_view::npos;
}

bool lends_backend(Connection& connection, const Url& url) {
  Lends found = Lends::unclear;
  for (int round = 0; round < rounds && found == Lends::unclear; ++round) try {
      found = probe(connection, url);
    } catch (const ConnectionLost& lost) {
      if (is_statement_mode(lost)) return true;
      throw;
    } catch (const QueryFailed& failed) {
      if (is_statement_mode(failed)) return true;
      throw;
    }
  return found == Lends::yes;
}

}  // namespace

void refuse_pooler(const Url& url) {
  throw Failure{ExitCode::configuration,
                "migrations are pending, and the connection goes through a pooler that gives a backend to each "
                "transaction (transaction or statement mode), where the migration lock does not hold",
                url.place(), untouched,
                "set SCHEMAGATE_DATABASE_URL to the server itself; DATABASE_URL may stay as it is\n"
                "  Azure Database for PostgreSQL: port 5432 instead of 6432\n"
                "  Supabase: the direct or the session connection; Neon: the host without -pooler"};
}

void require_session(Connection& connection, int backend_pid, const Url& url) {
  if (connection.announced_pid() != backend_pid && lends_backend(connection, url)) refuse_pooler(url);
}

}  // namespace schemagate
