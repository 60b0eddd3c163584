#pragma once

#include <string>
#include <vector>

namespace schemagate {

/// Why an attempt failed.
struct Refused {
  std::string message;   ///< one line: without source lines, the SQLSTATE in parentheses
  std::string sqlstate;  ///< empty when the server said nothing
  bool passing = false;  ///< worth trying again: starting up, too many connections, DNS, failover

  friend bool operator==(const Refused&, const Refused&) = default;
};

/// Reads libpq's verbose message of a failed connection.
[[nodiscard]] Refused explain(const std::string& message);

/// One of several addresses' refusals: a server's word that it will soon be ready counts most, then what cannot pass.
/// The message tells them all.
[[nodiscard]] Refused combined(const std::vector<Refused>& refusals);

}  // namespace schemagate
