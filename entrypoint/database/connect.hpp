#pragma once

#include <string>
#include <utility>
#include <vector>

#include "database/connection.hpp"
#include "database/refused.hpp"
#include "database/url.hpp"
#include "failure.hpp"
#include "log.hpp"
#include "wait.hpp"

namespace schemagate {

using Keywords = std::vector<std::pair<std::string, std::string>>;

/// One try to connect, to one address. A name instead of an address is resolved when it starts, which blocks.
class Attempt {
 public:
  explicit Attempt(const Keywords& keywords);
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// False when refused or not done by `end`; then error() says why.
  bool complete(const Wait& wait, Clock::time_point end);
  [[nodiscard]] std::string error() const;
  /// Why a connection under sslmode=prefer is not encrypted although the server offers that; empty otherwise.
  [[nodiscard]] std::string plain_because() const;
  /// Once, after complete() was true.
  Connection connection(const Wait& wait);

 private:
  void keep_words();

  pg_conn* connection_ = nullptr;
  bool timed_out_ = false;
  std::string said_;  ///< by libpq on the way
};

struct ConnectOptions {
  Clock::duration wait;           ///< how long to try again what may pass
  bool create_database = false;   ///< create the one that does not exist
  const char* state = untouched;  ///< what the database is like, should there be no connection
};

/// Connects, telling once when waiting starts and every 10 s. Names are resolved anew on every try, and each address
/// has the URL's connect_timeout, 5 s by default. Throws Failure 69 (unreachable, refused), 77 (no right to connect or
/// to create the database), 78 (certificate files).
[[nodiscard]] Connection connect(const Url& url, const ConnectOptions& options, const Wait& wait, const Log& log);

/// A second session on the same server for looking on, within `span`; empty when that fails. Resolves no name, which
/// would be deaf to signals while they are held, and could lead elsewhere.
[[nodiscard]] std::optional<Connection> connect_beside(const Url& url, const Peer& peer, Clock::duration span,
                                                       const Wait& wait);

}  // namespace schemagate
