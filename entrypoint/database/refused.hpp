#pragma once

#include <string>
#include <vector>

namespace schemagate {

inline constexpr const char* check_server = "check that the server runs and that host, port and firewall are right";

/// Why an attempt failed.
struct Refused {
  std::string message;               ///< one line: without source lines, the SQLSTATE in parentheses
  std::string sqlstate;              ///< empty when the server said nothing
  bool passing = false;              ///< worth trying again: starting up, too many connections, DNS, failover
  const char* check = check_server;  ///< what to look at when waiting did not help

  friend bool operator==(const Refused&, const Refused&) = default;
};

/// Reads libpq's verbose message of a failed connection.
[[nodiscard]] Refused explain(const std::string& message);

/// One of several addresses' refusals: a server's word that it will soon be ready counts most, then what cannot pass.
/// The message tells them all.
[[nodiscard]] Refused combined(const std::vector<Refused>& refusals);

/// Why TLS failed, from what libpq said up to a connection without it; empty where nothing failed, or it was the server
/// that refused, which pg_hba.conf may do for either kind of connection.
[[nodiscard]] std::string failed_handshake(const std::string& said);

}  // namespace schemagate
